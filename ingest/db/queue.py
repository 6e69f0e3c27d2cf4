"""The queue as it is stored: claims, failures and their history.

A batch of bytes has a row while it is in progress or waits, so that after a crash the next start
finds the culprit. If it completes without a failure or an order of a person, the row goes and its
cursor counts it (`commit_results`); any other batch keeps its row and its history. One process
writes, so a claim needs no owner: a claimed batch that a starting process finds is an orphan.
`ingest.batches` decides which state follows; `ingest.pipeline` decides when.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ingest.batches.batch import BatchId, Kind
from ingest.batches.failure import OWNER_DIED, READER_DIED, Failure
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
from ingest.errors import ErrorClass

Step = Retry | GiveUp | PauseQueue | Release

CLAIMABLE = sorted(TRANSITIONS[Move.CLAIM].sources)
"""The states from which a batch can be claimed."""


class Claim(Struct):
    """A batch to claim, and its range."""

    id: str
    kind: str
    source: int
    generation: int
    start: int
    finish: int


def claim(database: Database, claims: list[Claim], now: str) -> int:
    """Claim which of these batches are claimable, inside the open transaction; return how many.

    Any other keeps its state, and ending it is refused: a person decided about it meanwhile.
    """
    if not claims:
        return 0
    rows = [asdict(batch) for batch in claims]
    claimed = database.run_in_portions(
        "queue.claim_known", "batches", rows, free=CLAIMABLE, now=now
    )
    if claimed < len(rows):
        claimed += database.run_in_portions("queue.add", "batches", rows, now=now)
    return claimed


class _Moved(Struct):
    """The new values of a failed batch and of its history row."""

    id: str
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


def record_failures(
    database: Database,
    failures: Mapping[str, Failure],
    now: datetime,
    actor: str,
    max_attempts: int = MAX_ATTEMPTS,
) -> dict[str, Step]:
    """Record the failures of claimed batches in one transaction; any other batch is skipped."""
    if not failures:
        return {}
    batches = list(failures)
    steps: dict[str, Step] = {}
    moves: list[_Moved] = []
    with database.transaction():
        deaths: dict[str, list[datetime]] = {}
        for death in database.rows_in_transaction(
            "queue.deaths_since", batches=batches, code=READER_DIED.code
        ):
            deaths.setdefault(death["batch"], []).append(death["time"])
        for row in database.rows_in_transaction("queue.claimed", batches=batches):
            batch, failure = row["id"], failures[row["id"]]
            steps[batch] = _step(row, failure, deaths.get(batch, []), now, max_attempts)
            moves.append(_moved(row, failure, steps[batch]))
        values = {"moves": [asdict(move) for move in moves], "now": now.isoformat()}
        database.run("queue.move", **values)
        database.run("queue.record_moves", **values, actor=actor)
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
    return _Moved(
        id=row["id"],
        move=step.move,
        old=State.CLAIMED,
        new=target(step.move, State.CLAIMED),
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


def rescue(database: Database, now: datetime) -> int:
    """Release the batches that an earlier process had claimed when it ended; return how many.

    Call when a process begins to write. It holds the database's lock, so no other works on them.
    """
    orphans = [row["id"] for row in database.rows("queue.orphans")]
    record_failures(database, dict.fromkeys(orphans, OWNER_DIED), now, "startup-rescue")
    return len(orphans)


def release(database: Database, kind: Kind, now: str) -> None:
    """Release all claimed batches of this kind, without counting an attempt."""
    with database.transaction():
        database.run("queue.release", kind=kind, now=now)


def retry_changed(database: Database, batches: list[str], now: str) -> None:
    """Give dead batches one more attempt, because their file has changed."""
    if batches:
        with database.transaction():
            database.run("queue.record_changed", batches=batches, now=now)
            database.run(
                "queue.retry_changed",
                batches=batches,
                attempts=attempts_after_manual_retry(MAX_ATTEMPTS),
                now=now,
            )


def wake_due(database: Database, mode: Mode, now: str) -> None:
    """Make failed and snoozed batches pending again when their time has come."""
    latest = (datetime.fromisoformat(now) + LONGEST_DELAY).isoformat()
    with database.transaction():
        database.run("queue.wake_due", mode=mode, now=now, latest=latest)
        if database.run("queue.record_revived", mode=mode, now=now):
            database.run("queue.revive", mode=mode, now=now)


def apply_decision(database: Database, batch: Claim, now: str) -> None:
    """Create a batch in the state that a replayed edit decided before the batch existed."""
    values = {
        "id": batch.id,
        "kind": batch.kind,
        "source": batch.source,
        "generation": batch.generation,
        "start": batch.start,
        "finish": batch.finish,
    }
    with database.transaction():
        if database.run("queue.add_decided", **values, now=now):
            database.run("queue.record_decision", id=batch.id, now=now)
        database.run("queue.drop_decision", id=batch.id)


def heartbeat(database: Database, kind: Kind, now: str, silent: Sequence[str] = ()) -> None:
    """Renew the heartbeat of all claimed batches of this kind, except of these."""
    with database.transaction():
        database.run("queue.beat", kind=kind, silent=list(silent), now=now)


def pause(database: Database, failure: Failure, now: str) -> None:
    """Pause the queue until the cause of the failure is resolved."""
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
    """Resume the queue unless a person paused it."""
    if database.rows("queue.pauses"):
        with database.transaction():
            database.run("queue.lift", by_person=PAUSED_BY_USER)
