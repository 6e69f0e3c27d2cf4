"""The card of a session: what a person needs to know to continue it. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from textual.content import Content

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.projects.git.alignment import AlignmentState
from ingest.projects.git.read_repository import Git
from ingest.projects.resume.model import Resume
from ingest.projects.tasks.plan import LoggedPlan, Point, plan_steps
from ingest.sessions.load import load_log
from ingest.sessions.model import SessionLog, SessionPlan
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Context, Session, branch_label, label
from ingest.text.hashes import short_hash
from ingest.text.numbers import pluralize, tokens
from ingest.text.redact import mask
from ingest.text.times import ago, duration
from tui import content
from tui.screens.board_rows import bar

_MAX_FILES: Final = 12
_MAX_FAILURES: Final = 6
_MAX_PROMPT_CHARS: Final = 600
_MAX_PROMPT_LINES: Final = 6
_MAX_LISTED: Final = 8
_MAX_SESSIONS: Final = 500
"""Sessions of the project that the slow part looks at: thousands would delay keys."""
_ALIGNMENT_TONES: Final = {
    AlignmentState.ALIGNED: "green",
    AlignmentState.NO_REPO: "dim",
    AlignmentState.UNKNOWN: "dim",
}
_ALIGNMENT_TEXTS: Final = {
    AlignmentState.ALIGNED: "checkout aligned",
    AlignmentState.AHEAD: "checkout ahead",
    AlignmentState.BEHIND: "checkout behind",
    AlignmentState.OTHER_BRANCH: "checkout on another branch",
    AlignmentState.REWRITTEN: "branch rewritten",
    AlignmentState.DETACHED: "checkout detached",
    AlignmentState.NO_REPO: "no repository",
    AlignmentState.UNKNOWN: "checkout unknown",
}
_EXPLAINED: Final = (
    SessionState.STALLED, SessionState.WAITING, SessionState.FAILED, SessionState.IDLE
)  # fmt: skip
_CHANGES: Final = {"add": "A", "added": "A", "delete": "D", "deleted": "D", "move": "R"}


class Card(Struct, frozen=True):
    session: Session
    log: SessionLog
    now: Now


def load_card(reader: QueryReader, session: Session, now: Now) -> Card:
    return Card(session, load_log(reader, session), now)


def resume_command(session: Session) -> str:
    return f"codex resume {session.id}"


def alignment_text(state: AlignmentState) -> Content:
    """Whether the checkout still is as it was when the session began."""
    return content.line(_ALIGNMENT_TEXTS[state], _ALIGNMENT_TONES.get(state, "yellow"))


def state_lines(session: Session) -> list[Content]:
    """Why a session has its state."""
    return [
        content.row(content.line(label(session), "title"), content.line(session.project, "dim")),
        content.row(content.state(session.state_text), content.line(session.state_reason)),
    ]


def load_resume(reader: QueryReader, session: str, now: Now, git: Git) -> Resume | None:
    """What is left to do, and whether the checkout matches. Slow: runs git."""
    # Imported late, so that the first card is shown sooner.
    from ingest.projects.resume.build import resume

    return resume(reader, Scope(session=session, limit=_MAX_SESSIONS), now, git, mask)


def render_card(card: Card, more: Resume | None = None) -> Content:
    """The card. `more` adds what was loaded later."""
    return content.lines(*_lines(card, more))


def what_time_changes(card: Card) -> tuple[str, datetime | None]:
    """What of a card is different at another time."""
    session, now = card.session, card.now.moment
    return ago(session.last_at, now), session.works_until(now)


def _lines(card: Card, more: Resume | None) -> Iterator[Content]:
    session, now = card.session, card.now.moment
    yield content.row(content.line(label(session), "title"))
    yield content.row(
        content.state(session.state_text), content.line(ago(session.last_at, now), "dim")
    )
    commit = f"@ {short_hash(session.commit)}" if session.commit else ""
    yield content.row(
        content.line(session.project, "bold"),
        content.line(f"{branch_label(session)} {commit}"),
        alignment_text(more.alignment) if more else None,
        gap=" · ",
    )
    if more and more.alignment is not AlignmentState.ALIGNED:
        yield content.line(more.alignment_why, "dim")
    yield content.row(
        content.line(f"codex {session.cli_version or '?'}", "dim"),
        content.line(session.model, "dim"),
        gap=" · ",
    )
    yield content.row(
        content.line(f"{tokens(session.tokens.total)} tokens", "dim"),
        _context(session.context),
        content.line(f"{session.queued} queued", "cyan") if session.queued else None,
        content.line("title from Codex's list", "dim") if session.title_from == "codex" else None,
        gap=" · ",
    )
    if session.state in _EXPLAINED:
        yield content.line("")
        yield content.row(
            content.line(f"Why {session.state_text}", "bold"),
            content.line(session.state_reason, "yellow"),
        )
    yield from _last_prompt(card.log)
    if card.log.effective_plans:
        yield from _plan(card.log.effective_plans, session.works_until(now))
    yield from _files(card.log)
    yield from _failures(card.log) if more is None else _open_failures(more)
    if more is not None:
        yield from _more(more)
    yield content.line("")
    yield content.row(
        content.line("Resume", "bold"),
        content.line(resume_command(session), "cyan"),
        content.line("c copies it", "dim"),
    )


def _context(context: Context | None) -> Content | None:
    if context is None:
        return None
    full = bar(context.used, context.window)
    text = f"context {full} {context.percent:.0f} % of {tokens(context.window)}"
    return content.line(text, "yellow" if context.is_nearly_full else "dim")


def _last_prompt(log: SessionLog) -> Iterator[Content]:
    turns = [turn for turn in log.turns if not turn.rolled_back]
    prompt = next(
        (prompt for turn in reversed(turns) for prompt in turn.prompts[-1:] if prompt), None
    )
    if prompt:
        yield content.line("")
        yield content.line("Last prompt", "bold")
        yield content.block(
            "  " + "\n  ".join(prompt[:_MAX_PROMPT_CHARS].strip().splitlines()[:_MAX_PROMPT_LINES])
        )
    failed = next((turn for turn in reversed(turns) if turn.error), None)
    if failed is not None and turns and failed is turns[-1]:
        yield content.row("", content.line(f"✗ {failed.error}", "red"))


def _plan(plans: Sequence[SessionPlan], until: datetime | None) -> Iterator[Content]:
    newest = plans[-1]
    explanation = f"“{newest.explanation}”" if newest.explanation else None
    yield content.line("")
    yield content.row(
        content.line("Plan", "bold"),
        content.line(f"revision {len(plans)}", "dim"),
        content.line(explanation),
    )
    for step, seconds in zip(newest.steps, step_seconds(plans, until), strict=True):
        yield Content("  ") + content.row(
            content.row(content.glyph(step.status), content.line(step.text), gap=" "),
            content.line(duration(seconds), "dim"),
        )
    if not newest.steps:
        yield Content("  ") + content.line("no steps", "dim")


def step_seconds(plans: Sequence[SessionPlan], until: datetime | None) -> list[float | None]:
    """How long each step of the newest plan was in progress, as the tasks of the session say it."""
    logged = [
        LoggedPlan(Point(0, plan.byte), "", nth, plan.at, None, plan.steps)
        for nth, plan in enumerate(plans)
    ]
    return [step.seconds_until(until) for step in plan_steps("", logged) if step.current]


def _open_failures(more: Resume) -> Iterator[Content]:
    """Those of the session and its agents; `resume` has those of its whole line of work."""
    failures = [failure for failure in more.failures if failure.place.session in more.family]
    if not failures:
        return
    yield content.line("")
    yield content.row(content.line("Open failures", "bold"))
    for failure in failures[:_MAX_FAILURES]:
        yield _failed_command(failure.command, failure.exit_code, failure.times)
        if failure.output:
            yield Content("    ") + content.line(failure.output, "dim")


def _more(more: Resume) -> Iterator[Content]:
    others = [step for step in more.open_steps if step.origin != "plan"]
    decisions = [
        decision
        for decision in more.decisions
        if decision.place is None or decision.place.session in more.family
    ]
    for title, entries in (
        ("Also open", [f"{step.text}  ({step.origin})" for step in others]),
        ("Decisions", [f"{decision.text}, {decision.by}" for decision in decisions]),
        ("Commits during the session", [f"{short_hash(c.id)} {c.subject}" for c in more.commits]),
        (
            "Commits since then, outside sessions",
            [f"{short_hash(c.id)} {c.subject}, {c.author}" for c in more.uncovered],
        ),
    ):
        if entries:
            yield content.line("")
            yield content.row(content.line(title, "bold"), content.line(f"{len(entries)}", "dim"))
            yield from (Content("  ") + content.line(text) for text in entries[:_MAX_LISTED])


def _files(log: SessionLog) -> Iterator[Content]:
    changed = {file.path: file for turn in log.turns for file in turn.changes}
    if not changed:
        return
    yield content.line("")
    yield content.row(
        content.line("Files", "bold"), content.line(pluralize(len(changed), "file"), "dim")
    )
    project = f"{log.session.cwd or ''}/"
    for file in list(changed.values())[-_MAX_FILES:]:
        letter = _CHANGES.get(file.change, "M")
        path = content.line(file.path.removeprefix(project))
        yield Content("  ") + content.row(content.line(letter, "cyan"), path, gap=" ")
    if len(changed) > _MAX_FILES:
        yield content.line(f"  and {len(changed) - _MAX_FILES} more", "dim")


def _failures(log: SessionLog) -> Iterator[Content]:
    failed = Counter(
        (run.command or "", run.exit_code)
        for turn in log.turns
        for run in turn.commands
        if run.status == "failed"
    )
    if not failed:
        return
    yield content.line("")
    yield content.row(
        content.line("Failures", "bold"), content.line("Enter shows the output", "dim")
    )
    for (command, code), times in failed.most_common(_MAX_FAILURES):
        yield _failed_command(command, code, times)


def _failed_command(command: str, code: int | None, times: int) -> Content:
    result = "failed" if code is None else f"exit {code}"
    count = f" ({times}×)" if times > 1 else ""
    return Content("  ") + content.row(
        content.line("✗", "red"),
        content.line(command),
        content.line(f"→ {result}{count}", "red"),
        gap=" ",
    )
