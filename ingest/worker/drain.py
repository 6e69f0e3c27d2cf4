"""The worker: takes what changed, has it read, and stores it, until nothing is left.

Readers work ahead while parcels are stored here. Every batch is claimed before its facts are
stored, and what is stored moves the cursor in the same transaction; so this can stop at any point
and go on from there. Who calls it decides when, and with how many readers.
"""

import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct, field

from ingest.batches.batch import BatchKey
from ingest.batches.batch import Kind as Work
from ingest.batches.failure import OWNER_DIED, ErrorClass, Failure
from ingest.batches.policy import Bury, PauseQueue
from ingest.codex.state import FoldState
from ingest.store import queue
from ingest.store.database import Database
from ingest.store.landing import BatchEnd, CursorRow, Landing, land
from ingest.tail.cursor import restart
from ingest.tail.source import Kind, Representation
from ingest.worker import parcel as parcels
from ingest.worker.job import Done, Job, Parcel, Trouble
from ingest.worker.pool import InPlace, Pool, ReaderDied
from ingest.worker.survey import Followed

GROUP_BYTES = 12 * 1024**2
GROUP_SOURCES = 256
LANDING_BYTES = 48 * 1024**2
"""About as much is stored at once: a commit costs the same for much and for little."""
COMPRESSED_BATCH_BYTES = 128 * 1024**2
EVERYTHING = 1 << 50
_SET_FREE = Failure(
    code="set_free", cls=ErrorClass.CANCELLED, message="Its reader ended before it was begun."
)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, as times are stored: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


class Tuning(Struct, frozen=True):
    batch_bytes: int = 32 * 1024**2
    line_cap: int = 64 * 1024**2


class Report(Struct):
    """What a drain did."""

    sources: int = 0
    bytes_read: int = 0
    lines: int = 0
    facts: int = 0
    rejected: int = 0
    batches: dict[str, int] = field(default_factory=dict)
    paused: str | None = None


Progress = Callable[[Report, int], None]
"""Called after each parcel with the report so far and the bytes of the sources done."""


class _Task(Struct):
    """A source that is being read, as far as it was handed out."""

    source: Followed
    state: FoldState | None = None
    restarting: bool = False
    batch: str = ""


