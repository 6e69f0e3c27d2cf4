"""Keeps what reports, journals and lists add up: tokens by quarter of an hour, turns, commands,
decisions, kinds of lines and tags. So no question walks all facts.

The rows are derived from the facts of each source. Whoever changes these, or which of its turns
count, brings its rows up to date in the same transaction. `derived_rows.py` derives all of them
again after an upgrade.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final

from msgspec.structs import asdict

from ingest.db.search_changes import TextRange
from ingest.db.session_rows import Touched

if TYPE_CHECKING:
    from ingest.db.database import Database

TABLES: Final = (
    "usage_days", "turn_rows", "command_rows", "decision_rows", "kind_rows", "tag_rows",
)  # fmt: skip
_NEEDS: Final = {
    "usage": {"usage"},
    "turns": {"turns", "usage", "calls"},
    "kinds": {"segments"},
    "tags": {"turns", "calls", "files"},
}
"""What is derived from all facts of a source each time, and the facts that it changes with: tags
also with the folder, which may be another one when a turn begins."""
_OF_LINES: Final = {"commands": "calls", "decisions": "messages"}
"""What is derived only from the changed lines, and from which facts."""


def refresh(
    database: "Database",
    sources: Collection[int],
    changed: Iterable[TextRange],
    facts: Collection[str] | None = None,
) -> None:
    """Derive the rows of these sources again, inside the open transaction: all sources of the
    sessions of which some lines are `changed`. `facts`: only these tables of facts changed."""
    if sources:
        _derive(database, sorted(sources), [asdict(part) for part in changed], facts)


def refresh_all_of(
    database: "Database", sessions: Iterable[Touched], sources: Collection[int]
) -> None:
    """After facts of these sources were deleted; `sessions` as they were before."""
    every = set(sources).union(*(session.sources for session in sessions))
    refresh(database, every, map(TextRange, sources))


def rebuild(database: "Database") -> None:
    """Derive all rows again, inside the open transaction."""
    _derive(database, None, None, None)


def _derive(
    database: "Database",
    sources: list[int] | None,
    ranges: list[dict[str, int]] | None,
    facts: Collection[str] | None,
) -> None:
    for name, needs in _NEEDS.items():
        if facts is None or not needs.isdisjoint(facts):
            database.run(f"source_rows.drop_{name}", sources=sources)
            database.run(f"source_rows.add_{name}", sources=sources)
    for name, table in _OF_LINES.items():
        if facts is None or table in facts:
            database.run(f"source_rows.drop_{name}", ranges=ranges)
            database.run(f"source_rows.add_{name}", ranges=ranges)
