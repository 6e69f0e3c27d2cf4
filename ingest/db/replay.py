"""What people did and the database does not know, done again: after it was lost, rebuilt, restored.

Promises that each line of the file of edits is taken up once. A decision that still means
something is carried out, also for batches that only a later reading will bring back; the rest is
kept as history.
"""

from datetime import datetime
from typing import Final

import msgspec

from ingest.batches.action import MOVES, Action, Selection, Verb
from ingest.batches.retry_policy import MAX_ATTEMPTS
from ingest.batches.state import TRANSITIONS
from ingest.db.actions import add, match, move, pause_or_resume
from ingest.db.database import Database
from ingest.db.edit_log import EditLog, LoggedEdit

_STANDING: Final = (Verb.CANCEL, Verb.SNOOZE)
"""What a person decided of a batch, until they say something else."""


def replay(database: Database, now: datetime, max_attempts: int = MAX_ATTEMPTS) -> int:
    """Take up what the database does not know; how many lines that were."""
    edits = EditLog(database.path)
    size = edits.size()
    row = database.one("commands.mark")
    mark = int(row["value"]) if row is not None else 0
    if mark == size:
        return 0
    # Others change the file too, so that no place in it is kept: from its beginning.
    told = list(edits.read())
    known = {one["id"] for one in database.rows("commands.known", ids=[edit.id for edit in told])}
    missing = [edit for edit in told if edit.id not in known]
    for edit in missing:
        with database.transaction():
            add(database, edit, "replayed", len(edit.batches), now)
            _redo(database, edit, now, max_attempts)
    with database.transaction():
        database.run("commands.set_mark", mark=str(size))
    return len(missing)


def _redo(database: Database, edit: LoggedEdit, now: datetime, max_attempts: int) -> None:
    order = _order(edit)
    if order is None:
        return
    if order.verb in (Verb.PAUSE, Verb.RESUME):
        pause_or_resume(database, order, edit.at)
        return
    if order.verb is Verb.SNOOZE and (order.until is None or order.until <= now):
        return
    match(database, order)
    move(database, order, edit.id, now, max_attempts)
    if order.verb in _STANDING:
        database.run(
            "commands.decide",
            ids=edit.batches,
            state=TRANSITIONS[MOVES[order.verb]].target,
            until=None if order.until is None else order.until.isoformat(),
            reason=order.reason,
        )
    else:
        database.run("commands.undecide", ids=edit.batches)


def _order(edit: LoggedEdit) -> Action | None:
    """The order as it was given, for the batches it moved; None for what is history only."""
    # A reset is history: whoever lost the database reads everything again anyway.
    if edit.verb not in (*MOVES, Verb.RESET_ATTEMPTS, Verb.PAUSE, Verb.RESUME):
        return None
    try:
        until = msgspec.convert(edit.arguments.get("until"), datetime | None)
    except msgspec.ValidationError:
        return None
    return Action(
        verb=Verb(edit.verb),
        selection=Selection(ids=tuple(edit.batches)),
        actor=edit.actor,
        reason=edit.reason,
        until=until,
    )