class Drain:
    """One drain of a list of changed sources."""

    def __init__(
        self,
        database: Database,
        instance: str,
        tuning: Tuning,
        clock: Clock = utc_now,
        progress: Progress | None = None,
        group_sources: int = GROUP_SOURCES,
    ) -> None:
        self.group_sources = group_sources
        self.database = database
        self.instance = instance
        self.tuning = tuning
        self.clock = clock
        self.progress = progress
        self.report = Report()
        self._waiting: deque[_Task] = deque()
        self._tasks: dict[str, _Task] = {}
        self._claims: list[queue.Claim] = []
        self._done_bytes = 0

    def run(self, sources: list[Followed], readers: Pool | InPlace) -> Report:
        """Read and store all that is new in these sources, in their order."""
        held = self._held_back()
        self._waiting.extend(
            _Task(source)
            for source in sources
            if (source.id, source.cursor.generation, source.cursor.offset) not in held
        )
        self.report.sources += len(self._waiting)
        self._hand_out(readers)
        self._land(Landing())
        held_parcels: list[Parcel] = []
        try:
            while readers.busy() and self.report.paused is None:
                for reader, parcel in self._take(readers):
                    held_parcels.append(parcel)
                    self._follow_on(parcel, readers, reader)
                # Readers get more to do before what they brought is stored: they never wait.
                self._hand_out(readers)
                if _size(held_parcels) >= LANDING_BYTES or not readers.busy():
                    self._store(held_parcels)
                    held_parcels = []
        finally:
            for parcel in held_parcels:
                parcels.discard(parcel)
        return self.report

    def _rescue(self, leases: list[str]) -> None:
        """Free what a dead reader had in hand; only what it worked on counts against a batch."""
        now = self.clock()
        for lease, task in self._tasks.items():
            failure = OWNER_DIED if lease in leases else _SET_FREE
            queue.failed(self.database, task.batch, lease, failure, now, "reader-rescue")
        self._tasks.clear()

    def _held_back(self) -> set[tuple[int, int, int]]:
        rows = self.database.rows("queue.held_back", now=self.clock().isoformat())
        return {(row["source"], row["generation"], row["start"]) for row in rows}

    def _take(self, readers: Pool | InPlace) -> list[tuple[int, Parcel]]:
        try:
            return readers.take()
        except ReaderDied as death:
            self._rescue(death.leases)
            raise

    def _hand_out(self, readers: Pool | InPlace) -> None:
        while self._waiting and readers.free():
            readers.give(self._group(), self.database.spool)

    def _group(self) -> list[Job]:
        """The next sources, about as much as is stored at once."""
        jobs: list[Job] = []
        size = 0
        while self._waiting and size < GROUP_BYTES and len(jobs) < self.group_sources:
            task = self._waiting.popleft()
            if task.source.read and task.state is None and not task.restarting:
                task.state = self._state(task.source)
            jobs.append(self._job(task))
            size += min(task.source.behind, self.tuning.batch_bytes)
        return jobs

    def _state(self, source: Followed) -> FoldState | None:
        row = self.database.one("registry.fold_state", source=source.id)
        if row is None or row["state"] is None:
            return None
        return msgspec.json.decode(row["state"], type=FoldState)

    def _job(self, task: _Task) -> Job:
        source = task.source
        name = source.name
        cursor = restart(source.cursor) if task.restarting else source.cursor
        identity = f"{source.home}/{name.kind}/{name.thread}/{name.segment}"
        key = BatchKey(Work.INGEST, identity, cursor.generation, cursor.offset)
        lease = uuid.uuid4().hex
        # A list that was rewritten is compared as a whole with what was known of it.
        whole = task.restarting and name.kind is Kind.HISTORY
        limit = EVERYTHING if whole else self.tuning.batch_bytes
        if source.representation is Representation.ZST:
            # Each opening unpacks the file from its start: few large batches, not many small ones.
            limit = max(limit, COMPRESSED_BATCH_BYTES)
        self._claims.append(
            queue.Claim(
                key.id,
                lease,
                Work.INGEST,
                source.id,
                cursor.generation,
                cursor.offset,
                source.size,
            )
        )
        task.batch = key.id
        self._tasks[lease] = task
        return Job(
            key.id,
            lease,
            source.id,
            name.kind,
            name.thread,
            source.path,
            source.representation,
            limit,
            self.tuning.line_cap,
            source.cursor,
            task.state,
            task.restarting,
        )

    def _land(self, landing: Landing) -> None:
        """Store what came back, and claim what was handed out since."""
        if not (landing.ends or self._claims):
            return
        landing.claims, self._claims = self._claims, []
        land(self.database, landing, self.instance, self.clock().isoformat())

    def _follow_on(self, parcel: Parcel, readers: Pool | InPlace, reader: int) -> None:
        """Hand out what comes after these batches, before they are stored: readers never wait."""
        following: list[Job] = []
        for done in parcel.done:
            task = self._tasks[done.lease]
            if done.outcome == "rewritten":
                next_task = _Task(task.source, restarting=True)
                following.append(self._job(next_task))
            elif done.outcome == "read" and done.more:
                self._advance(task, done)
                following.append(self._job(_Task(task.source, done.state)))
        if not following:
            return
        if isinstance(readers, Pool):
            readers.give(following, self.database.spool, reader)
        else:
            readers.give(following, self.database.spool)

    def _advance(self, task: _Task, done: Done) -> None:
        """What is known of the source, once this batch is stored."""
        source, tally = task.source, done.tally
        if source.cursor == done.cursor and source.read:
            return
        if done.replaces:
            source.lines = source.stored = source.rejected = source.blank = 0
            source.rewrites += 1
        source.cursor = done.cursor
        source.read = True
        source.partial = done.partial
        source.lines += tally.lines
        source.stored += tally.stored
        source.rejected += tally.rejected
        source.blank += tally.blank

    def _store(self, taken: list[Parcel]) -> None:
        now = self.clock().isoformat()
        landing = Landing()
        ended = [done for parcel in taken for done in parcel.done]
        for parcel in taken:
            for table, path in parcel.tables.items():
                landing.tables.setdefault(table, []).append(path)
        for done in ended:
            if done.outcome != "failed":
                task = self._tasks[done.lease]
                self._advance(task, done)
                self._add(landing, task, done, now)
        self._land(landing)
        for parcel in taken:
            parcels.discard(parcel)
        for done in ended:
            self._tasks.pop(done.lease)
            self._count(done)
            if done.trouble is not None:
                self._fail(done, done.trouble)
        if self.progress is not None:
            self.progress(self.report, self._done_bytes)

    def _add(self, landing: Landing, task: _Task, done: Done, now: str) -> None:
        source, cursor, tally = task.source, done.cursor, done.tally
        states = {"read": "completed", "empty": "completed_empty", "rewritten": "superseded"}
        landing.ends.append(
            BatchEnd(
                done.batch,
                done.lease,
                states[done.outcome],
                done.reason,
                cursor.offset,
                tally.lines,
                done.facts,
                done.seconds,
            )
        )
        if done.outcome == "rewritten":
            return
        landing.cursors.append(self._cursor_row(source, done, now))
        landing.stale += [(table, source.id, byte) for table, byte in done.stale]
        if done.replaces:
            merges = source.name.kind is Kind.HISTORY
            (landing.merged if merges else landing.replaced).append(source.id)

    def _cursor_row(self, source: Followed, done: Done, now: str) -> CursorRow:
        cursor = done.cursor
        state = done.state
        if state is None and done.outcome == "empty" and source.read:
            state = self._state(source)
        return CursorRow(
            source.id,
            cursor.generation,
            cursor.offset,
            cursor.size,
            cursor.mtime_ns,
            cursor.dev,
            cursor.inode,
            cursor.head_len,
            cursor.head_hash,
            cursor.tail_hash,
            done.partial,
            source.lines,
            source.stored,
            source.rejected,
            source.blank,
            source.rewrites,
            None if state is None else msgspec.json.encode(state).decode(),
            now,
        )

    def _count(self, done: Done) -> None:
        report = self.report
        report.bytes_read += done.bytes_read
        report.lines += done.tally.lines
        report.facts += done.facts
        report.rejected += done.tally.rejected
        self._done_bytes += max(0, done.cursor.offset - done.start)
        ended = {"read": "completed", "empty": "completed_empty", "rewritten": "superseded"}
        if done.outcome in ended:
            self._tell(ended[done.outcome])

    def _tell(self, state: str) -> None:
        self.report.batches[state] = self.report.batches.get(state, 0) + 1

    def _fail(self, done: Done, trouble: Trouble) -> None:
        failure = Failure(
            code=trouble.code,
            cls=ErrorClass(trouble.error_class),
            message=trouble.message,
            hint=trouble.hint,
        )
        now = self.clock()
        step = queue.failed(self.database, done.batch, done.lease, failure, now)
        self._tell("dead" if isinstance(step, Bury) else "failed")
        self._set_state(done, failure, now)
        if isinstance(step, PauseQueue):
            queue.pause(self.database, failure, now.isoformat())
            self.report.paused = failure.code

    def _set_state(self, done: Done, failure: Failure, now: datetime) -> None:
        states = {
            "source.missing": "missing",
            "source.unreadable": "unreadable",
            "source.damaged": "damaged",
            "source.too_large": "too_large",
        }
        state = states.get(failure.code, "following")
        with self.database.transaction():
            self.database.run(
                "registry.set_state",
                source=done.source,
                state=state,
                error_code=failure.code,
                error=failure.message,
                now=now.isoformat(),
            )


def _size(held: list[Parcel]) -> int:
    return sum(done.bytes_read for parcel in held for done in parcel.done)


def instance_id(pid: int, began: float) -> str:
    """What tells this process from every other that ever claimed a batch."""
    return f"{pid}@{began:.6f}"


def clean_start(database: Database, instance: str, clock: Clock = utc_now) -> int:
    """What the owner does first: empty the spool, free what a dead owner held."""
    parcels.sweep(Path(database.spool))
    return queue.rescue(database, instance, clock())
