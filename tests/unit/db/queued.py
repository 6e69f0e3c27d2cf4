"""A database with batches, without the files they would be read from."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.batches.batch import BatchKey, Kind
from ingest.batches.failure import Failure
from ingest.batches.state import State
from ingest.db import queue
from ingest.db.actions import ActionOutcome, execute_action
from ingest.db.commit_results import BatchEnd, end_recorded
from ingest.db.database import Database
from ingest.errors import ErrorClass

NOW = datetime(2026, 11, 21, 12, 0)
HOUR = timedelta(hours=1)


def opened(folder: Path, name: str = "tailboard.duckdb") -> Database:
    return Database(folder / name)


def key(source: int, start: int = 0, kind: Kind = Kind.INGEST) -> BatchKey:
    return BatchKey(kind, f"home/rollout/thread-{source}/", 0, start)


def add_source(database: Database, *sources: int, path: str = "/nowhere", **fields: Any) -> None:
    rows = [
        {
            "id": source,
            "home": "home",
            "kind": "rollout",
            "thread": f"thread-{source}",
            "segment": "",
            "path": path,
            "representation": "plain",
            "archived": False,
            "size": 100,
            "mtime_ns": 1,
            "state": "following",
        }
        | fields
        for source in sources
    ]
    with database.transaction():
        database.run_in_portions("registry.add_sources", "sources", rows, now=NOW.isoformat())


def add(
    database: Database, source: int, state: State, start: int = 0, kind: Kind = Kind.INGEST
) -> str:
    """Add a batch and move it to this state. A batch that ended has failed before: other ended
    batches keep no row."""
    one = key(source, start, kind)
    now = NOW - HOUR
    if database.first_row("queue.batch", id=one.id) is None:
        claim_batch(database, one, source, now)
    move_to(database, one.id, state, now)
    return one.id


def claim_batch(database: Database, one: BatchKey, source: int, now: datetime = NOW) -> None:
    claim = queue.Claim(one.id, one.kind, source, one.generation, one.start, one.start + 10)
    with database.transaction():
        queue.claim(database, [claim], now.isoformat())


def move_to(database: Database, batch: str, state: State, now: datetime) -> None:
    if state is State.FAILED:
        fail(database, batch, ErrorClass.TRANSIENT, now)
    elif state is State.DEAD:
        fail(database, batch, ErrorClass.DATA, now)
    elif state in (State.PENDING, State.CANCELLED, State.SNOOZED):
        for kind in Kind:
            queue.release(database, kind, now.isoformat())
        if state is State.CANCELLED:
            act(database, Verb.CANCEL, batch, now=now)
        elif state is State.SNOOZED:
            act(database, Verb.SNOOZE, batch, now=now, until=NOW + HOUR)
    elif state in (State.COMPLETED, State.COMPLETED_EMPTY, State.SUPERSEDED):
        fail(database, batch, ErrorClass.INTERRUPTED, now)
        with database.transaction():
            queue.claim(database, [claim_again(database, batch)], now.isoformat())
            end = BatchEnd(batch, state, None, 10, 1, 1, 0.1)
            assert end_recorded(database, [end], now.isoformat()) == 1


def claim_again(database: Database, batch: str) -> queue.Claim:
    (row,) = database.rows_in_transaction("queue.batch", id=batch)
    return queue.Claim(**{name: row[name] for name in queue.Claim.__struct_fields__})


def fail(
    database: Database,
    batch: str,
    cls: ErrorClass = ErrorClass.TRANSIENT,
    now: datetime = NOW,
    **fields: Any,
) -> queue.Step | None:
    failure = Failure(cls=cls, **({"code": "io_error", "message": "It broke."} | fields))
    return queue.record_failures(database, {batch: failure}, now, "auto").get(batch)


_numbers = iter(range(10**9))


def act(
    database: Database,
    verb: Verb,
    *ids: str,
    now: datetime = NOW,
    until: datetime | None = None,
    **fields: Any,
) -> ActionOutcome:
    """An action of a user on these batches, or on those of the selection."""
    selection = Selection(ids=ids) if ids else Selection(**fields)
    action = BatchAction(
        id=f"command {next(_numbers)}",
        verb=verb,
        selection=selection,
        actor="ada",
        reason="because",
        until=until,
    )
    return execute_action(database, action, now)


def state(database: Database, batch: str) -> State:
    return State(row(database, batch)["state"])


def row(database: Database, batch: str) -> dict[str, Any]:
    found = database.first_row("queue.batch", id=batch)
    assert found is not None
    return found


def moves_of(database: Database, batch: str) -> list[str]:
    """The moves of a batch, oldest first, in the words of its history."""
    con = database.reader()
    moves = con.execute("select move from batch_moves where batch = ? order by rowid", [batch])
    return [move for (move,) in moves.fetchall()]
