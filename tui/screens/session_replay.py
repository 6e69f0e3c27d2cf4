"""How a session stood at the entry under the cursor, as text. Pure."""

from collections.abc import Iterator
from typing import Final

from textual.content import Content

from ingest.codex.facts import PlanStep
from ingest.sessions.standing import Standing
from ingest.text.numbers import bar, pluralize, tokens
from tui import content

_MAX_FILES: Final = 30
_STATES: Final = {"completed": "done", "in_progress": "in_progress"}


def standing_text(standing: Standing, when: str, *, ascii: bool = False) -> Content:
    return content.lines(*_lines(standing, when, ascii=ascii))


def _lines(standing: Standing, when: str, *, ascii: bool) -> Iterator[Content | str]:
    yield content.row(content.line("As it stood", "title"), content.line(when, "dim"))
    yield ""
    yield from _plan(standing)
    yield ""
    count = len(standing.files)
    yield content.line(f"{pluralize(count, 'file')} changed", "bold" if count else "dim")
    for file in standing.files[:_MAX_FILES]:
        edits = f"{file.edits} times" if file.edits > 1 else ""
        yield content.row(
            content.line(f"{file.change:7}", "dim"),
            content.line(file.path, "cyan" if file.newest else ""),
            content.line(edits, "dim"),
            gap=" ",
        )
    if count > _MAX_FILES:
        yield content.line(f"and {count - _MAX_FILES:,} more", "dim")
    yield ""
    drawn = bar(standing.tokens, standing.all_tokens, ascii=ascii)
    yield content.row(
        content.line(f"{tokens(standing.tokens)} of {tokens(standing.all_tokens)} tokens"),
        content.line(drawn, "blue"),
    )
    failed = content.line(f"{standing.failed:,} failed", "red") if standing.failed else None
    yield content.row(pluralize(standing.commands, "command"), failed)
    yield ""
    keys = ("< > step", ". plays", "Esc ends the replay")
    yield content.row(*(content.line(key, "dim") for key in keys))


def _plan(standing: Standing) -> Iterator[Content | str]:
    plan = standing.plan
    if plan is None:
        yield content.line("No plan yet", "dim")
        return
    done = sum(step.status == "completed" for step in plan.steps)
    yield content.row(
        content.line(f"Plan {done}/{len(plan.steps)}", "bold"),
        content.line(f"revision {plan.number} of {plan.revisions}", "dim"),
    )
    for step in plan.steps:
        yield _step(step)
    if plan.explanation:
        yield content.line(plan.explanation, "dim")


def _step(step: PlanStep) -> Content:
    state = _STATES.get(step.status, "pending")
    tone = {"done": "dim", "in_progress": "bold"}.get(state, "")
    return content.row(content.glyph(state), content.line(step.text, tone), gap=" ")
