"""The schema, step by step: numbered migrations, forward only, each checked by its hash.

A database of an older version is copied before its first new step. Views are not migrated: they
are the public face and are laid anew whenever their text changes.
"""

import hashlib
import shutil
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from ingest.store.engine import Connection
from ingest.store.errors import NewerSchema, WrongMigration


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
    for entry in files("ingest.store.migrations").iterdir():
        if entry.name.endswith(".sql"):
            number = int(entry.name[:4])
            found.append(Migration(number, entry.name, entry.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


def views() -> str:
    return files("ingest.store").joinpath("views.sql").read_text(encoding="utf-8")


def migrate(con: Connection, path: Path) -> list[str]:
    """Bring the schema to this version; the names of the steps that were taken."""
    con.execute(
        "create table if not exists schema_migrations ("
        "version integer primary key, name varchar, checksum varchar, applied_at timestamp, "
        "duckdb varchar)"
    )
    applied = {
        version: (name, checksum)
        for version, name, checksum in con.execute(
            "select version, name, checksum from schema_migrations"
        ).fetchall()
    }
    steps = shipped()
    newest = max(applied, default=0)
    if newest > steps[-1].version:
        raise NewerSchema(path, f"schema {newest}, this one knows {steps[-1].version}")
    for step in steps:
        if step.version in applied and applied[step.version][1] != step.checksum:
            raise WrongMigration(path, step.name)
    waiting = [step for step in steps if step.version not in applied]
    if waiting and applied:
        con.execute("checkpoint")
        shutil.copy2(path, path.with_name(f"{path.name}.before-{waiting[0].version:04d}"))
    for step in waiting:
        _apply(con, step)
    _lay_views(con)
    if waiting:
        con.execute("checkpoint")
    return [step.name for step in waiting]


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
        con.execute("rollback")
        raise


def _lay_views(con: Connection) -> None:
    text = views()
    checksum = hashlib.sha256(text.encode()).hexdigest()
    con.execute("create table if not exists meta (key varchar primary key, value varchar)")
    if con.execute("select 1 from meta where key = 'views' and value = ?", [checksum]).fetchone():
        return
    con.execute("begin")
    con.execute(text)
    con.execute("insert or replace into meta values ('views', ?)", [checksum])
    con.execute("commit")
    con.execute("checkpoint")
