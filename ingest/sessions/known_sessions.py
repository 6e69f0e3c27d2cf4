"""The newest sessions, for a screen that loads them again after each commit: only what changed is
loaded and made again. A home has thousands of sessions, of which one changes at a time.
"""

from typing import Any

from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.scope import Now
from ingest.sessions.session import Session, make_session, with_states


class _Known(Struct):
    mark: int
    """Changes with every column."""
    row: Row
    beside: Any = None
    """What the session was made from besides."""
    session: Session | None = None


class KnownSessions:
    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        """By the newest source of each session."""

    def newest(self, access: NamedQueries, limit: int, now: Now) -> list[Session]:
        """Most recently active first, in their states as of now."""
        marks = {row["source"]: row["mark"] for row in access.rows("sessions.marks", limit=limit)}
        known = {
            source: one for source, one in self._known.items() if marks.get(source) == one.mark
        }
        changed = [source for source in marks if source not in known]
        if changed:
            for row in access.rows("sessions.of_sources", sources=changed):
                known[row["source"]] = _Known(marks[row["source"]], row)
        self._known = known
        # Without a snapshot, a session may have changed its newest source meanwhile.
        listed = [known[source] for source in marks if source in known]
        sessions = []
        states = with_states((one.row for one in listed), now)
        for one, (row, judged, live) in zip(listed, states, strict=True):
            id_ = row["id"]
            beside = (
                judged, live.threads.titles.get(id_), live.queued.get(id_),
                id_ in live.threads.pinned,
            )  # fmt: skip
            if one.session is None or one.beside != beside:
                one.beside, one.session = beside, make_session(row, judged, live)
            sessions.append(one.session)
        return sessions
