"""Replays edits that the database does not contain, after it was lost, rebuilt or restored.

Each line of the edit log is replayed once. A decision that still applies is executed, also for
batches that a later ingest will create; any other edit is stored as history.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from ingest.actions import BatchAction
from ingest.batches.action import MOVES, Selection, Verb
from ingest.batches.retry_policy import MAX_ATTEMPTS
from ingest.batches.state import TRANSITIONS
from ingest.db.actions import insert_command, match_batches, move_batches, pause_or_resume
from ingest.db.database import Database
from ingest.db.edit_log import EditLog, LoggedEdit

_LASTING: Final = (Verb.CANCEL, Verb.SNOOZE)
"""Decisions that hold until the person makes another one."""


def replay(
    database: Database,
    now: datetime,
    max_attempts: int = MAX_ATTEMPTS,
    homes: Collection[str] = (),
) -> int:
    """Replay the edits that the database does not contain; return how many.

    `homes`: the Codex homes that will be followed; the database may not know them yet.
    """
    edits = EditLog(database.path)
    size = edits.size()
    row = database.first_row("commands.mark")
    mark = int(row["value"]) if row is not None else 0
    known_homes = {row["id"] for row in database.rows("registry.homes")}
    if mark == size and known_homes.issuperset(homes):
        return 0
    # Other processes may rewrite the file, so an offset into it is not reliable: read all of it.
    logged = list(edits.read(known_homes.union(homes)))
    known = {row["id"] for row in database.rows("commands.known", ids=[edit.id for edit in logged])}
    missing = [edit for edit in logged if edit.id not in known]
    for edit in missing:
        with database.transaction():
            insert_command(database, edit, "replayed", len(edit.batches), now)
            _execute_again(database, edit, now, max_attempts)
    if mark != size:
        with database.transaction():
            database.run("commands.set_mark", mark=str(size))
    return len(missing)


def _execute_again(database: Database, edit: LoggedEdit, now: datetime, max_attempts: int) -> None:
    action = _action(edit)
    if action is None:
        return
    if action.verb in (Verb.PAUSE, Verb.RESUME):
        pause_or_resume(database, action, edit.at)
        return
    if action.verb is Verb.SNOOZE and (action.until is None or action.until <= now):
        return
    match_batches(database, action)
    move_batches(database, action, now, max_attempts)
    if action.verb in _LASTING:
        database.run(
            "commands.decide",
            ids=edit.batches,
            state=TRANSITIONS[MOVES[action.verb]].target,
            until=None if action.until is None else action.until.isoformat(),
            reason=action.reason,
        )
    else:
        database.run("commands.undecide", ids=edit.batches)


def _action(edit: LoggedEdit) -> BatchAction | None:
    """Return the action on the batches that it moved; None if it is only history."""
    # A reset is only history: a new database reads everything again anyway.
    if edit.verb not in (*MOVES, Verb.RESET_ATTEMPTS, Verb.PAUSE, Verb.RESUME):
        return None
    try:
        until = msgspec.convert(edit.arguments.get("until"), datetime | None)
    except msgspec.ValidationError:
        return None
    return BatchAction(
        id=edit.id,
        verb=Verb(edit.verb),
        selection=Selection(ids=tuple(edit.batches)),
        actor=edit.actor,
        reason=edit.reason,
        until=until,
    )
