"""Deletes the history of finished batches and, on request, old facts.

Only finished batches of completely read files are deleted, and exactly those that `preview` lists.
Codex's own files are never touched. A source whose facts were deleted stays registered, so that no
sweep reads it again.
"""

from datetime import datetime
from typing import Final

import msgspec

from ingest.actions import OldSource, Prune, PruneCounts
from ingest.batches.state import PRUNABLE
from ingest.db import search_changes, session_rows, source_rows
from ingest.db.database import Database
from ingest.db.load import FACT_TABLES
from ingest.db.query_reader import NamedQueries

_FINAL: Final = sorted(PRUNABLE)


def preview(database: Database, action: Prune) -> PruneCounts:
    """Return what `prune` would delete now."""
    with database.dry_run():
        return _match(database, action)


def prune(database: Database, action: Prune, now: datetime) -> PruneCounts:
    """Delete in one transaction, and record the action."""
    with database.transaction():
        counts = _match(database, action)
        if counts.nothing:
            return counts
        database.run("retention.drop_moves")
        database.run("retention.drop_batches", prunable=_FINAL)
        database.run("retention.drop_samples", before=action.before.isoformat())
        database.run("retention.drop_runs")
        if counts.facts:
            database.run("retention.bury", facts=sum(counts.facts.values()), now=now.isoformat())
            database.run("retention.drop_notes")
            old = [source.source for source in counts.sources if source.why is None]
            sessions = session_rows.touched(database, old)
            for table in counts.facts:
                # The table is one of our own constants.
                database.execute(f'delete from "{table}" where {_OLD}')  # noqa: S608
            session_rows.refresh(database, sessions, names=True)
            source_rows.refresh_all_of(database, sessions, old)
            search_changes.record_sources(database, old, now.isoformat())
        _record(database, counts, action, now)
    return counts


def retained_sources(database: NamedQueries) -> dict[int, datetime]:
    """Return the sources whose facts were deleted, and when."""
    return {row["source"]: row["time"] for row in database.rows("retention.buried")}


def _match(database: Database, action: Prune) -> PruneCounts:
    time = action.before.isoformat()
    query = database.rows_in_transaction
    database.run("retention.settle", prunable=_FINAL)
    database.run("retention.match_batches", prunable=_FINAL, before=time)
    database.run("retention.match_runs", before=time)
    if action.facts:
        database.run("retention.match_sources", before=time)
    else:
        database.run("retention.no_sources")
    counts = PruneCounts(action.before)
    for row in query("retention.batches"):
        if row["why"] is None:
            counts.batches = row["batches"]
        else:
            counts.kept[row["why"]] = row["batches"]
    counts.moves = query("retention.moves")[0]["moves"]
    counts.samples = query("retention.samples", before=time)[0]["samples"]
    counts.runs = query("retention.runs")[0]["runs"]
    counts.sources = [OldSource(**row) for row in query("retention.sources")]
    if any(source.why is None for source in counts.sources):
        counts.facts = {table: count for table in FACT_TABLES if (count := _count(database, table))}
    return counts


_OLD: Final = "source in (select source from old_sources where why is null)"


def _count(database: Database, table: str) -> int:
    # The table is one of our own constants.
    row = database.execute(f'select count(*) from "{table}" where {_OLD}').fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _record(database: Database, counts: PruneCounts, action: Prune, now: datetime) -> None:
    # Not in the edit log: a new database contains nothing old to delete.
    database.run(
        "commands.add",
        id=action.id,
        time=now.isoformat(),
        actor=action.actor,
        verb="prune",
        selection=_json({"before": counts.before, "facts": action.facts}),
        arguments=_json(
            {"samples": counts.samples, "runs": counts.runs, "facts": sum(counts.facts.values())}
        ),
        reason=action.reason,
        matched=counts.batches + sum(counts.kept.values()),
        done=counts.batches,
        skipped=_json(counts.kept),
        state="done",
        now=now.isoformat(),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
