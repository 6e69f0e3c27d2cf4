"""Forgetting what was derived from some files, so that it is derived again.

Promises a copy of the database first, all or nothing, and that nothing is forgotten that could not
be read again. What people did stays: their orders, their notes, and the batches they cancelled.
Reading again is the next ingest's.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from ingest.batches.action import Action, Target
from ingest.db.actions import match_sources, record, writing_down
from ingest.db.backup import backup
from ingest.db.database import Database
from ingest.db.load import FACT_TABLES

_NOTHING = sha256().hexdigest()
_WITHIN_REACH = "following"


class ResetResult(Struct, frozen=True):
    command: str
    facts_dropped: dict[str, int]
    """By table."""
    backup: Path


def targets(
    database: Database,
    *,
    session: str | None = None,
    source: int | None = None,
    sources: list[int] | None = None,
    readable: Callable[[str], bool],
) -> list[Target]:
    """What would be read again, and what would be left alone, and why."""
    rows = database.rows("reset.targets", session=session, source=source, sources=sources)
    found = []
    for row in rows:
        why = None
        if row["state"] != _WITHIN_REACH or not readable(row["path"]):
            why = "Its file cannot be read now, so what was read of it could not be read again."
        elif (held := row["held"]) is not None:
            why = (
                "A person held it back, and that stays: "
                f"`tailboard batches retry --batch {held}` lets it go on first."
            )
        found.append(Target(row["id"], row["kind"], row["path"], why))
    return found


def count(database: Database, meant: list[Target]) -> dict[str, int]:
    """How many facts a reset of these would drop, by table."""
    counts = {}
    for table in FACT_TABLES:
        # The table is one of our own constants.
        sql = f'select count(*) from "{table}" where source in (select unnest($sources::integer[]))'  # noqa: S608
        row = database.execute(sql, {"sources": _forgotten(meant, table)}).fetchone()
        if row and row[0]:
            counts[table] = int(row[0])
    return counts


def _forgotten(meant: list[Target], table: str) -> list[int]:
    """Whose rows of a table go."""
    # A list of prompts is cut from its head by Codex: what it no longer holds is only here.
    return [
        one.id for one in meant if one.why is None and (one.kind, table) != ("history", "prompts")
    ]


def reset(
    database: Database, meant: list[Target], order: Action, *, command: str, now: datetime
) -> ResetResult:
    """Forget what was derived from those of `meant` that nothing stands against."""
    sources = [one.id for one in meant if one.why is None]
    others = _forgotten(meant, "prompts")
    lists = [one for one in sources if one not in others]
    kept = backup(database, now)
    stamp = now.isoformat()
    dropped = {}
    with writing_down(database, command):
        match_sources(database, sources)
        record(database, order, command, now)
        for table in FACT_TABLES:
            if gone := _forget(database, table, _forgotten(meant, table)):
                dropped[table] = gone
        database.run("reset.restart", sources=others, nothing=_NOTHING, now=stamp)
        database.run("reset.doubt", sources=lists)
        database.run("reset.revive", sources=sources)
        database.run(
            "commands.supersede",
            now=stamp,
        )
        database.run(
            "commands.tell_moves",
            command=command,
            move="supersede",
            new="superseded",
            reason=order.reason or order.verb,
            now=stamp,
        )
    return ResetResult(command, dropped, kept)


def _forget(database: Database, table: str, sources: list[int]) -> int:
    # The table is one of our own constants.
    sql = f'delete from "{table}" where source in (select unnest($sources::integer[]))'  # noqa: S608
    row = database.execute(sql, {"sources": sources}).fetchone()
    return int(row[0]) if row else 0
