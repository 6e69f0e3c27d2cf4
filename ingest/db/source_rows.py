"""Keeps what reports, journals and lists add up: tokens by quarter of an hour, turns, commands,
decisions, kinds of lines and tags. So no question walks all facts.

The rows are derived from the facts of each source. Whoever changes these, or which of its turns
count, brings its rows up to date in the same transaction. `derived_rows.py` derives all of them
again after an upgrade.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final

from ingest.db.search_changes import FIRST, LAST, TextRange
from ingest.db.session_rows import Touched

if TYPE_CHECKING:
    from ingest.db.database import Database

TABLES: Final = (
    "usage_days", "turn_rows", "command_rows", "decision_rows", "kind_rows", "tag_rows",
)  # fmt: skip
_WHOLE: Final = {"whole": True, "turn": None, "quarter": None}
_NEEDS: Final = {
    "usage": {"usage"},
    "turns": {"turns", "usage", "calls"},
    "commands": {"calls"},
    "decisions": {"messages"},
    "kinds": {"segments"},
    "tags": {"turns", "calls", "files"},
}
"""What is derived, and the facts that it changes with: tags also with the folder, which may be
another one when a turn begins."""


def refresh(
    database: "Database",
    sessions: Iterable[Touched],
    changed: Iterable[TextRange],
    facts: Collection[str] | None = None,
) -> None:
    """Derive the rows of these sessions again from the first changed line on, inside the open
    transaction. `facts`: only these tables of facts changed.

    All sources of a session are derived whole if it has several, or if some of its turns do not
    count, because the next turn that counts may be in another source.
    """
    starts: dict[int, int] = {}
    for part in changed:
        starts[part.source] = min(part.start, starts.get(part.source, LAST))
    whole = set[int]()
    for session in sessions:
        if session.revised or len(session.sources) > 1:
            whole.update(session.sources)
    whole |= {source for source, start in starts.items() if start <= 0}
    grown = [
        {"source": source, "start": start}
        for source, start in starts.items()
        if source not in whole
    ]
    parts = [_whole(source) for source in sorted(whole)]
    if grown:
        parts += database.rows_in_transaction("source_rows.first_changes", parts=grown)
    if parts:
        _derive(database, [_WHOLE | part for part in parts], facts)


def refresh_all_of(
    database: "Database", sessions: Iterable[Touched], sources: Collection[int]
) -> None:
    """After facts of these sources were deleted; `sessions` as they were before."""
    refresh(database, sessions, map(TextRange, sources))


def derive(database: "Database", sources: Iterable[int]) -> None:
    """Derive the rows of these sources, of which no facts changed, inside the open transaction.
    They include all sources of a session, or none."""
    _derive(database, [_whole(source) for source in sorted(sources)], None)


def rebuild(database: "Database") -> None:
    """Derive all rows again, inside the open transaction."""
    _derive(database, None, None)


def _whole(source: int) -> dict[str, Any]:
    return {"source": source, "start": FIRST} | _WHOLE


def _derive(
    database: "Database", parts: list[dict[str, Any]] | None, facts: Collection[str] | None
) -> None:
    for name, needs in _NEEDS.items():
        if facts is None or not needs.isdisjoint(facts):
            database.run(f"source_rows.drop_{name}", parts=parts)
            database.run(f"source_rows.add_{name}", parts=parts)
