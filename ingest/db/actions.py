"""Executes the actions of people on batches, and records their edits of tasks and projects.

An action changes exactly the batches that `preview` lists for it, all of them or none, and writes
one history row for each. It is in the edit log on the disk before any of it becomes visible in the
database. An action that failed is not in the edit log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ingest.actions import BatchAction, ReadAgain, RecordEdit, RequestRole
from ingest.batches.action import MOVES, Item, Verb, refusals
from ingest.batches.retry_policy import MAX_ATTEMPTS, PAUSED_BY_USER, attempts_after_manual_retry
from ingest.batches.state import TRANSITIONS
from ingest.db.database import Database
from ingest.db.edit_log import EditLog, LoggedEdit
from ingest.errors import DatabaseError
from ingest.text.redact import mask_json


class ActionOutcome(Struct, frozen=True):
    command: str
    matched: int
    done: int
    skipped: dict[str, int]
    """Number of skipped batches by reason."""


def preview(database: Database, action: BatchAction) -> list[Item]:
    """Return the batches that the action matches; those it would skip have a reason."""
    with database.dry_run():
        # The statement that executes an action also selects its preview, so they cannot differ.
        match_batches(database, action)
        return _decode_items(database.rows_in_transaction("commands.matched"))


def execute_action(
    database: Database, action: BatchAction, now: datetime, max_attempts: int = MAX_ATTEMPTS
) -> ActionOutcome:
    """Execute the action and record it with its id."""
    arguments = {} if action.until is None else {"until": action.until.isoformat()}
    with recorded_command(database, action.id):
        if action.verb in (Verb.PAUSE, Verb.RESUME):
            match_batches_of(database, [])
            outcome = record_action(database, action, now, arguments)
            pause_or_resume(database, action, now)
        else:
            match_batches(database, action)
            outcome = record_action(database, action, now, arguments)
            move_batches(database, action, now, max_attempts)
    return outcome


def matched_items(database: Database, command: str) -> list[Item]:
    """Return the batches that a recorded command moved or skipped."""
    return _decode_items(database.rows("commands.items", command=command))


def match_batches(database: Database, action: BatchAction) -> None:
    """Select the batches of the action into the temporary table `matched`."""
    selection = action.selection
    database.run(
        "commands.match",
        ids=None if selection.ids is None else list(selection.ids),
        session=selection.session,
        source=selection.source,
        kind=selection.kind,
        states=list(selection.wanted(action.verb)),
        error=selection.error,
        older_than=_isoformat(selection.older_than),
        refusals=[msgspec.to_builtins(refusal) for refusal in refusals(action.verb)],
    )
    if selection.limit is not None:
        database.run("commands.cut", limit=selection.limit)


def match_batches_of(database: Database, sources: list[int]) -> None:
    """Select all batches of these sources into the temporary table `matched`."""
    database.run("commands.match_sources", sources=sources)


def record_action(
    database: Database,
    action: BatchAction | ReadAgain,
    now: datetime,
    arguments: dict[str, Any] | None = None,
) -> ActionOutcome:
    """Record the action with the batches in `matched`, inside the open transaction."""
    tally = {row["why"]: row["batches"] for row in database.rows_in_transaction("commands.tally")}
    done = tally.pop(None, 0)
    outcome = ActionOutcome(action.id, done + sum(tally.values()), done, tally)
    edit = LoggedEdit(
        id=action.id,
        db=EditLog(database.path).db,
        at=now,
        actor=action.actor,
        verb=action.verb,
        reason=action.reason,
        selection=mask_json(_set_fields(action.selection)),
        arguments=arguments or {},
        batches=msgspec.json.decode(
            database.rows_in_transaction("commands.done_ids")[0]["batches"], type=list[str]
        ),
        matched=outcome.matched,
        skipped=tally,
    )
    _append_and_insert(database, edit, done, now)
    if tally:
        database.run("commands.tell_skips", command=action.id)
    return outcome


def record_edit(database: Database, action: RecordEdit, now: datetime) -> None:
    """Record an edit of a task or project; readers apply the recorded edits in their order."""
    edit = LoggedEdit(
        id=action.id,
        db=EditLog(database.path).db,
        homes=[row["id"] for row in database.rows("registry.homes")],
        at=now,
        actor=action.actor,
        verb=action.verb,
        reason=action.reason,
        selection=action.about,
        arguments=_with_project_id(database, action.arguments),
        batches=[],
        matched=1,
        skipped={},
    )
    with recorded_command(database, action.id):
        _append_and_insert(database, edit, 1, now)


def request_role(database: Database, action: RequestRole, now: datetime) -> None:
    """Queue the batch of a role, if there is none."""
    day = action.day.isoformat() if action.day else None
    values = {name: getattr(action, name) for name in ("source", "generation", "start", "finish")}
    with database.transaction():
        database.run("roles.request", id=action.batch, now=now.isoformat(), **values)
        database.run(
            "roles.add_batch",
            batch=action.batch,
            role=action.role,
            home=action.home,
            session=action.session,
            project=action.project,
            day=day,
        )


def _with_project_id(database: Database, arguments: dict[str, Any]) -> dict[str, Any]:
    """People choose a project by its label, which changes when another project of the same name
    appears: the edit log has its id."""
    label = arguments.get("project")
    row = database.first_row("projects.labelled", label=label) if label else None
    return {**arguments, "project": row["id"]} if row else arguments


@contextmanager
def recorded_command(database: Database, command: str) -> Iterator[None]:
    """Open a transaction that records a command.

    If the transaction fails, the command is also removed from the edit log, so that a command
    reported as failed is not replayed later.
    """
    try:
        with database.transaction():
            yield
    except BaseException as error:
        if isinstance(error, DatabaseError) and _is_stored(database, command):
            return  # The commit succeeded; only its confirmation was lost.
        EditLog(database.path).revoke(command)
        raise


def is_recorded(database: Database, command: str) -> bool:
    """Whether an action with this id was carried out."""
    return database.first_row("commands.known", ids=[command]) is not None


def _is_stored(database: Database, command: str) -> bool:
    try:
        return is_recorded(database, command)
    except DatabaseError:
        return False  # The caller raises the first error.


def _append_and_insert(database: Database, edit: LoggedEdit, done: int, now: datetime) -> None:
    mark = EditLog(database.path).append(edit)
    insert_command(database, edit, "done", done, now)
    database.run("commands.set_mark", mark=str(mark))


def insert_command(
    database: Database, edit: LoggedEdit, state: str, done: int, now: datetime
) -> None:
    """Insert the row of a command into the table `commands`."""
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


def move_batches(
    database: Database, action: BatchAction, now: datetime, max_attempts: int = MAX_ATTEMPTS
) -> None:
    """Move the batches in `matched` and write their history, inside the open transaction."""
    time = now.isoformat()
    if action.verb is Verb.RESET_ATTEMPTS:
        database.run("commands.reset_attempts", now=time)
        recorded, new = "reset_attempts", None
    else:
        recorded = MOVES[action.verb]
        new = TRANSITIONS[recorded].target
        most = None
        if action.verb is Verb.RETRY:
            most = attempts_after_manual_retry(max_attempts, max_attempts)
        database.run(
            "commands.move",
            new=new,
            until=_isoformat(action.until),
            most_attempts=most,
            now=time,
        )
    database.run(
        "commands.tell_moves",
        command=action.id,
        move=recorded,
        new=new,
        reason=action.reason,
        now=time,
    )


def pause_or_resume(database: Database, action: BatchAction, now: datetime) -> None:
    """Pause the queue for a user, or end every pause."""
    if action.verb is Verb.RESUME:
        database.run("queue.resume")
        return
    reason = f": {action.reason.rstrip('.')}" if action.reason else ""
    database.run(
        "commands.pause",
        code=PAUSED_BY_USER,
        message=f"Paused by {action.actor}{reason}.",
        hint="`tailboard batches resume` resumes it.",
        now=now.isoformat(),
    )


def _decode_items(rows: list[dict[str, Any]]) -> list[Item]:
    # The query returns one JSON list: faster than 100,000 separate rows.
    return msgspec.json.decode(rows[0]["items"], type=list[Item])


def _set_fields(selection: Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(selection)
    return {name: value for name, value in fields.items() if value not in (None, False)}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _isoformat(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
