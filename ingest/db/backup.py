"""A copy of the database, taken while it is open: consistent, counted, and private.

It is written where the engine may write, and gets its name once it is complete.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ingest.db.database import Database, explain
from ingest.db.engine import Error
from ingest.db.errors import Failed
from ingest.db.fsync import sync

_ALIAS = "tailboard_backup"


def backup(database: Database, now: datetime) -> Path:
    """Copy the database to `<name>.backup-<time>`; the path of the copy."""
    with _copied(database, "backup.duckdb") as part:
        target = _free(database.path, now)
        part.rename(target)
        sync(target.parent)
    return target


def rewrite(database: Database) -> None:
    """Write the database anew, in the place of its file: what was deleted or replaced in it leaves
    no bytes behind. Nobody else may have it open."""
    with _copied(database, "rewritten.duckdb") as part:
        database.checkpoint()
        database.close()
        part.replace(database.path)
        sync(database.path.parent)
        database.reopen()


@contextmanager
def _copied(database: Database, name: str) -> Iterator[Path]:
    """A copy in the spool, whole, private and on the disk; gone again where what is then done with
    it fails."""
    part = database.spool / name
    try:
        database.with_memory_retry(lambda: _copy(database, part))
        part.chmod(0o600)
        sync(part)
        yield part
    except (Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise explain(database.path, error) from error


def _copy(database: Database, part: Path) -> None:
    # Paths and names of catalogs cannot be bound; both are ours, and quoted.
    part.unlink(missing_ok=True)
    place = str(part).replace("'", "''")
    database.execute(f"attach '{place}' as {_ALIAS}")
    try:
        row = database.execute("select current_database()").fetchone()
        name = '"' + str(row[0] if row else "").replace('"', '""') + '"'
        database.execute(f"copy from database {name} to {_ALIAS}")
        for (table,) in database.execute(
            "select table_name from duckdb_tables() "
            "where database_name = current_database() and not internal and not temporary"
        ).fetchall():
            counts = [
                database.execute(f'select count(*) from {where}.main."{table}"').fetchone()  # noqa: S608
                for where in (name, _ALIAS)
            ]
            if counts[0] != counts[1]:
                raise Failed(database.path, f"the copy of {table} is not complete")
    finally:
        database.execute(f"detach {_ALIAS}")


def _free(path: Path, now: datetime) -> Path:
    """A name nobody has: two copies of one second are two copies."""
    name = f"{path.name}.backup-{now:%Y%m%dT%H%M%SZ}"
    target, number = path.with_name(name), 1
    while target.exists():
        number += 1
        target = path.with_name(f"{name}-{number}")
    return target
