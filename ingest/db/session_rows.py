"""Keeps one row per session in `session_rows`, so that lists do not add up all segments each time.

The rows are derived from segments, sources, turns, plans and names. Whoever changes one of these
brings the rows of the touched sessions up to date in the same transaction. `derived_rows.py`
derives all of them again after an upgrade.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from ingest.db.database import Database


class Touched(Struct, frozen=True):
    """A session whose row is no longer up to date."""

    home: str
    thread: str
    revised: bool
    """Whether some of its turns no longer count."""
    rootless: bool
    """Whether the root of its tree of agents is found through the parents."""
    sources: list[int]
    """All its sources."""


def touched(database: "Database", sources: Collection[int]) -> list[Touched]:
    """Return the sessions of these sources. Call inside a transaction."""
    rows = database.rows_in_transaction("session_rows.touched", sources=list(sources))
    return [Touched(**row) for row in rows]


def refresh(database: "Database", sessions: Iterable[Touched], *, names: bool) -> None:
    """Derive the rows of these sessions again, inside the open transaction.

    After a deletion of segments pass the sessions as they were before, too. `names`: names of
    sessions may have changed, also of others.
    """
    changed = list(sessions)
    if changed:
        derive(database, changed)
        database.run("session_rows.drop_tasks", sessions=_keys(changed))
    if names:
        database.run("session_rows.set_titles")


def derive(database: "Database", sessions: Collection[Touched]) -> None:
    """Derive the rows of these sessions, of which no facts changed, inside the open transaction."""
    _derive(
        database,
        sorted({source for session in sessions for source in session.sources}),
        revised=any(session.revised for session in sessions),
        rootless=any(session.rootless for session in sessions),
    )


def rebuild(database: "Database") -> None:
    """Derive all rows again, inside the open transaction."""
    _derive(database, None, revised=True, rootless=True)


def _keys(sessions: Iterable[Touched]) -> list[dict[str, str]]:
    keys = {(session.home, session.thread) for session in sessions}
    return [{"home": home, "thread": thread} for home, thread in sorted(keys)]


def _derive(
    database: "Database", sources: list[int] | None, *, revised: bool, rootless: bool
) -> None:
    """Derive the rows of the sessions that have, or had, all these sources."""
    query = database.rows_in_transaction
    live = query("session_rows.revised", sources=sources) if revised else []
    database.run("session_rows.drop", sources=sources)
    database.run("session_rows.add", sources=sources, revised=live)
    if rootless:
        database.run("session_rows.set_roots")
