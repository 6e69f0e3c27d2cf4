"""How everything stands, in the few figures that every screen has above it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.sessions.scope import Now
from ingest.sessions.session import unfinished_sessions


class Summary(Struct, frozen=True):
    running: int = 0
    waiting: int = 0
    stalled: int = 0
    failed: int = 0
    """Sessions whose last turn failed."""
    behind: int = 0
    fresh_at: datetime | None = None
    sources: int = 0
    troubled: int = 0
    """Sources that cannot be read."""
    failed_batches: int = 0
    dead_batches: int = 0
    paused: str | None = None
    """Why the queue stands still."""


def summary(reading: QueryReader, now: Now) -> Summary:
    return figures(reading, [session.state for session in unfinished_sessions(reading, now)], now)


def figures(reading: QueryReader, states: Sequence[SessionState], now: Now) -> Summary:
    """The same, where somebody knows already how the sessions stand."""
    sources, queue, pauses = reading.run_consistent(
        [
            ("status.sources", {}),
            ("status.queue", {"now": now.moment.isoformat()}),
            ("status.pauses", {}),
        ]
    )
    batches = {row["state"]: int(row["batches"]) for row in queue}
    read = sources[0]
    return Summary(
        running=states.count(SessionState.RUNNING),
        waiting=states.count(SessionState.WAITING),
        stalled=states.count(SessionState.STALLED),
        failed=states.count(SessionState.FAILED),
        behind=int(read["behind"]),
        fresh_at=read["fresh_at"],
        sources=int(read["following"]),
        troubled=int(read["damaged"]) + int(read["unreadable"]),
        failed_batches=batches.get("failed", 0),
        dead_batches=batches.get("dead", 0),
        paused=str(pauses[0]["message"]) if pauses else None,
    )
