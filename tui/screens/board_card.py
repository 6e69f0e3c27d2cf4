"""The resume card: what one needs to know to go on with a session. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from textual.content import Content

from ingest.codex.liveness import SessionState
from ingest.memory.git.alignment import Standing
from ingest.memory.git.git import Git
from ingest.memory.resume.left import Resume
from ingest.memory.scope import Now, Scope
from ingest.memory.session import Session, label, where
from ingest.memory.story import Plan, Story, story_of
from ingest.redaction.mask import mask
from ingest.store.face import Reading
from ingest.wording.words import ago, many, span, tokens
from tui import safe

_FILES: Final = 12
_FAILURES: Final = 6
_ASKED: Final = 600
"""Characters of the last request."""
_LISTED: Final = 8
ALIGNED: Final = {Standing.ALIGNED: "green", Standing.NO_REPO: "dim", Standing.UNKNOWN: "dim"}
_EXPLAINED: Final = (
    SessionState.STALLED, SessionState.WAITING, SessionState.FAILED, SessionState.IDLE
)  # fmt: skip
_CHANGES: Final = {"add": "A", "added": "A", "delete": "D", "deleted": "D", "move": "R"}


class Card(Struct, frozen=True):
    session: Session
    story: Story
    judged: Now


def card(reading: Reading, session: Session, now: Now) -> Card:
    return Card(session, story_of(reading, session, session.home_id), now)


def resume_command(session: Session) -> str:
    return f"codex resume {session.id}"


def left(reading: Reading, session: str, now: Now, git: Git) -> Resume | None:
    """What was left to do there, and how git stands to it: takes longer than the card."""
    # Late: the first card need not wait for what is only asked for where somebody stays.
    from ingest.memory.resume.resume import resume

    return resume(reading, Scope(session=session), now, git, mask)


def drawn(card: Card, more: Resume | None = None) -> Content:
    """The card; with `more`, what was found out since."""
    return safe.lines(*_lines(card, more))


def _lines(card: Card, more: Resume | None) -> Iterator[Content]:
    one, now = card.session, card.judged.moment
    yield safe.row(safe.line(label(one), "title"))
    yield safe.row(safe.state(one.state), safe.line(ago(one.last_at, now), "dim"))
    commit = f"@ {one.commit[:8]}" if one.commit else ""
    yield safe.row(
        safe.line(one.project, "bold"),
        safe.line(f"{where(one)} {commit}"),
        safe.line(more.alignment, ALIGNED.get(more.alignment, "yellow")) if more else None,
        gap=" · ",
    )
    if more and more.alignment is not Standing.ALIGNED:
        yield safe.line(more.alignment_why, "dim")
    yield safe.row(
        safe.line(f"codex {one.cli_version or '?'}", "dim"), safe.line(one.model, "dim"),
        safe.line(f"{tokens(one.tokens.total)} tokens", "dim"), gap=" · ",
    )  # fmt: skip
    if one.state in _EXPLAINED:
        yield safe.line("")
        yield safe.row(safe.line(f"Why {one.state}", "bold"), safe.line(one.state_reason, "yellow"))
    yield from _asked(card.story)
    if card.story.standing_plans:
        yield from _plan(card.story.standing_plans, now)
    yield from _files(card.story)
    yield from _failures(card.story) if more is None else _failures_left(more)
    if more is not None:
        yield from _further(more)
    yield safe.line("")
    yield safe.row(safe.line("Continue", "bold"), safe.line(resume_command(one), "cyan"),
                   safe.line("c copies it", "dim"))  # fmt: skip


def _asked(story: Story) -> Iterator[Content]:
    turns = [turn for turn in story.turns if not turn.rolled_back]
    asked = next((turn.last_asked for turn in reversed(turns) if turn.last_asked), None)
    if asked:
        yield safe.line("")
        yield safe.line("Last asked", "bold")
        yield safe.block("  " + "\n  ".join(asked[:_ASKED].strip().splitlines()[:6]))
    failed = next((turn for turn in reversed(turns) if turn.error), None)
    if failed is not None and turns and failed is turns[-1]:
        yield safe.row("", safe.line(f"✗ {failed.error}", "red"))


def _plan(plans: Sequence[Plan], now: datetime) -> Iterator[Content]:
    newest = plans[-1]
    said = f"“{newest.explanation}”" if newest.explanation else None
    yield safe.line("")
    yield safe.row(
        safe.line("Plan", "bold"), safe.line(f"revision {len(plans)}", "dim"), safe.line(said)
    )
    times = step_times(plans, now)
    for step in newest.steps:
        yield Content("  ") + safe.row(
            safe.row(safe.glyph(step.status), safe.line(step.text), gap=" "),
            safe.line(span(times.get(step.text)), "dim"),
        )
    if not newest.steps:
        yield Content("  ") + safe.line("no steps", "dim")


def step_times(plans: Sequence[Plan], now: datetime) -> dict[str, float]:
    """How long each step was worked on, as the revisions of its plan tell; up to now for the one
    that still is."""
    began: dict[str, datetime] = {}
    took: dict[str, float] = {}
    for plan in plans:
        if plan.at is None:
            continue
        for step in plan.steps:
            if step.status == "in_progress":
                began.setdefault(step.text, plan.at)
            elif step.text in began:
                since = began.pop(step.text)
                took[step.text] = took.get(step.text, 0.0) + (plan.at - since).total_seconds()
    for text, since in began.items():
        took[text] = took.get(text, 0.0) + (now - since).total_seconds()
    return took


def _failures_left(more: Resume) -> Iterator[Content]:
    if not more.failures:
        return
    yield safe.line("")
    yield safe.row(safe.line("Failures not repaired yet", "bold"))
    for one in more.failures[:_FAILURES]:
        often = f" ({one.times}×)" if one.times > 1 else ""
        yield _failed(one.command, one.exit_code, often)
        if one.output:
            yield Content("    ") + safe.line(one.output, "dim")


def _further(more: Resume) -> Iterator[Content]:
    others = [step for step in more.open_steps if step.origin != "plan"]
    for title, said in (
        ("Also open", [f"{one.text}  ({one.origin})" for one in others]),
        ("Decisions", [f"{one.text}, {one.by}" for one in more.decisions]),
        ("Commits made while it ran", [f"{one.id[:8]} {one.subject}" for one in more.commits]),
        (
            "Commits since then, by no session",
            [f"{one.id[:8]} {one.subject}, {one.author}" for one in more.uncovered],
        ),
    ):
        if said:
            yield safe.line("")
            yield safe.row(safe.line(title, "bold"), safe.line(f"{len(said)}", "dim"))
            yield from (Content("  ") + safe.line(text) for text in said[:_LISTED])


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
        yield _failed(command, code, often)


def _failed(command: str, code: int | None, often: str) -> Content:
    how = "failed" if code is None else f"exit {code}"
    return Content("  ") + safe.row(
        safe.line("✗", "red"), safe.line(command), safe.line(f"→ {how}{often}", "red"), gap=" "
    )
