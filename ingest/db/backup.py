"""Makes a consistent, private copy of the open database, and compares row counts.

The copy is written to the spool, the only folder the engine may write to, and renamed when it is
complete.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ingest.db.database import Database, explain
from ingest.db.engine import Error
from ingest.errors import StatementFailed
from ingest.private_files import sync

_ALIAS = "tailboard_backup"


def backup(database: Database, now: datetime) -> Path:
    """Copy the database to `<name>.backup-<time>` and return that path."""
    with _complete_copy(database, "backup.duckdb") as part:
        target = _unused_name(database.path, now)
        part.rename(target)
        sync(target.parent)
    return target


def rewrite(database: Database) -> None:
    """Replace the database's file with a new one that holds no bytes of deleted or replaced rows.

    No other process may have the database open.
    """
    with _complete_copy(database, "rewritten.duckdb") as part:
        database.checkpoint()
        database.close()
        part.replace(database.path)
        sync(database.path.parent)
        database.reopen()


@contextmanager
def _complete_copy(database: Database, name: str) -> Iterator[Path]:
    """Make a private copy in the spool and sync it; remove it if the block fails."""
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
    # Paths and catalog names cannot be bound as parameters; both come from us and are quoted.
    part.unlink(missing_ok=True)
    path = str(part).replace("'", "''")
    database.execute(f"attach '{path}' as {_ALIAS}")
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
                raise StatementFailed(
                    f"A statement on the database {database.path} failed: "
                    f"the copy of {table} is not complete."
                )
    finally:
        database.execute(f"detach {_ALIAS}")


def _unused_name(path: Path, now: datetime) -> Path:
    name = f"{path.name}.backup-{now:%Y%m%dT%H%M%SZ}"
    target, number = path.with_name(name), 1
    while target.exists():
        number += 1
        target = path.with_name(f"{name}-{number}")
    return target
