"""Loads the rows of some sessions, with a fixed number of queries however many sessions."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field

from ingest.db.query_reader import NamedQueries, Row

TEXT_CHARS = 4_000
"""Most characters to read of a message."""
_FACTS = ("turns", "messages", "calls", "files", "plans", "goals", "usage", "notes")


class RecordFilter(Struct, frozen=True, kw_only=True):
    """Which sessions to load; None does not filter."""

    project: str | None = None
    """Name or folder of the project."""
    folder: str | None = None
    """This folder and its subfolders."""
    session: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Record(Struct):
    """The rows of one session, each group in the order it was written."""

    session: Row
    segments: list[Row] = field(default_factory=list)
    facts: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


def load_records(rows: NamedQueries, wanted: RecordFilter) -> list[Record]:
    """The sessions, the oldest first."""
    values = {name: getattr(wanted, name) for name in RecordFilter.__struct_fields__}
    return load_session_records(rows, rows.rows("journal.sessions", **values))


def load_session_records(rows: NamedQueries, sessions: Iterable[Row]) -> list[Record]:
    found = {(row["home"], row["id"]): Record(row) for row in sessions}
    if not found:
        return []
    by_source: dict[int, Record] = {}
    for row in rows.rows("journal.segments", sessions=sorted({id_ for _, id_ in found})):
        record = found.get((row["home"], row["session"]))
        if record is not None:
            record.segments.append(row)
            by_source[row["source"]] = record
    for name in _FACTS:
        more = {"chars": TEXT_CHARS} if name == "messages" else {}
        for row in rows.rows(f"journal.{name}", sources=sorted(by_source), **more):
            by_source[row["source"]].facts[name].append(row)
    for record in found.values():
        order = {row["source"]: place for place, row in enumerate(record.segments)}
        for group in record.facts.values():
            # Rows are ordered within a source already, and the sort is stable.
            group.sort(key=lambda row: order[row["source"]])
    return list(found.values())
