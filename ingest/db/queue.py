"""The queue as it is stored: claims, moves and their history, each a compare-and-set.

Which move follows from what is for `ingest.batches`; when to make it is for the worker.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ingest.batches.batch import BatchId
from ingest.batches.failure import OWNER_DIED, READER_DIED, ErrorClass, Failure
from ingest.batches.retry_policy import (
    LONGEST_DELAY,
    MAX_ATTEMPTS,
    PAUSED_BY_USER,
    GiveUp,
    Mode,
    PauseQueue,
    Release,
    Retry,
    attempts_after_manual_retry,
    next_step,
)
from ingest.batches.state import TRANSITIONS, Move, State, target
from ingest.db.database import Database

Step = Retry | GiveUp | PauseQueue | Release

FREE = sorted(TRANSITIONS[Move.CLAIM].sources)
"""The states a batch is claimed from."""


class Claim(Struct):
    """A batch as it is asked for: a range, and the lease it is to be held with."""

    id: str
    lease: str
    kind: str
    source: int
    generation: int
    start: int
    finish: int


def claim(database: Database, claims: list[Claim], by: str, now: str) -> None:
    """Claim what is free of these, inside the open transaction.

    One that is not free keeps the lease it has: whoever works on it without one fails to end it.
    """
    if not claims:
        return
    rows = [asdict(one) for one in claims]
    database.run("queue.tell_claims", batches=rows, free=FREE, now=now)
    database.run("queue.add", batches=rows, by=by, now=now)
    database.run("queue.claim_known", batches=rows, free=FREE, by=by, now=now)


class _Moved(Struct):
    """What a failure makes of one batch: its row, and the row of its history."""

    id: str
    lease: str
    move: str
    old: str
    new: str
    reason: str | None
    attempt: int
    attempts: int
    lifetime_attempts: int
    rescues: int
    retry_at: str | None
    error_code: str
    error_class: str
    error_message: str
    error_hint: str | None


def failed(
    database: Database,
    batch: str,
    lease: str,
    failure: Failure,
    now: datetime,
    actor: str = "auto",
    max_attempts: int = MAX_ATTEMPTS,
) -> Step | None:
    """Move a claimed batch to where its failure leads; None where the lease was lost."""
    steps = failed_together(database, {lease: (batch, failure)}, now, actor, max_attempts)
    return steps.get(batch)


def failed_together(
    database: Database,
    failures: Mapping[str, tuple[str, Failure]],
    now: datetime,
    actor: str,
    max_attempts: int = MAX_ATTEMPTS,
) -> dict[str, Step]:
    """The same for many, by their leases and all at once; without those whose lease was lost."""
    if not failures:
        return {}
    batches = [batch for batch, _ in failures.values()]
    steps: dict[str, Step] = {}
    moves: list[_Moved] = []
    with database.transaction():
        rescues: dict[str, list[datetime]] = {}
        for one in database.query("queue.deaths_since", batches=batches, code=READER_DIED.code):
            rescues.setdefault(one["batch"], []).append(one["time"])
        for row in database.query("queue.batches", batches=batches):
            batch, failure = failures.get(row["lease"], ("", OWNER_DIED))
            if batch == row["id"]:
                rescued_at = rescues.get(batch, [])
                steps[batch] = _step(row, failure, rescued_at, now, max_attempts)
                moves.append(_moved(row, failure, steps[batch]))
        values = {"moves": [asdict(one) for one in moves], "now": now.isoformat()}
        database.run("queue.move", **values)
        database.run("queue.tell_moves", **values, actor=actor)
    return steps


def _step(
    row: dict[str, Any],
    failure: Failure,
    rescued_at: list[datetime],
    now: datetime,
    max_attempts: int,
) -> Step:
    return next_step(
        failure,
        batch=BatchId(row["id"]),
        attempts=row["attempts"],
        rescued_at=[*rescued_at, now] if failure.cls is ErrorClass.POISON else rescued_at,
        now=now,
        max_attempts=max_attempts,
    )


def _moved(row: dict[str, Any], failure: Failure, step: Step) -> _Moved:
    charged = step.attempts - row["attempts"] if isinstance(step, Retry | GiveUp) else 0
    old = State(row["state"])
    return _Moved(
        id=row["id"],
        lease=row["lease"],
        move=step.move,
        old=old,
        new=target(step.move, old),
        reason=step.reason if isinstance(step, GiveUp | PauseQueue) else None,
        attempt=row["lifetime_attempts"] + 1,
        attempts=row["attempts"] + charged,
        lifetime_attempts=row["lifetime_attempts"] + charged,
        rescues=row["rescues"] + (step.move is Move.RESCUE or failure.cls is ErrorClass.POISON),
        retry_at=step.at.isoformat() if isinstance(step, Retry | GiveUp) and step.at else None,
        error_code=failure.code,
        error_class=failure.cls,
        error_message=failure.message,
        error_hint=failure.hint,
    )


def rescue(database: Database, by: str, now: datetime) -> int:
    """Free what a dead process held. The database's lock proves that it is dead."""
    orphans = database.rows("queue.orphans", by=by)
    held = {row["lease"]: (row["id"], OWNER_DIED) for row in orphans}
    failed_together(database, held, now, "startup-rescue")
    return len(orphans)


