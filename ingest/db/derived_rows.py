"""The tables of rows that are derived from facts in the transaction that stores these, and what
happens to them after an upgrade.

Rows that another version of the program derived are used until they are derived again, in the
background (`pipeline/rows_writer.py`): the database lists their sources. Only rows that a migration
added or changed are derived when the database is opened, because nothing could be read from them.
"""

from collections.abc import Callable
from functools import cache, partial
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


def check_versions(database: "Database") -> None:
    """Notice rows of another version of the program when the database is opened."""
    derivations = list(REBUILD)
    rows = database.rows_in_transaction("derived_rows.versions", derivations=derivations)
    versions = {row["name"]: row["version"] for row in rows}
    for name in derivations:
        if name not in versions:
            database.with_memory_retry(partial(_rebuild, database, name))
        elif versions[name] != _version(name):
            mark_outdated(database, name)


def _rebuild(database: "Database", name: str) -> None:
    with database.transaction():
        REBUILD[name](database)
        _set_version(database, name)
        database.run("derived_rows.unmark", derivation=name, sources=None)


def mark_outdated(database: "Database", name: str) -> None:
    """Have all rows derived again in the background."""
    with database.transaction():
        for table in _TABLES[name]:
            # Of no source, and so of none that is derived again.
            database.execute(
                f'delete from "{table}" where source not in (select id from sources)'  # noqa: S608
            )
        database.run("derived_rows.unmark", derivation=name, sources=None)
        database.run("derived_rows.mark", derivation=name)
        _set_version(database, name)


def derive_outdated(database: "Database", limit: int) -> int:
    """Derive the rows of some sources again, and of the other sources of their sessions; return
    how many there were. Readers see the old ones until then."""
    rows = database.rows("derived_rows.next", limit=limit)
    if rows:
        with database.transaction(announce=False):
            for name in REBUILD:
                sources = {row["source"] for row in rows if row["derivation"] == name}
                if sources:
                    _derive(database, name, sources)
    return len(rows)


def _derive(database: "Database", name: str, sources: set[int]) -> None:
    sessions = session_rows.touched(database, sources)
    sources = sources.union(*(session.sources for session in sessions))
    if name == "session_rows":
        session_rows.derive(database, sessions)
    else:
        source_rows.derive(database, sources)
    database.run("derived_rows.unmark", derivation=name, sources=sorted(sources))


def count(database: "Database", name: str) -> int:
    """How many rows there are."""
    tables = " union all ".join(f'select count(*) as n from "{table}"' for table in _TABLES[name])  # noqa: S608
    (row,) = database.execute(f"select sum(n) from ({tables})").fetchall()  # noqa: S608
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


def forget_versions(con: Connection, migration: str) -> None:
    """Have the rows derived whose tables a migration names, inside its transaction."""
    for name, tables in _TABLES.items():
        if any(table in migration for table in tables):
            con.execute("delete from meta where key = ?", [name])


def mark_current(con: Connection) -> None:
    """Record in a new database that all rows are up to date."""
    for name in REBUILD:
        values = {"derivation": name, "version": _version(name)}
        con.execute(statement("derived_rows.set_version"), values)


def _set_version(database: "Database", name: str) -> None:
    database.run("derived_rows.set_version", derivation=name, version=_version(name))


@cache
def _version(name: str) -> str:
    """Changes with the statements that derive the rows, and with the views that these use."""
    package = files("ingest.db")
    code = (package.joinpath("queries", f"{name}.sql"), package.joinpath("views.sql"))
    return sha256(b"".join(file.read_bytes() for file in code)).hexdigest()
