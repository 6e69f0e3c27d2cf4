"""The schema of a team's store: creates it, brings it up to date, and checks its version.

Each migration runs once and whole, in one transaction. A schema that is ahead of this program or
behind it is refused: a newer program knows it, or `tailboard team migrate` brings it up to date.
"""

from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct

from ingest.errors import StoreRefused
from ingest.team.postgres import Store
from ingest.team.sql import statement

_NOT_SET_UP: Final = "The database has no store of a team that this role may use."
ROLE: Final = "tailboard_member"


class Migration(Struct, frozen=True):
    version: int
    name: str
    text: str


@cache
def shipped() -> tuple[Migration, ...]:
    found = [
        Migration(int(file.name[:4]), file.name[5:-4], file.read_text(encoding="utf-8"))
        for file in files("ingest.team.migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return tuple(sorted(found, key=lambda one: one.version))


def newest() -> int:
    return shipped()[-1].version


def script(after: int = 0) -> str:
    """All of it as one SQL script, for people who run SQL themselves."""
    parts = ["begin;", f"{statement('schema.begin')};"]
    for one in shipped():
        if one.version > after:
            # Our own constants.
            row = f"({one.version}, '{one.name}')"
            insert = f"insert into tailboard.migrations (version, name) values {row};"  # noqa: S608
            parts += [one.text.strip(), insert]
    return "\n\n".join([*parts, "commit;"]) + "\n"


def migrate(store: Store) -> list[str]:
    """Apply what is missing; return the names of what was applied."""
    done = []
    with store.transaction():
        store.rows("schema.lock")
        store.run_script(statement("schema.begin"))
        version = _version(store)
        for one in shipped():
            if one.version > version:
                store.run_script(one.text)
                store.run("schema.applied", version=one.version, name=one.name)
                done.append(one.name)
    return done


def check(store: Store) -> None:
    """Raise if the schema is missing, ahead or behind. Call inside a transaction."""
    if (found := store.first_row("schema.is_there")) is None or not found["there"]:
        raise StoreRefused(
            _NOT_SET_UP, "`tailboard team init URL` sets it up.", code="team.not_set_up"
        )
    if (version := _version(store)) < newest():
        raise StoreRefused(
            f"The team's store has schema {version}; this Tailboard needs {newest()}.",
            "Who set it up runs `tailboard team migrate`.",
            code="team.behind",
        )


def _version(store: Store) -> int:
    row = store.first_row("schema.version")
    version = int(row["version"]) if row else 0
    if version > newest():
        raise StoreRefused(
            f"The team's store has schema {version}, which is newer than this Tailboard "
            f"({newest()}). Nothing was changed.",
            "Update Tailboard on this machine.",
            code="team.ahead",
        )
    return version