def release(database: Database, by: str, now: str) -> None:
    """Hand back, uncharged, all that `by` has claimed and works on no more."""
    with database.transaction():
        database.run("queue.tell_set_free", by=by, now=now)
        database.run("queue.set_free", by=by, now=now)


def wake(database: Database, batches: list[str], now: str) -> None:
    """Give batches that were given up one more attempt: what they failed on has changed."""
    if batches:
        with database.transaction():
            database.run("queue.tell_woken", batches=batches, now=now)
            database.run(
                "queue.wake",
                batches=batches,
                attempts=attempts_after_manual_retry(MAX_ATTEMPTS),
                now=now,
            )


def wake_due(database: Database, mode: Mode, now: str) -> None:
    """Let those whose time has come wait for work again."""
    latest = (datetime.fromisoformat(now) + LONGEST_DELAY).isoformat()
    with database.transaction():
        if database.run("queue.tell_due", mode=mode, now=now, latest=latest):
            database.run("queue.wake_due", mode=mode, now=now, latest=latest)
        if database.run("queue.tell_revived", mode=mode, now=now):
            database.run("queue.revive", mode=mode, now=now)


def claim_piece(database: Database, found: Claim, now: str) -> None:
    """Put a batch that a person decided about, before it was there, where they put it."""
    values = {
        "id": found.id,
        "kind": found.kind,
        "source": found.source,
        "generation": found.generation,
        "start": found.start,
        "finish": found.finish,
    }
    with database.transaction():
        if database.run("queue.take_up", **values, now=now):
            database.run("queue.tell_taken_up", id=found.id, now=now)
        database.run("queue.drop_decision", id=found.id)


def heartbeat(database: Database, by: str, now: str, silent: Sequence[str] = ()) -> None:
    """Say that `by` is still at work on what it holds, but for these leases."""
    with database.transaction():
        database.run("queue.beat", by=by, silent=list(silent), now=now)


def pause(database: Database, failure: Failure, now: str) -> None:
    """Stop the queue, with one message, until what stopped it is cured."""
    with database.transaction():
        database.run("queue.lift", by_person=PAUSED_BY_USER)
        database.run(
            "queue.pause",
            code=failure.code,
            message=failure.message,
            hint=failure.hint or "",
            now=now,
        )


def resume(database: Database) -> None:
    """Let the queue go on, where it stands still and no person stopped it."""
    if database.rows("queue.pauses"):
        with database.transaction():
            database.run("queue.lift", by_person=PAUSED_BY_USER)
