"""The resume card: what one needs to know to go on with a session. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from textual.content import Content

from ingest.codex.liveness import SessionState
from ingest.memory.scope import Now, Scope
from ingest.memory.session import Session, label, listed
from ingest.memory.story import Plan, Story, story_of
from ingest.store.face import Reading
from ingest.wording.words import ago, many, tokens
from tui import safe

_FILES: Final = 12
_FAILURES: Final = 6
_ASKED: Final = 600
"""Characters of the last request."""
_CHANGES: Final = {"add": "A", "added": "A", "delete": "D", "deleted": "D", "move": "R"}


class Card(Struct, frozen=True):
    session: Session
    story: Story
    judged: Now


def card(reading: Reading, home: str, session: str, now: Now) -> Card | None:
    """The card of a session; None where it is no more."""
    found = [one for one in listed(reading, Scope(session=session), now) if one.home_id == home]
    return Card(found[0], story_of(reading, found[0], home), now) if found else None


def resume_command(session: Session) -> str:
    return f"codex resume {session.id}"


def drawn(card: Card) -> Content:
    return safe.lines(*_lines(card))


def _lines(card: Card) -> Iterator[Content]:
    one, now = card.session, card.judged.moment
    yield safe.row(safe.line(label(one), "title"))
    yield safe.row(safe.state(one.state), safe.line(ago(one.last_at, now), "dim"))
    commit = f"@ {one.commit[:8]}" if one.commit else ""
    yield safe.row(
        safe.line(one.project, "bold"), safe.line(f"{one.branch or ''} {commit}"), gap=" · "
    )
    yield safe.row(
        safe.line(f"codex {one.cli_version or '?'}", "dim"), safe.line(one.model, "dim"),
        safe.line(f"{tokens(one.tokens.total)} tokens", "dim"), gap=" · ",
    )  # fmt: skip
    if one.state in (SessionState.STALLED, SessionState.WAITING, SessionState.FAILED):
        yield safe.line("")
        yield safe.row(safe.line(f"Why {one.state}", "bold"), safe.line(one.state_reason, "yellow"))
    yield from _asked(card.story)
    if card.story.plans:
        yield from _plan(card.story.plans)
    yield from _files(card.story)
    yield from _failures(card.story)
    yield safe.line("")
    yield safe.row(safe.line("Continue", "bold"), safe.line(resume_command(one), "cyan"),
                   safe.line("c copies it", "dim"))  # fmt: skip


def _asked(story: Story) -> Iterator[Content]:
    turns = [turn for turn in story.turns if not turn.rolled_back]
    asked = next((turn.prompt for turn in reversed(turns) if turn.prompt), None)
    if asked:
        yield safe.line("")
        yield safe.line("Last asked", "bold")
        yield safe.block("  " + "\n  ".join(asked[:_ASKED].strip().splitlines()[:6]))
    failed = next((turn for turn in reversed(turns) if turn.error), None)
    if failed is not None and turns and failed is turns[-1]:
        yield safe.row("", safe.line(f"✗ {failed.error}", "red"))


def _plan(plans: Sequence[Plan]) -> Iterator[Content]:
    newest = plans[-1]
    said = f"“{newest.explanation}”" if newest.explanation else None
    yield safe.line("")
    yield safe.row(
        safe.line("Plan", "bold"), safe.line(f"revision {len(plans)}", "dim"), safe.line(said)
    )
    for step in newest.steps:
        yield Content("  ") + safe.row(safe.glyph(step.status), safe.line(step.text), gap=" ")


def _files(story: Story) -> Iterator[Content]:
    changed = {file.path: file for turn in story.turns for file in turn.files}
    if not changed:
        return
    yield safe.line("")
    yield safe.row(safe.line("Files", "bold"), safe.line(many(len(changed), "file"), "dim"))
    project = f"{story.session.cwd or ''}/"
    for file in list(changed.values())[-_FILES:]:
        sign = _CHANGES.get(file.change, "M")
        path = safe.line(file.path.removeprefix(project))
        yield Content("  ") + safe.row(safe.line(sign, "cyan"), path, gap=" ")
    if len(changed) > _FILES:
        yield safe.line(f"  and {len(changed) - _FILES} more", "dim")


def _failures(story: Story) -> Iterator[Content]:
    failed = Counter(
        (run.command or "", run.exit_code)
        for turn in story.turns
        for run in turn.commands
        if run.status == "failed"
    )
    if not failed:
        return
    yield safe.line("")
    yield safe.row(safe.line("Failures", "bold"), safe.line("Enter shows their output", "dim"))
    for (command, code), times in failed.most_common(_FAILURES):
        often = f" ({times}×)" if times > 1 else ""
        yield Content("  ") + safe.row(
            safe.line("✗", "red"), safe.line(command), safe.line(f"→ exit {code}{often}", "red"),
            gap=" ",
        )  # fmt: skip
