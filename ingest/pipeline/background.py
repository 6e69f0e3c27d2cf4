"""Work of the queue that is no reading: done beside everything else, one piece at a time.

Promises that each piece is a batch like any other: claimed, leased, fenced, failed by its class,
retried and given up under the same rules; and that nothing waits for it. What the work is, where
it comes from and what is kept of it is said by who derives from `Beside`.
"""

import threading
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from ingest.batches.batch import BatchKey, Kind
from ingest.batches.failure import classify
from ingest.db import queue
from ingest.db.commit_results import BatchEnd
from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.run import Clock, RunSettings

HEARTBEAT_EVERY: Final = timedelta(seconds=5)

R = TypeVar("R")


class JobResult(Struct, Generic[R], frozen=True):
    """What came of a piece of work."""

    result: R
    count: int
    """How many things it made."""
    empty: str = "nothing to do"
    """Why, where it made none."""


class _Running(Struct, Generic[R]):
    """The one piece that is worked on, and for which batch."""

    claim: queue.Claim
    found: Row
    began: datetime
    beat: datetime
    made: JobResult[R] | None = None
    error: Exception | None = None
    thread: threading.Thread | None = None


class BackgroundJob(ABC, Generic[R]):
    """`step` it whenever there is time; `close` it at the end."""

    kind: Kind

    def __init__(
        self, database: Database, instance: str, *, tuning: RunSettings, clock: Clock
    ) -> None:
        self.database = database
        # A name of its own: what the reading part hands back when it stops is not this.
        self.instance = f"{instance}/{self.kind}"
        self.tuning = tuning
        self.clock = clock
        self.stop = threading.Event()
        self._running: _Running[R] | None = None
        self._idle_until: datetime | None = None
        self._left_behind = False

    @abstractmethod
    def waiting(self) -> Row | None:
        """A batch of this kind that waits: handed back, woken, or retried by a person."""

    @abstractmethod
    def due(self, now: datetime) -> Row | None:
        """Work that no batch stands for yet."""

    @abstractmethod
    def prepare(self, found: Row) -> Callable[[], JobResult[R]]:
        """What to do about it; what needs the database is read here, the rest runs in a thread."""

    @abstractmethod
    def save(self, found: Row, batch: str, result: R, now: datetime) -> None:
        """Store what came of it, inside the open transaction."""

    def step(self) -> None:
        """Take up what ended, and begin the next; never waits."""
        now = self.clock()
        if self._running is not None:
            if self._running.thread is not None and not self._running.thread.is_alive():
                self.finish()
            elif now - self._running.beat >= HEARTBEAT_EVERY:
                self._running.beat = now
                queue.heartbeat(self.database, self.instance, now.isoformat())
            return
        if self._idle_until is None or now >= self._idle_until:
            self._begin(now)

    def finish(self) -> None:
        """Wait for what runs, and store what came of it."""
        running, self._running = self._running, None
        if running is None:
            return
        if running.thread is not None:
            running.thread.join()
        try:
            if running.error is not None:
                raise running.error
            if running.made is not None:
                self._store(running, running.made)
        except Exception as error:  # noqa: BLE001 - the batch fails and says why, whatever it is
            self._left_behind = True
            queue.failed(
                self.database,
                running.claim.id,
                running.claim.lease,
                classify(error),
                self.clock(),
                max_attempts=self.tuning.max_attempts,
            )
            self._left_behind = False

    def close(self) -> None:
        """Stop what runs; its batch is handed back."""
        self.stop.set()
        self.finish()

    def _begin(self, now: datetime) -> None:
        if self._left_behind:
            # Not even its failure could be stored; nobody works on it any more.
            queue.release(self.database, self.instance, now.isoformat())
            self._left_behind = False
        queue.wake_due(self.database, self.tuning.retry, now.isoformat())
        found = None
        if not self.database.rows("queue.pauses"):
            found = self.waiting() or self.due(now)
        if found is None:
            self._idle_until = now + HEARTBEAT_EVERY
            return
        self._idle_until = None
        claim = self._claim(found)
        with self.database.transaction():
            queue.claim(self.database, [claim], self.instance, now.isoformat())
        held = self.database.one("queue.batch", id=claim.id)
        if held is None or held["lease"] != claim.lease:
            return  # It was decided about in between.
        running: _Running[R] = _Running(claim, found, now, now)
        self._running = running
        try:
            work = self.prepare(found)
        except Exception as error:  # noqa: BLE001 - as if it had failed in the thread
            running.error = error
            self.finish()
            return
        running.thread = threading.Thread(
            target=_run, args=(running, work), name=str(self.kind), daemon=True
        )
        running.thread.start()

    def _store(self, running: _Running[R], made: JobResult[R]) -> None:
        claim, now = running.claim, self.clock()
        end = BatchEnd(
            claim.id,
            claim.lease,
            "completed" if made.count else "completed_empty",
            None if made.count else made.empty,
            claim.finish,
            0,
            made.count,
            (now - running.began).total_seconds(),
        )
        values = {"ends": [asdict(end)], "now": now.isoformat()}
        with self.database.transaction():
            if not self.database.run("landing.end_batches", **values):
                return  # The lease is gone: whoever took it stores its own.
            self.database.run("landing.tell_ends", **values)
            self.save(running.found, claim.id, made.result, now)

    def _claim(self, found: Row) -> queue.Claim:
        key = BatchKey(
            self.kind, f"{found['home']}/{found['session']}", found["generation"], found["start"]
        )
        return queue.Claim(
            found.get("id") or key.id,
            uuid.uuid4().hex,
            self.kind,
            found["source"],
            found["generation"],
            found["start"],
            found["finish"],
        )


def _run(running: _Running[R], work: Callable[[], JobResult[R]]) -> None:
    try:
        running.made = work()
    except Exception as error:  # noqa: BLE001 - handed over to the thread that may store it
        running.error = error
