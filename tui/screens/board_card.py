"""The resume card: what one needs to know to go on with a session. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from textual.content import Content

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.projects.git.alignment import AlignmentState
from ingest.projects.git.lookup import Git
from ingest.projects.resume.model import Resume
from ingest.sessions.detail import SessionDetail, SessionPlan, session_detail
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, branch_label, label
from ingest.text.redact import mask
from ingest.text.units import ago, duration, pluralize, tokens
from tui import content

_FILES: Final = 12
_FAILURES: Final = 6
_ASKED: Final = 600
"""Characters of the last request."""
_LISTED: Final = 8
ALIGNED: Final = {
    AlignmentState.ALIGNED: "green",
    AlignmentState.NO_REPO: "dim",
    AlignmentState.UNKNOWN: "dim",
}
_EXPLAINED: Final = (
    SessionState.STALLED, SessionState.WAITING, SessionState.FAILED, SessionState.IDLE
)  # fmt: skip
_CHANGES: Final = {"add": "A", "added": "A", "delete": "D", "deleted": "D", "move": "R"}


class Card(Struct, frozen=True):
    session: Session
    story: SessionDetail
    judged: Now


def card(reading: QueryReader, session: Session, now: Now) -> Card:
    return Card(session, session_detail(reading, session, session.home_id), now)


def resume_command(session: Session) -> str:
    return f"codex resume {session.id}"


def left(reading: QueryReader, session: str, now: Now, git: Git) -> Resume | None:
    """What was left to do there, and how git stands to it: takes longer than the card."""
    # Late: the first card need not wait for what is only asked for where somebody stays.
    from ingest.projects.resume.build import resume

    return resume(reading, Scope(session=session), now, git, mask)


def drawn(card: Card, more: Resume | None = None) -> Content:
    """The card; with `more`, what was found out since."""
    return content.lines(*_lines(card, more))


def _lines(card: Card, more: Resume | None) -> Iterator[Content]:
    one, now = card.session, card.judged.moment
    yield content.row(content.line(label(one), "title"))
    yield content.row(content.state(one.state), content.line(ago(one.last_at, now), "dim"))
    commit = f"@ {one.commit[:8]}" if one.commit else ""
    yield content.row(
        content.line(one.project, "bold"),
        content.line(f"{branch_label(one)} {commit}"),
        content.line(more.alignment, ALIGNED.get(more.alignment, "yellow")) if more else None,
        gap=" · ",
    )
    if more and more.alignment is not AlignmentState.ALIGNED:
        yield content.line(more.alignment_why, "dim")
    yield content.row(
        content.line(f"codex {one.cli_version or '?'}", "dim"), content.line(one.model, "dim"),
        content.line(f"{tokens(one.tokens.total)} tokens", "dim"), gap=" · ",
    )  # fmt: skip
    if one.state in _EXPLAINED:
        yield content.line("")
        yield content.row(
            content.line(f"Why {one.state}", "bold"), content.line(one.state_reason, "yellow")
        )
    yield from _asked(card.story)
    if card.story.effective_plans:
        yield from _plan(card.story.effective_plans, now)
    yield from _files(card.story)
    yield from _failures(card.story) if more is None else _failures_left(more)
    if more is not None:
        yield from _further(more)
    yield content.line("")
    yield content.row(content.line("Continue", "bold"), content.line(resume_command(one), "cyan"),
                   content.line("c copies it", "dim"))  # fmt: skip


def _asked(story: SessionDetail) -> Iterator[Content]:
    turns = [turn for turn in story.turns if not turn.rolled_back]
    asked = next((turn.last_prompt for turn in reversed(turns) if turn.last_prompt), None)
    if asked:
        yield content.line("")
        yield content.line("Last asked", "bold")
        yield content.block("  " + "\n  ".join(asked[:_ASKED].strip().splitlines()[:6]))
    failed = next((turn for turn in reversed(turns) if turn.error), None)
    if failed is not None and turns and failed is turns[-1]:
        yield content.row("", content.line(f"✗ {failed.error}", "red"))


def _plan(plans: Sequence[SessionPlan], now: datetime) -> Iterator[Content]:
    newest = plans[-1]
    said = f"“{newest.explanation}”" if newest.explanation else None
    yield content.line("")
    yield content.row(
        content.line("Plan", "bold"),
        content.line(f"revision {len(plans)}", "dim"),
        content.line(said),
    )
    times = step_times(plans, now)
    for step in newest.steps:
        yield Content("  ") + content.row(
            content.row(content.glyph(step.status), content.line(step.text), gap=" "),
            content.line(duration(times.get(step.text)), "dim"),
        )
    if not newest.steps:
        yield Content("  ") + content.line("no steps", "dim")


def step_times(plans: Sequence[SessionPlan], now: datetime) -> dict[str, float]:
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
    yield content.line("")
    yield content.row(content.line("Failures not repaired yet", "bold"))
    for one in more.failures[:_FAILURES]:
        often = f" ({one.times}×)" if one.times > 1 else ""
        yield _failed(one.command, one.exit_code, often)
        if one.output:
            yield Content("    ") + content.line(one.output, "dim")


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
            yield content.line("")
            yield content.row(content.line(title, "bold"), content.line(f"{len(said)}", "dim"))
            yield from (Content("  ") + content.line(text) for text in said[:_LISTED])


def _files(story: SessionDetail) -> Iterator[Content]:
    changed = {file.path: file for turn in story.turns for file in turn.files}
    if not changed:
        return
    yield content.line("")
    yield content.row(
        content.line("Files", "bold"), content.line(pluralize(len(changed), "file"), "dim")
    )
    project = f"{story.session.cwd or ''}/"
    for file in list(changed.values())[-_FILES:]:
        sign = _CHANGES.get(file.change, "M")
        path = content.line(file.path.removeprefix(project))
        yield Content("  ") + content.row(content.line(sign, "cyan"), path, gap=" ")
    if len(changed) > _FILES:
        yield content.line(f"  and {len(changed) - _FILES} more", "dim")


def _failures(story: SessionDetail) -> Iterator[Content]:
    failed = Counter(
        (run.command or "", run.exit_code)
        for turn in story.turns
        for run in turn.commands
        if run.status == "failed"
    )
    if not failed:
        return
    yield content.line("")
    yield content.row(
        content.line("Failures", "bold"), content.line("Enter shows their output", "dim")
    )
    for (command, code), times in failed.most_common(_FAILURES):
        often = f" ({times}×)" if times > 1 else ""
        yield _failed(command, code, often)


def _failed(command: str, code: int | None, often: str) -> Content:
    how = "failed" if code is None else f"exit {code}"
    return Content("  ") + content.row(
        content.line("✗", "red"),
        content.line(command),
        content.line(f"→ {how}{often}", "red"),
        gap=" ",
    )
