"""`tailboard status`: sessions, queue and backlog on one screen."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

import click
from msgspec import Struct

from ingest.batches.state import State, is_stuck
from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Column, Output, StyledCell
from ingest.codex.liveness import SessionState
from ingest.db.query_reader import OwnerStatus, QueryReader, Row
from ingest.pipeline.backlog import Backlog, backlog
from ingest.sessions.limits import Limit, limit_text, load_limits, main_limits
from ingest.sessions.search.lag import (
    Lag,
    behind_text,
    lag,
    rebuilding_text,
    rows_behind_text,
    tasks_behind_text,
)
from ingest.sessions.session import Session, id_length, label, unfinished_sessions
from ingest.text.numbers import pluralize, size
from ingest.text.state_style import batch_word
from ingest.text.times import ago, duration
from ingest.text.welcome import HINTS

_LIVE = (SessionState.RUNNING, SessionState.WAITING, SessionState.STALLED)
_COUNTED = (*_LIVE, SessionState.FAILED)
_SOURCES = ("following", "archived", "missing", "damaged", "unreadable", "rewritten")
_SHOWN = 12
_COLUMNS = (
    Column("ID"),
    Column("STATE"),
    Column("TITLE", least=16),
    Column("PROJECT", least=8),
    Column("WHY", least=16),
)


class Status(Struct, frozen=True):
    """The fields of `status --json`, in their order."""

    behind_bytes: int
    oldest_unread_seconds: float
    fresh_at: datetime | None
    sources: dict[str, int]
    batches: dict[str, int]
    sessions: dict[str, int]
    rejected_lines: int
    owner: OwnerStatus
    homes: list[str]
    db: str
    pauses: list[Row]
    problems: list[dict[str, str]]
    limits: list[Limit]
    derived: dict[str, float]
    """How far what is derived from the facts is behind them."""


class StatusView(Struct, frozen=True):
    """What `status` shows."""

    status: Status
    sessions: list[Session]
    """The sessions whose last turn is open or failed."""
    digits: int
    """How many characters of an id distinguish it from all others."""
    now: datetime
    held_bytes: int
    """Unread bytes that no ingest would read now, because their batch failed or is postponed."""
    readable: bool
    """Whether an ingest would read anything."""
    zone: tzinfo | None = None


@click.command(cls=Command)
@with_invocation
def command(invocation: Invocation) -> None:
    """Checks the Codex homes for unread data, but does not read it; `tailboard ingest` does."""
    seen = look(invocation)
    for problem in seen.status.problems:
        invocation.output.note(f"{problem['path']}: {problem['message']} {problem['hint']}")
    body = {name: getattr(seen.status, name) for name in seen.status.__struct_fields__}
    invocation.answer("status", body, lambda output: show(output, seen))


def look(invocation: Invocation) -> StatusView:
    """The state of the homes and the database for this run."""
    with open_for_reading(invocation) as access:
        unread = backlog(access, invocation.settings.codex_homes, invocation.now)
        sessions = unfinished_sessions(access, invocation.judged)
        digits = id_length(access, (session.id for session in sessions))
        status = _status(invocation, access, unread, sessions)
        held = {row["path"]: row["bytes"] for row in access.rows("status.held")}
    readable = any(source.path not in held for source in unread.unread)
    return StatusView(
        status, sessions, digits, invocation.now, sum(held.values()), readable, invocation.zone
    )


def _status(
    invocation: Invocation, access: QueryReader, unread: Backlog, sessions: Sequence[Session]
) -> Status:
    source_counts: Row = next(iter(access.rows("status.sources")), {})
    derived = lag(access, invocation.now)
    return Status(
        behind_bytes=unread.behind_bytes,
        oldest_unread_seconds=unread.oldest_unread_seconds,
        fresh_at=source_counts.get("fresh_at"),
        sources={name: source_counts.get(name, 0) for name in _SOURCES},
        batches=_batches(access, invocation.now),
        sessions={state: sum(session.state is state for session in sessions) for state in _COUNTED},
        rejected_lines=source_counts.get("rejected", 0),
        owner=access.owner,
        homes=[str(home) for home in invocation.settings.codex_homes],
        db=str(access.path),
        pauses=access.rows("status.pauses"),
        problems=[
            {
                "code": problem.code,
                "path": problem.path,
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in unread.problems
        ],
        limits=load_limits(access, invocation.now),
        derived={
            "search_behind_seconds": derived.seconds,
            "tasks_behind_sessions": derived.tasks,
            "rows_behind_sessions": derived.rows,
            "search_unbuilt_files": derived.unbuilt,
        },
    )


def _batches(access: QueryReader, now: datetime) -> dict[str, int]:
    """Batches by state; stuck and backed-off batches are counted in their state, too."""
    rows = {row["state"]: row for row in access.rows("status.queue", now=now)}
    counts: dict[str, int] = dict.fromkeys(State, 0)
    counts.update({state: row["batches"] for state, row in rows.items()})
    counts["stuck"] = sum(
        is_stuck(
            State.CLAIMED, row["heartbeat_at"], owner_alive=access.owner.is_other_process, now=now
        )
        for row in access.rows("status.claims")
    )
    counts["backed_off"] = sum(row["backed_off"] for row in rows.values())
    return counts


def show(output: Output, seen: StatusView) -> None:
    status, sessions, now = seen.status, seen.sessions, seen.now
    troubled = status.pauses or status.batches[State.FAILED] or status.batches[State.DEAD]
    if status.fresh_at is None and not troubled:
        _welcome(output, status)
        return
    output.line(StyledCell("tailboard", "bold"), " ".join(status.homes))
    output.line(*(output.state(state, status.sessions[state]) for state in _COUNTED))
    live = [session for session in sessions if session.state in _LIVE]
    if live:
        output.line()
        output.table(
            _COLUMNS,
            [
                [
                    session.id[: seen.digits],
                    output.state(session.state_text),
                    label(session),
                    session.project,
                    session.state_reason,
                ]
                for session in live[:_SHOWN]
            ],
        )
        if len(live) > _SHOWN:
            output.line(f"and {len(live) - _SHOWN} more: `tailboard sessions`")
    output.line()
    waits = ""
    if status.behind_bytes:
        waits = f", the oldest for {duration(status.oldest_unread_seconds)}"
        if seen.readable:
            waits += ": `tailboard ingest`"
    if seen.held_bytes:
        waits += f"; {size(seen.held_bytes)} held back: `tailboard batches list`"
    hint = ": `tailboard quarantine list`" if status.rejected_lines else ""
    output.fields(
        [
            ("behind", f"{size(status.behind_bytes)}{waits}"),
            ("fresh", ago(status.fresh_at, now)),
            *_search(status),
            ("sources", _counted(status.sources)),
            ("queue", _counted(_for_people(status.batches))),
            ("rejected", f"{pluralize(status.rejected_lines, 'line')}{hint}"),
            *_limits(seen),
            *(
                ("paused", StyledCell(f"{pause['message']} {pause['hint']}", "red"))
                for pause in status.pauses
            ),
        ]
    )


def _for_people(batches: dict[str, int]) -> dict[str, int]:
    """The counts by the words for people; backed-off batches are among the failed ones."""
    counts = {state: count for state, count in batches.items() if state != "backed_off"}
    return {batch_word(state): count for state, count in counts.items()}


def _search(status: Status) -> Iterator[tuple[str, str]]:
    derived = status.derived
    found = Lag(
        derived["search_behind_seconds"],
        tasks=int(derived["tasks_behind_sessions"]),
        rows=int(derived["rows_behind_sessions"]),
        unbuilt=int(derived["search_unbuilt_files"]),
    )
    if behind := behind_text(found):
        yield (
            "search",
            f"{behind.removeprefix('search ')}: a search or `tailboard ingest` continues",
        )
    if building := rebuilding_text(found):
        yield "search", f"{building}, and the old one is searched until then"
    if behind := rows_behind_text(found):
        said = f"{behind.removeprefix('lists ')}, shown as an older version derived them"
        yield "lists", f"{said}: `tailboard ingest` continues"
    if behind := tasks_behind_text(found):
        yield "tasks", f"{behind.removeprefix('tasks ')}: `tailboard tasks` derives what it lists"


def _limits(seen: StatusView) -> Iterator[tuple[str, StyledCell]]:
    name = "limits"
    for limit in main_limits(seen.status.limits):
        text = limit_text(limit, seen.now, seen.zone)
        yield name, StyledCell(text, "yellow" if limit.warns else None)
        name = ""


def _welcome(output: Output, status: Status) -> None:
    waits = (
        f"{size(status.behind_bytes)} unread: `tailboard ingest`." if status.behind_bytes else ""
    )
    output.line(StyledCell("Nothing has been read yet.", "bold"), waits)
    output.line()
    output.line("Three things to know:")
    output.fields([*HINTS, ("file", status.db)])


def _counted(counts: dict[str, int]) -> str:
    parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    return ", ".join(parts) or "nothing"
