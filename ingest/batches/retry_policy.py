"""The retry policy: what to do after a failure (retry later, give up, pause the queue, release).

Deterministic: the jitter is computed from the id of the batch and the number of the attempt. The
pipeline carries out the decision.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import ClassVar, Final

import msgspec

from ingest.batches.batch import BatchId
from ingest.batches.failure import Failure
from ingest.batches.state import Move
from ingest.errors import ErrorClass

MAX_ATTEMPTS: Final = 8
FIRST_DELAY: Final = timedelta(seconds=5)
LONGEST_DELAY: Final = timedelta(minutes=15)
POISON_RESCUES: Final = 3
POISON_WINDOW: Final = timedelta(hours=72)
POISON_AGAIN: Final = timedelta(days=1)
"""Wait before a batch that failed as poison is retried automatically."""
RESOURCE_PAUSE: Final = timedelta(seconds=30)
PAUSED_BY_USER: Final = "paused by user"
"""The code of a pause that only a user ends."""


class Mode(StrEnum):
    """Who starts the next attempt of a failed batch."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    """A user; nothing is retried automatically."""


class Reason(StrEnum):
    """Why a batch was given up on."""

    PERMANENT = "permanent"
    EXHAUSTED = "exhausted"
    POISON = "poison"


class Retry(msgspec.Struct, frozen=True):
    """Retry automatically at this time."""

    move: ClassVar[Move] = Move.FAIL
    at: datetime
    attempts: int
    """The charged failures, including this one."""


class GiveUp(msgspec.Struct, frozen=True):
    """Give up until a user retries it, or until `at` if that is given."""

    move: ClassVar[Move] = Move.BURY
    reason: Reason
    attempts: int
    """The charged failures; rescues are not counted."""
    at: datetime | None = None
    """When it is retried automatically, if at all."""


class PauseQueue(msgspec.Struct, frozen=True):
    """No batch can succeed now. This one is released without charging an attempt."""

    move: ClassVar[Move] = Move.RELEASE
    reason: str
    """The failure's code."""
    until: datetime | None
    """When to try again; None: when a person resumes the queue."""


class Release(msgspec.Struct, frozen=True):
    """The batch is not, or not provably, the cause. Release it without charging an attempt."""

    move: Move


def longest_delay(attempt: int) -> timedelta:
    """The upper bound of the wait after the n-th failure: doubling, with a cap."""
    # Beyond the cap the power is not even computed: the number of attempts has no limit.
    doublings = max(attempt - 1, 0)
    if doublings >= (LONGEST_DELAY // FIRST_DELAY).bit_length():
        return LONGEST_DELAY
    return min(LONGEST_DELAY, FIRST_DELAY * (1 << doublings))


def backoff(batch: BatchId, attempt: int) -> timedelta:
    """The wait after the n-th failure (from 1): half of the bound, and up to as much again."""
    half = longest_delay(attempt) / 2
    return half + half * _chance(batch, attempt)


def _chance(batch: BatchId, attempt: int) -> float:
    """A number in [0, 1), even over batches and attempts, the same each time it is asked for."""
    digest = blake2b(f"{batch}:{attempt}".encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


def next_step(
    failure: Failure,
    *,
    batch: BatchId,
    attempts: int,
    rescued_at: Sequence[datetime],
    now: datetime,
    max_attempts: int = MAX_ATTEMPTS,
) -> Retry | GiveUp | PauseQueue | Release:
    """What to do with a claimed batch that ended with this failure.

    `attempts` are those charged before. `rescued_at` are the times at which a reader died while it
    read only this batch, since a user last retried it; with class poison, they include the present
    failure.
    """
    match failure.cls:
        case ErrorClass.CANCELLED:
            return Release(Move.RELEASE)
        case ErrorClass.INTERRUPTED:
            return Release(Move.RESCUE)
        case ErrorClass.CONFIG:
            return PauseQueue(failure.code, None)
        case ErrorClass.RESOURCE:
            return PauseQueue(failure.code, now + RESOURCE_PAUSE)
        case ErrorClass.POISON:
            recent = sum(1 for at in rescued_at if now - at <= POISON_WINDOW)
            if recent >= POISON_RESCUES:
                return GiveUp(Reason.POISON, attempts, now + POISON_AGAIN)
            return Release(Move.RESCUE)
        case ErrorClass.DATA:
            return GiveUp(Reason.PERMANENT, attempts + 1)
        case ErrorClass.TRANSIENT:
            charged = attempts + 1
            if charged >= max_attempts:
                return GiveUp(Reason.EXHAUSTED, charged)
            return Retry(now + backoff(batch, charged), charged)


def attempts_after_manual_retry(attempts: int, max_attempts: int = MAX_ATTEMPTS) -> int:
    """A retry by a user leaves at least one attempt, and never removes any."""
    return min(attempts, max_attempts - 1)
