"""Applies numbered migrations, forward only, each verified by its hash.

An older database is migrated on a copy, which then replaces it with one rename: an interruption
leaves the old file intact, and the old file is kept as a backup. A new database is created from
`schema.sql`, which holds what the migrations add up to. Views are not migrated; they are
created again whenever their text changes.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from ingest.db import derived_rows
from ingest.db.engine import BinderException, CatalogException, Connection, Error, connect
from ingest.errors import DatabaseError, ErrorClass, ForeignFile, NewerSchema
from ingest.private_files import copy as copy_file
from ingest.private_files import sync

_LEDGER = (
    "create table if not exists schema_migrations ("
    "version integer primary key, name varchar, checksum varchar, applied_at timestamp, "
    "duckdb varchar);"
    "create table if not exists meta (key varchar primary key, value varchar)"
)


class Migration(Struct, frozen=True):
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped() -> list[Migration]:
    """Return the migrations of this version, oldest first."""
    migrations = []
    for entry in files("ingest.db.migrations").iterdir():
        if entry.name.endswith(".sql"):
            number = int(entry.name[:4])
            migrations.append(Migration(number, entry.name, entry.read_text(encoding="utf-8")))
    return sorted(migrations, key=lambda migration: migration.version)


def views() -> str:
    return files("ingest.db").joinpath("views.sql").read_text(encoding="utf-8")


def pending(con: Connection, path: Path) -> list[Migration]:
    """Return the migrations to apply. Raises if the database is foreign or newer."""
    steps = shipped()
    applied = _applied(con, path)
    newest = max(applied, default=0)
    if newest > steps[-1].version:
        raise NewerSchema(path, f"schema {newest}, this version knows {steps[-1].version}")
    for step in steps:
        if step.version in applied and applied[step.version] != step.checksum:
            raise DatabaseError(
                f"Migration {step.name} of {path} differs from the one in this version.",
                "Install the version that wrote it, or move the file away and run "
                "`tailboard ingest`, which reads everything again from Codex's files.",
                code="store.migration",
                kind=ErrorClass.CONFIG,
            )
    return [step for step in steps if step.version not in applied]


def is_new(con: Connection, path: Path) -> bool:
    """Whether no migration was applied: the file is new, or its creation was interrupted."""
    return not _applied(con, path)


def create(con: Connection) -> None:
    """Create the tables of a new database in one transaction, without the migrations' steps."""
    with _transaction(con):
        con.execute(_LEDGER)
        con.execute(files("ingest.db").joinpath("schema.sql").read_text(encoding="utf-8"))
        _record(con, shipped())
        derived_rows.mark_current(con)
    # The engine does not replay table definitions from its log reliably.
    con.execute("checkpoint")


def apply(con: Connection, steps: list[Migration]) -> None:
    """Apply migrations, each in a transaction."""
    con.execute(_LEDGER)
    for step in steps:
        _apply(con, step)


def upgrade(path: Path, steps: list[Migration]) -> Path:
    """Migrate a copy of the closed database, replace the database with it; return the backup."""
    copy = path.with_name(path.name + ".migrating")
    backup = path.with_name(f"{path.name}.before-{steps[0].version:04d}")
    _remove(copy)
    try:
        copy_file(path, copy)
        with connect(str(copy)) as con:
            apply(con, steps)
            create_views(con)
            con.execute("checkpoint")
        sync(copy)
        _link_or_copy(path, backup)
        copy.replace(path)
        sync(path.parent)
    except BaseException:
        _remove(copy)
        raise
    return backup


def create_views(con: Connection) -> None:
    text = views()
    checksum = hashlib.sha256(text.encode()).hexdigest()
    if con.execute("select 1 from meta where key = 'views' and value = ?", [checksum]).fetchone():
        return
    with _transaction(con):
        con.execute(text)
        con.execute("insert or replace into meta values ('views', ?)", [checksum])
    con.execute("checkpoint")


def _applied(con: Connection, path: Path) -> dict[int, str]:
    try:
        rows = con.execute("select version, checksum from schema_migrations").fetchall()
    except CatalogException:
        # Only in this case, because listing the tables is the slowest part of opening.
        if tables := _tables(con):
            raise ForeignFile(path, f"it holds tables of another program ({tables[0]})") from None
        return {}
    except BinderException:
        raise ForeignFile(path, "its table schema_migrations has other columns") from None
    return dict(rows)


def _tables(con: Connection) -> list[str]:
    rows = con.execute("select table_name from duckdb_tables() where not internal order by all")
    return [name for (name,) in rows.fetchall()]


def _apply(con: Connection, step: Migration) -> None:
    with _transaction(con):
        con.execute(step.sql)
        derived_rows.forget_versions(con, step.sql)
        _record(con, [step])


def _record(con: Connection, steps: list[Migration]) -> None:
    con.execute(
        "insert into schema_migrations "
        "select unnest(?), unnest(?), unnest(?), now()::timestamp, version()",
        [[getattr(step, field) for step in steps] for field in ("version", "name", "checksum")],
    )


@contextlib.contextmanager
def _transaction(con: Connection) -> Iterator[None]:
    con.execute("begin")
    try:
        yield
        con.execute("commit")
    except BaseException:
        # An engine that gave up has rolled back already, and raises again.
        with contextlib.suppress(Error):
            con.execute("rollback")
        raise


def _link_or_copy(path: Path, backup: Path) -> None:
    """Give the old file a second name, or copy it on a file system without hard links."""
    backup.unlink(missing_ok=True)
    try:
        backup.hardlink_to(path)
    except OSError:
        copy_file(path, backup)
        sync(backup)


def _remove(copy: Path) -> None:
    for path in (copy, copy.with_name(copy.name + ".wal")):
        path.unlink(missing_ok=True)
