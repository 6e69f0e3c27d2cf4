"""Background jobs: batches that do not read files, run one at a time in a thread.

Each is a batch with the same claims, error classes, retries and limits as the batches of files, and
never blocks the owner. A completed one keeps its row: it says how far the work has come. Subclasses
of `BackgroundJob` find, run and save the work.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from msgspec import Struct

from ingest import log
from ingest.batches.batch import BatchKey, Kind
from ingest.batches.failure import Failure, classify
from ingest.db import queue
from ingest.db.commit_results import BatchEnd, end_recorded
from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.run import RunSettings
from ingest.text.times import Clock

HEARTBEAT_EVERY: Final = timedelta(seconds=5)
_LOOK_SECONDS: Final = 0.2
"""How often to look whether the work in the thread has ended."""
LOOK_EVERY: Final = timedelta(seconds=30)
"""How often to look for work that is due by time alone; after a commit it is looked for at the next
heartbeat."""

R = TypeVar("R")


class JobResult(Struct, Generic[R], frozen=True):
    """Result of one batch."""

    result: R
    count: int
    """Number of things it produced."""
    empty: str = "nothing to do"
    """Why, if it produced nothing."""


class _Running(Struct, Generic[R]):
    """The running work and its batch."""

    claim: queue.Claim
    found: Row
    began: datetime
    beat: datetime
    result: JobResult[R] | None = None
    error: Exception | None = None
    thread: threading.Thread | None = None


class BackgroundJob(ABC, Generic[R]):
    """The owner calls `step` between rounds and `close` at the end."""

    kind: Kind

    def __init__(self, database: Database, *, tuning: RunSettings, clock: Clock) -> None:
        self.database = database
        self.tuning = tuning
        self.clock = clock
        self.stop = threading.Event()
        self._running: _Running[R] | None = None
        self._idle: tuple[datetime, int] | None = None
        """When there was nothing to do, and the number of commits then."""
        self._unreleased = False

    @abstractmethod
    def waiting(self) -> Row | None:
        """A pending batch of this kind: released, woken, or retried by a user."""

    @abstractmethod
    def due(self, now: datetime) -> Row | None:
        """Work that has no batch yet."""

    @abstractmethod
    def prepare(self, found: Row) -> Callable[[], JobResult[R]]:
        """Read what the work needs from the database; return the function to run in the thread."""

    @abstractmethod
    def save(self, found: Row, batch: str, result: R, now: datetime) -> None:
        """Store the result inside the open transaction."""

    def source_key(self, found: Row) -> str:
        """What the id of the batch is made of, besides its kind, generation and start."""
        return f"{found['home']}/{found['session']}"

    def on_claim(self, found: Row, batch: str) -> None:
        """Store what belongs to the batch, inside the transaction that claims it."""

    def on_failure(self, batch: str, failure: Failure) -> None:
        """Store what belongs to a failed attempt, after the failure of the batch."""

    def step(self) -> float | None:
        """Save finished work, and start the next; does not block. Returns when to look again."""
        now, worked = self.clock(), self._running is not None
        if self._running is not None:
            if self._running.thread is not None and not self._running.thread.is_alive():
                self.finish()
            elif now - self._running.beat >= HEARTBEAT_EVERY:
                self._running.beat = now
                queue.heartbeat(self.database, self.kind, now.isoformat())
        elif self._is_look_due(now):
            self._begin(now)
        return _LOOK_SECONDS if worked or self._running is not None else None

    def finish(self) -> bool:
        """Wait for the running work, and store its result or failure. Return whether there was work
        and it succeeded."""
        running, self._running = self._running, None
        if running is None:
            return False
        if running.thread is not None:
            running.thread.join()
        try:
            if running.error is not None:
                raise running.error
            if running.result is not None:
                self._store(running, running.result)
        except Exception as error:  # noqa: BLE001 - recorded as the failure of the batch
            log.unexpected(error)
            self._unreleased = True
            failure = classify(error)
            queue.record_failures(
                self.database,
                {running.claim.id: failure},
                self.clock(),
                "auto",
                self.tuning.max_attempts,
            )
            self._unreleased = False
            self.on_failure(running.claim.id, failure)
            return False
        return running.result is not None

    def run_pending(self) -> None:
        """Run what is pending, one batch after the other, and wait for it."""
        while self.waiting() is not None:
            self._begin(self.clock())
            if self._running is None:
                return  # The queue is paused.
            self.finish()

    def close(self) -> None:
        """Stop the running work; its batch is released."""
        self.stop.set()
        self.finish()

    def _is_look_due(self, now: datetime) -> bool:
        if self._idle is None:
            return True
        at, commits = self._idle
        changed = commits != self.database.commits.count
        return now - at >= (HEARTBEAT_EVERY if changed else LOOK_EVERY)

    def _begin(self, now: datetime) -> None:
        if self._unreleased:
            # The failure itself could not be stored, so the batch is still claimed.
            queue.release(self.database, self.kind, now.isoformat())
            self._unreleased = False
        queue.wake_due(self.database, self.tuning.retry, now.isoformat())
        found = None
        if not self.database.rows("queue.pauses"):
            found = self.waiting() or self.due(now)
        if found is None:
            self._idle = now, self.database.commits.count
            return
        self._idle = None
        self._start(found, now)

    def _start(self, found: Row, now: datetime) -> None:
        claim = self._claim(found)
        with self.database.transaction():
            if not queue.claim(self.database, [claim], now.isoformat()):
                return  # A user action changed it in the meantime.
            self.on_claim(found, claim.id)
        running: _Running[R] = _Running(claim, found, now, now)
        self._running = running
        try:
            work = self.prepare(found)
        except Exception as error:  # noqa: BLE001 - handled like a failure in the thread
            running.error = error
            self.finish()
            return
        running.thread = threading.Thread(
            target=_run, args=(running, work), name=str(self.kind), daemon=True
        )
        running.thread.start()

    def _store(self, running: _Running[R], result: JobResult[R]) -> None:
        claim, now = running.claim, self.clock()
        end = BatchEnd(
            claim.id,
            "completed" if result.count else "completed_empty",
            None if result.count else result.empty,
            claim.finish,
            0,
            result.count,
            (now - running.began).total_seconds(),
        )
        with self.database.transaction():
            if not end_recorded(self.database, [end], now.isoformat()):
                return  # It was released or reset meanwhile: the next run stores its own result.
            self.save(running.found, claim.id, result.result, now)

    def _claim(self, found: Row) -> queue.Claim:
        key = BatchKey(self.kind, self.source_key(found), found["generation"], found["start"])
        return queue.Claim(
            found.get("id") or key.id,
            self.kind,
            found["source"],
            found["generation"],
            found["start"],
            found["finish"],
        )


def _run(running: _Running[R], work: Callable[[], JobResult[R]]) -> None:
    try:
        running.result = work()
    except Exception as error:  # noqa: BLE001 - recorded by `finish`
        running.error = error
