"""What people order, carried out: the batches it is meant for, moved together, and written down.
What they say of a task or a project is written down the same way, and moves nothing.

Promises that an order touches exactly the batches that `preview` shows for it, all of them or none;
that each has its row of history; that the order is on the disk, in the file of edits, before
anything of it can be seen in the database; and that an order that was refused is not in that file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ingest.batches.action import MOVES, Action, Item, TaskAction, Verb, refusals
from ingest.batches.retry_policy import MAX_ATTEMPTS, PAUSED_BY_USER, attempts_after_manual_retry
from ingest.batches.state import TRANSITIONS
from ingest.db.database import Database
from ingest.db.edit_log import EditLog, LoggedEdit
from ingest.db.errors import StoreError
from ingest.text.redact import mask_json


class ActionOutcome(Struct, frozen=True):
    command: str
    matched: int
    done: int
    skipped: dict[str, int]
    """Why, and how many."""


class _Untold(Exception):
    """Ends a transaction that was only for looking."""


def preview(database: Database, order: Action) -> list[Item]:
    """The batches this order is meant for, and which of them it would leave alone."""
    found: list[Item] = []
    try:
        with database.transaction():
            # Matched by the very statement that carries it out, so it cannot show anything else.
            match(database, order)
            found = _items(database.query("commands.matched"))
            raise _Untold
    except _Untold:
        return found


def carry_out(
    database: Database,
    order: Action,
    *,
    command: str,
    now: datetime,
    max_attempts: int = MAX_ATTEMPTS,
) -> ActionOutcome:
    """Do it, and write it down under the id `command`."""
    with writing_down(database, command):
        if order.verb in (Verb.PAUSE, Verb.RESUME):
            match_sources(database, [])
            outcome = record(database, order, command, now)
            pause_or_resume(database, order, now)
        else:
            match(database, order)
            outcome = record(database, order, command, now)
            move(database, order, command, now, max_attempts)
    return outcome


def items(database: Database, command: str) -> list[Item]:
    """What a command matched, batch by batch."""
    return _items(database.rows("commands.items", command=command))


def match(database: Database, order: Action) -> None:
    """Find which batches the order is meant for, inside the open transaction."""
    meant = order.selection
    database.run(
        "commands.match",
        ids=None if meant.ids is None else list(meant.ids),
        session=meant.session,
        source=meant.source,
        kind=meant.kind,
        states=list(meant.wanted(order.verb)),
        error=meant.error,
        older_than=_stamp(meant.older_than),
        refusals=[msgspec.to_builtins(one) for one in refusals(order.verb)],
    )
    if meant.limit is not None:
        database.run("commands.cut", limit=meant.limit)


def match_sources(database: Database, sources: list[int]) -> None:
    """All batches of some sources, inside the open transaction."""
    database.run("commands.match_sources", sources=sources)


def record(database: Database, order: Action, command: str, now: datetime) -> ActionOutcome:
    """Write the order down, in the file of edits first; inside the open transaction."""
    tally = {row["why"]: row["batches"] for row in database.query("commands.tally")}
    done = tally.pop(None, 0)
    outcome = ActionOutcome(command, done + sum(tally.values()), done, tally)
    edit = LoggedEdit(
        id=command,
        db=EditLog(database.path).db,
        at=now,
        actor=order.actor,
        verb=order.verb,
        reason=order.reason,
        selection=mask_json(_said(order.selection)),
        arguments={} if order.until is None else {"until": order.until.isoformat()},
        batches=msgspec.json.decode(
            database.query("commands.done_ids")[0]["batches"], type=list[str]
        ),
        matched=outcome.matched,
        skipped=tally,
    )
    _write_down(database, edit, done, now)
    if tally:
        database.run("commands.tell_skips", command=command)
    return outcome


def record_task_edit(database: Database, saying: TaskAction, now: datetime) -> None:
    """Keep what a person says; who reads it finds it among the commands, in their order."""
    edit = LoggedEdit(
        id=saying.command,
        db=EditLog(database.path).db,
        at=now,
        actor=saying.actor,
        verb=saying.verb,
        reason=saying.reason,
        selection=saying.about,
        arguments=saying.arguments,
        batches=[],
        matched=1,
        skipped={},
    )
    with writing_down(database, saying.command):
        _write_down(database, edit, 1, now)


@contextmanager
def writing_down(database: Database, command: str) -> Iterator[None]:
    """A transaction that writes a command down. Where nothing of it is stored, it is taken back out
    of the file of edits, too: who is told that it failed does not find it carried out later."""
    try:
        with database.transaction():
            yield
    except BaseException as error:
        if isinstance(error, StoreError) and _is_stored(database, command):
            return  # The commit was made, and only its answer was lost.
        EditLog(database.path).revoke(command)
        raise


def _is_stored(database: Database, command: str) -> bool:
    try:
        return bool(database.rows("commands.known", ids=[command]))
    except StoreError:
        return False  # It cannot even be read: what led here is told.


def _write_down(database: Database, edit: LoggedEdit, done: int, now: datetime) -> None:
    mark = EditLog(database.path).append(edit)
    add(database, edit, "done", done, now)
    database.run("commands.set_mark", mark=str(mark))


def add(database: Database, edit: LoggedEdit, state: str, done: int, now: datetime) -> None:
    """The row of a command."""
    database.run(
        "commands.add",
        id=edit.id,
        time=edit.at.isoformat(),
        actor=edit.actor,
        verb=edit.verb,
        selection=_json(edit.selection),
        arguments=_json(edit.arguments),
        reason=edit.reason,
        matched=edit.matched,
        done=done,
        skipped=_json(edit.skipped),
        state=state,
        now=now.isoformat(),
    )


def move(
    database: Database, order: Action, command: str, now: datetime, max_attempts: int = MAX_ATTEMPTS
) -> None:
    """Move what `match` found, and tell it, inside the open transaction."""
    stamp = now.isoformat()
    if order.verb is Verb.RESET_ATTEMPTS:
        database.run("commands.reset_attempts", now=stamp)
        told, new = "reset_attempts", None
    else:
        step = MOVES[order.verb]
        told, new = step, TRANSITIONS[step].target
        most = None
        if order.verb is Verb.RETRY:
            most = attempts_after_manual_retry(max_attempts, max_attempts)
        database.run(
            "commands.move",
            new=new,
            until=_stamp(order.until),
            most_attempts=most,
            now=stamp,
        )
    database.run(
        "commands.tell_moves",
        command=command,
        move=told,
        new=new,
        reason=order.reason,
        now=stamp,
    )


def pause_or_resume(database: Database, order: Action, now: datetime) -> None:
    """A person stops the queue, or lets it go on, whoever stopped it."""
    if order.verb is Verb.RESUME:
        database.run("queue.resume")
        return
    said = f": {order.reason.rstrip('.')}" if order.reason else ""
    database.run(
        "commands.pause",
        code=PAUSED_BY_USER,
        message=f"Paused by {order.actor}{said}.",
        hint="`tailboard batches resume` lets it go on.",
        now=now.isoformat(),
    )


def _items(rows: list[dict[str, Any]]) -> list[Item]:
    # A hundred thousand rows are read faster as one text than one by one.
    return msgspec.json.decode(rows[0]["items"], type=list[Item])


def _said(selection: Struct) -> dict[str, Any]:
    """What the selection says, without what it leaves open."""
    said: dict[str, Any] = msgspec.to_builtins(selection)
    return {name: value for name, value in said.items() if value not in (None, False)}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
