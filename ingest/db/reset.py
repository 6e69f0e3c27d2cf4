"""Deletes the facts of some sources, so that the next ingest reads their files again.

A reset first makes a backup, then runs in one transaction. It deletes only what can be read again,
and keeps what people did: commands, notes and the batches they cancelled.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from ingest.actions import ReadAgain
from ingest.batches.action import Target
from ingest.db import search_changes, session_rows, source_rows
from ingest.db.actions import match_batches_of, record_action, recorded_command
from ingest.db.backup import backup
from ingest.db.database import Database
from ingest.db.load import FACT_TABLES

_EMPTY_HASH = sha256().hexdigest()
_READABLE_STATE = "following"


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
    """Return the selected sources; those that cannot be reset have a reason."""
    rows = database.rows("reset.targets", session=session, source=source, sources=sources)
    selected = []
    for row in rows:
        why = None
        if row["state"] != _READABLE_STATE or not readable(row["path"]):
            why = "Its file cannot be read now, so its facts could not be read again."
        elif (held := row["held"]) is not None:
            why = (
                "A person cancelled or snoozed its batch, which a reset keeps. "
                f"Run `tailboard batches retry --batch {held}` first."
            )
        selected.append(Target(row["id"], row["kind"], row["path"], why))
    return selected


def count(database: Database, selected: list[Target]) -> dict[str, int]:
    """Count the facts that a reset of these sources would delete, by table."""
    counts = {}
    for table in FACT_TABLES:
        # The table is one of our own constants.
        sql = f'select count(*) from "{table}" where source in (select unnest($sources::integer[]))'  # noqa: S608
        row = database.execute(sql, {"sources": _sources_of(selected, table)}).fetchone()
        if row and row[0]:
            counts[table] = int(row[0])
    return counts


def _sources_of(selected: list[Target], table: str) -> list[int]:
    """Return the sources whose rows of this table are deleted."""
    # Codex removes old prompts from its history file, so they cannot be read again.
    return [
        target.id
        for target in selected
        if target.why is None and (target.kind, table) != ("history", "prompts")
    ]


def reset(
    database: Database, selected: list[Target], action: ReadAgain, now: datetime
) -> ResetResult:
    """Delete the facts of the selected sources that can be reset."""
    sources = [target.id for target in selected if target.why is None]
    restarted = _sources_of(selected, "prompts")
    histories = [source for source in sources if source not in restarted]
    backup_path = backup(database, now)
    stamp = now.isoformat()
    dropped = {}
    with recorded_command(database, action.id):
        match_batches_of(database, sources)
        record_action(database, action, now)
        sessions = session_rows.touched(database, sources)
        for table in FACT_TABLES:
            if deleted := _delete_facts(database, table, _sources_of(selected, table)):
                dropped[table] = deleted
        database.run("reset.restart", sources=restarted, nothing=_EMPTY_HASH, now=stamp)
        database.run("reset.doubt", sources=histories)
        database.run("reset.revive", sources=sources)
        session_rows.refresh(database, sessions, names=True)
        source_rows.refresh_all_of(database, sessions, sources)
        search_changes.record_sources(database, sources, stamp)
        database.run("commands.supersede", now=stamp)
        database.run(
            "commands.tell_moves",
            command=action.id,
            move="supersede",
            new="superseded",
            reason=action.reason or action.verb,
            now=stamp,
        )
    return ResetResult(action.id, dropped, backup_path)


def _delete_facts(database: Database, table: str, sources: list[int]) -> int:
    # The table is one of our own constants.
    sql = f'delete from "{table}" where source in (select unnest($sources::integer[]))'  # noqa: S608
    row = database.execute(sql, {"sources": sources}).fetchone()
    return int(row[0]) if row else 0
