"""The numbers in the header of every screen."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ingest.codex.liveness import SessionState, WaitsFor
from ingest.db.query_reader import QueryReader
from ingest.sessions.limits import Limit, limits_from, limits_query, main_limits
from ingest.sessions.nudges import is_event
from ingest.sessions.scope import Now
from ingest.sessions.search.lag import LAG_QUERY, all_behind_texts, lag_from
from ingest.sessions.session import Session, unfinished_sessions
from tui.needs import LastErrors, Need, needs


class Summary(Struct, frozen=True):
    running: int = 0
    waiting: int = 0
    stalled: int = 0
    failed: int = 0
    """Sessions whose last turn failed."""
    behind: int = 0
    """Bytes that are not read yet."""
    size: int = 0
    """Bytes of all files that are followed."""
    search: str = ""
    """How far the search index, lists and tasks are behind, if that is worth a word."""
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
    needs: tuple[Need, ...] = ()
    """The sessions that need the person."""
    events: tuple[Session, ...] = ()
    """The sessions that wait or failed, for nudges."""
    all_wait_for_approval: bool = False
    """Whether every waiting session waits for an approval."""


def summary(reader: QueryReader, now: Now, errors: LastErrors) -> Summary:
    return summarize(reader, unfinished_sessions(reader, now), now, errors)


def summarize(
    reader: QueryReader, sessions: Sequence[Session], now: Now, errors: LastErrors
) -> Summary:
    """The summary if the recent sessions are already known."""
    errors.load(reader, sessions)
    states = [session.state for session in sessions]
    waits = {session.waiting_for for session in sessions if session.waiting_for}
    sources, queue, pauses, limits, behind = reader.run_consistent(
        [
            ("status.sources", {}),
            ("status.queue", {"now": now.moment.isoformat()}),
            ("status.pauses", {}),
            limits_query(now.moment),
            LAG_QUERY,
        ]
    )
    batches = {row["state"]: int(row["batches"]) for row in queue}
    totals, lag = sources[0], lag_from(behind, now.moment)
    return Summary(
        running=states.count(SessionState.RUNNING),
        waiting=states.count(SessionState.WAITING),
        events=tuple(each for each in sessions if is_event(each)),
        all_wait_for_approval=waits == {WaitsFor.APPROVAL},
        stalled=states.count(SessionState.STALLED),
        failed=states.count(SessionState.FAILED),
        behind=int(totals["behind"]),
        size=int(totals["size"]),
        search=" · ".join(all_behind_texts(lag)),
        last_line_at=totals["fresh_at"],
        sources=int(totals["following"]),
        unreadable=int(totals["damaged"]) + int(totals["unreadable"]),
        failed_batches=batches.get("failed", 0),
        dead_batches=batches.get("dead", 0),
        paused=str(pauses[0]["message"]) if pauses else None,
        limits=tuple(main_limits(limits_from(limits, now.moment))),
        needs=needs(sessions, errors, now),
    )
