"""What may be forgotten: the history of finished work, and, where somebody says so, old facts.

Promises that only ended batches go, only of files that are read to the end without anything left
to do, and that what is told beforehand is what is done. Codex's own files are never touched; a
source whose facts went stays known, so that no sweep reads it again.
"""

import uuid
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct, field

from ingest.batches.state import PRUNABLE
from ingest.db.database import Database
from ingest.db.load import FACT_TABLES
from ingest.db.query_reader import NamedQueries
from ingest.text.redact import mask

_FINAL: Final = sorted(PRUNABLE)


class OldSource(Struct, frozen=True):
    """An archived file that is old enough."""

    source: int
    path: str
    thread: str
    size: int
    why: str | None
    """Why its facts stay; None where they go."""


class PruneCounts(Struct):
    """What goes, or went, and what stays although it is old."""

    before: datetime
    batches: int = 0
    moves: int = 0
    samples: int = 0
    sources: list[OldSource] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)
    """By table."""
    kept: dict[str, int] = field(default_factory=dict)
    """Why, and how many batches stay."""

    @property
    def nothing(self) -> bool:
        return not (self.batches or self.moves or self.samples or self.facts)


class _OnlyLooked(Exception):
    """Ends a transaction that was only for looking."""


def preview(database: Database, before: datetime, *, facts: bool) -> PruneCounts:
    """What `prune` would do now."""
    found = PruneCounts(before)
    try:
        with database.transaction():
            found = _match(database, before, facts=facts)
            raise _OnlyLooked
    except _OnlyLooked:
        return found


def prune(
    database: Database,
    before: datetime,
    *,
    facts: bool,
    now: datetime,
    actor: str,
    reason: str | None = None,
) -> PruneCounts:
    """Forget it, all or nothing, and write down who wanted it. Matched once more, in here."""
    with database.transaction():
        found = _match(database, before, facts=facts)
        if found.nothing:
            return found
        database.run("retention.drop_moves")
        database.run("retention.drop_batches", prunable=_FINAL)
        database.run("retention.drop_samples", before=before.isoformat())
        if found.facts:
            database.run("retention.bury", facts=sum(found.facts.values()), now=now.isoformat())
            database.run("retention.drop_notes")
            for table in found.facts:
                _drop(database, table)
        _record(database, found, facts=facts, now=now, actor=actor, reason=reason)
    return found


def retained_sources(database: NamedQueries) -> dict[int, datetime]:
    """Sources whose facts were given up, and when."""
    return {row["source"]: row["time"] for row in database.rows("retention.buried")}


def _match(database: Database, before: datetime, *, facts: bool) -> PruneCounts:
    stamp = before.isoformat()
    database.run("retention.settle", prunable=_FINAL)
    database.run("retention.match_batches", prunable=_FINAL, before=stamp)
    if facts:
        database.run("retention.match_sources", before=stamp)
    else:
        database.run("retention.no_sources")
    found = PruneCounts(before)
    for row in database.query("retention.batches"):
        if row["why"] is None:
            found.batches = row["batches"]
        else:
            found.kept[row["why"]] = row["batches"]
    found.moves = database.query("retention.moves")[0]["moves"]
    found.samples = database.query("retention.samples", before=stamp)[0]["samples"]
    found.sources = [OldSource(**row) for row in database.query("retention.sources")]
    if any(one.why is None for one in found.sources):
        found.facts = {table: count for table in FACT_TABLES if (count := _count(database, table))}
    return found


_OLD: Final = "source in (select source from old_sources where why is null)"


def _count(database: Database, table: str) -> int:
    # The table is one of our own constants.
    row = database.execute(f'select count(*) from "{table}" where {_OLD}').fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _drop(database: Database, table: str) -> None:
    database.execute(f'delete from "{table}" where {_OLD}')  # noqa: S608


def _record(
    database: Database,
    found: PruneCounts,
    *,
    facts: bool,
    now: datetime,
    actor: str,
    reason: str | None,
) -> None:
    # Not in the file of edits: in a database that is made anew there is nothing old to forget.
    database.run(
        "commands.add",
        id=uuid.uuid4().hex,
        time=now.isoformat(),
        actor=actor,
        verb="prune",
        selection=_json({"before": found.before, "facts": facts}),
        arguments=_json({"samples": found.samples, "facts": sum(found.facts.values())}),
        reason=reason and mask(reason),
        matched=found.batches + sum(found.kept.values()),
        done=found.batches,
        skipped=_json(found.kept),
        state="done",
        now=now.isoformat(),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
