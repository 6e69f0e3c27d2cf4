"""The schema, step by step: numbered migrations, forward only, each checked by its hash.

An older database is brought up on a copy that takes its place in one rename, so that whatever
interrupts it leaves the old one whole; the old one stays beside it as a backup. Views are not
migrated: they are the public face and are laid anew whenever their text changes.
"""

import contextlib
import hashlib
import os
import shutil
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from ingest.db.engine import BinderException, CatalogException, Connection, Error, connect
from ingest.db.errors import ForeignFile, NewerSchema, WrongMigration
from ingest.db.fsync import sync


class Migration(Struct, frozen=True):
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped() -> list[Migration]:
    """The migrations of this version, oldest first."""
    found = []
    for entry in files("ingest.db.migrations").iterdir():
        if entry.name.endswith(".sql"):
            number = int(entry.name[:4])
            found.append(Migration(number, entry.name, entry.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


def views() -> str:
    return files("ingest.db").joinpath("views.sql").read_text(encoding="utf-8")


def waiting(con: Connection, path: Path) -> list[Migration]:
    """The steps this database lacks. Refuses, and changes nothing, where it is not one of ours."""
    steps = shipped()
    applied = _applied(con, path)
    newest = max(applied, default=0)
    if newest > steps[-1].version:
        raise NewerSchema(path, f"schema {newest}, this one knows {steps[-1].version}")
    for step in steps:
        if step.version in applied and applied[step.version] != step.checksum:
            raise WrongMigration(path, step.name)
    return [step for step in steps if step.version not in applied]


def is_new(con: Connection, path: Path) -> bool:
    """Whether no step was ever completed: a database that was just made, or died of being made."""
    return not _applied(con, path)


def create(con: Connection, steps: list[Migration]) -> None:
    """Take the steps where there is nothing to lose. Whatever interrupts it, they go on later."""
    con.execute(
        "create table if not exists schema_migrations ("
        "version integer primary key, name varchar, checksum varchar, applied_at timestamp, "
        "duckdb varchar)"
    )
    for step in steps:
        _apply(con, step)
    # No definition of a table is left to the log: replaying those is the engine's weak side.
    con.execute("checkpoint")


def upgrade(path: Path, steps: list[Migration]) -> Path:
    """Take the steps on a copy of a closed database, and put the copy in its place; the backup."""
    copy = path.with_name(path.name + ".migrating")
    backup = path.with_name(f"{path.name}.before-{steps[0].version:04d}")
    _remove(copy)
    try:
        _copy(path, copy)
        with connect(str(copy)) as con:
            for step in steps:
                _apply(con, step)
            create_views(con)
            con.execute("checkpoint")
        sync(copy)
        _keep(path, backup)
        copy.replace(path)
        sync(path.parent)
    except BaseException:
        _remove(copy)
        raise
    return backup


def create_views(con: Connection) -> None:
    text = views()
    checksum = hashlib.sha256(text.encode()).hexdigest()
    con.execute("create table if not exists meta (key varchar primary key, value varchar)")
    if con.execute("select 1 from meta where key = 'views' and value = ?", [checksum]).fetchone():
        return
    con.execute("begin")
    try:
        con.execute(text)
        con.execute("insert or replace into meta values ('views', ?)", [checksum])
        con.execute("commit")
    except BaseException:
        # An engine that gave up has rolled back already, and says so.
        with contextlib.suppress(Error):
            con.execute("rollback")
        raise
    con.execute("checkpoint")


def _applied(con: Connection, path: Path) -> dict[int, str]:
    try:
        found = con.execute("select version, checksum from schema_migrations").fetchall()
    except CatalogException:
        # Asked only now: to list the tables takes longer than all else of opening.
        if tables := _tables(con):
            raise ForeignFile(path, f"it holds tables of another program ({tables[0]})") from None
        return {}
    except BinderException:
        raise ForeignFile(path, "its table schema_migrations has another form") from None
    return dict(found)


def _tables(con: Connection) -> list[str]:
    found = con.execute("select table_name from duckdb_tables() where not internal order by all")
    return [name for (name,) in found.fetchall()]


def _apply(con: Connection, step: Migration) -> None:
    con.execute("begin")
    try:
        con.execute(step.sql)
        con.execute(
            "insert into schema_migrations values (?, ?, ?, now()::timestamp, version())",
            [step.version, step.name, step.checksum],
        )
        con.execute("commit")
    except BaseException:
        # An engine that gave up has rolled back already, and says so.
        with contextlib.suppress(Error):
            con.execute("rollback")
        raise


def _copy(path: Path, copy: Path) -> None:
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with path.open("rb") as old, os.fdopen(descriptor, "wb") as new:
        shutil.copyfileobj(old, new, 1024 * 1024)


def _keep(path: Path, backup: Path) -> None:
    """The old file under a second name. Where a file system has no links, a copy of it."""
    backup.unlink(missing_ok=True)
    try:
        backup.hardlink_to(path)
    except OSError:
        _copy(path, backup)
        sync(backup)


def _remove(copy: Path) -> None:
    for path in (copy, copy.with_name(copy.name + ".wal")):
        path.unlink(missing_ok=True)
