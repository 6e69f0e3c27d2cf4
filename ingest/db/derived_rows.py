"""The tables of rows that are derived from facts in the transaction that stores these: after an
upgrade, all rows of another version are derived again when the database is opened.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ingest.db import session_rows, source_rows
from ingest.db.engine import Connection
from ingest.db.queries import statement

if TYPE_CHECKING:
    from ingest.db.database import Database

REBUILD: "Final[dict[str, Callable[[Database], None]]]" = {
    "session_rows": session_rows.rebuild,
    "source_rows": source_rows.rebuild,
}
"""What derives all rows again, inside the open transaction, by the name of its queries."""
DERIVATIONS: Final = {"sessions": "session_rows", "usage": "source_rows"}
"""Their names for people, in `tailboard rebuild`."""
_TABLES: Final = {"session_rows": ("session_rows",), "source_rows": source_rows.TABLES}


def rebuild_if_outdated(database: "Database") -> None:
    """Derive the rows again that another version of the program derived."""
    rows = database.rows_in_transaction("schema.derived_by")
    versions = {row["name"]: row["version"] for row in rows}
    for name in REBUILD:
        if versions.get(name) != _version(name):
            rebuild(database, name)


def rebuild(database: "Database", name: str) -> int:
    """Derive all rows again, and return how many there are. Readers see the old ones until then."""
    with database.transaction():
        REBUILD[name](database)
        database.run("schema.set_derived_by", derived=name, version=_version(name))
        return sum(_count(database, table) for table in _TABLES[name])


def _count(database: "Database", table: str) -> int:
    (row,) = database.execute(f'select count(*) from "{table}"').fetchall()  # noqa: S608
    return int(row[0])


def stale_sources(database: "Database") -> set[int]:
    """The sources whose derived rows are not what would be derived now. Changes nothing."""
    stale = set()
    tables = [table for tables in _TABLES.values() for table in tables]
    with database.dry_run():
        for table in tables:
            # The tables are constants of ours.
            database.execute(f'create temp table "stored_{table}" as from "{table}"')
        for derive in REBUILD.values():
            derive(database)
        for table in tables:
            rows = database.execute(
                f'select source from (from "stored_{table}" except all from "{table}") '  # noqa: S608
                f'union select source from (from "{table}" except all from "stored_{table}")'
            )
            stale |= {source for (source,) in rows.fetchall()}
    return stale


def mark_current(con: Connection) -> None:
    """Record in a new database that all rows are up to date."""
    for name in REBUILD:
        values = {"derived": name, "version": _version(name)}
        con.execute(statement("schema.set_derived_by"), values)


@cache
def _version(name: str) -> str:
    text = files("ingest.db.queries").joinpath(f"{name}.sql").read_bytes()
    return sha256(text).hexdigest()
