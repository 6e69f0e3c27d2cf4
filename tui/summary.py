"""The numbers in the header of every screen."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.sessions.limits import Limit, limits_from, limits_query, main_limits
from ingest.sessions.scope import Now
from ingest.sessions.session import unfinished_sessions


class Summary(Struct, frozen=True):
    running: int = 0
    waiting: int = 0
    stalled: int = 0
    failed: int = 0
    """Sessions whose last turn failed."""
    behind: int = 0
    """Bytes that are not read yet."""
    last_line_at: datetime | None = None
    sources: int = 0
    unreadable: int = 0
    """Damaged files, and files that cannot be opened."""
    failed_batches: int = 0
    dead_batches: int = 0
    paused: str | None = None
    """Why the queue is paused; None if it is not."""
    limits: tuple[Limit, ...] = ()
    """The windows of the account's limits."""


def summary(reader: QueryReader, now: Now) -> Summary:
    return summarize(reader, [session.state for session in unfinished_sessions(reader, now)], now)


def summarize(reader: QueryReader, states: Sequence[SessionState], now: Now) -> Summary:
    """The summary if the states of the sessions are already known."""
    sources, queue, pauses, limits = reader.run_consistent(
        [
            ("status.sources", {}),
            ("status.queue", {"now": now.moment.isoformat()}),
            ("status.pauses", {}),
            limits_query(now.moment),
        ]
    )
    batches = {row["state"]: int(row["batches"]) for row in queue}
    totals = sources[0]
    return Summary(
        running=states.count(SessionState.RUNNING),
        waiting=states.count(SessionState.WAITING),
        stalled=states.count(SessionState.STALLED),
        failed=states.count(SessionState.FAILED),
        behind=int(totals["behind"]),
        last_line_at=totals["fresh_at"],
        sources=int(totals["following"]),
        unreadable=int(totals["damaged"]) + int(totals["unreadable"]),
        failed_batches=batches.get("failed", 0),
        dead_batches=batches.get("dead", 0),
        paused=str(pauses[0]["message"]) if pauses else None,
        limits=tuple(main_limits(limits_from(limits, now.moment))),
    )
