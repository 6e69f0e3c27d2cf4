"""The worker: takes what changed, has it read, and stores it, until nothing is left.

Readers work ahead while parcels are stored here. Every batch is claimed before its facts are
stored, and what is stored moves the cursor in the same transaction; so this can stop at any point
and go on from there. Who calls it decides when, and with how many readers.
"""

import contextlib
import os
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from ingest.batches.batch import BatchKey
from ingest.batches.batch import Kind as Work
from ingest.batches.failure import OWNER_DIED, READER_DIED, ErrorClass, Failure
from ingest.batches.retry_policy import MAX_ATTEMPTS, GiveUp, Mode, PauseQueue
from ingest.codex.state import FoldState
from ingest.db import queue
from ingest.db.commit_results import BatchCommit, CursorRow, commit_results
from ingest.db.database import Database
from ingest.db.errors import StoreError, ValueRejected
from ingest.db.replay import replay
from ingest.pipeline import cursor_updates, source_errors
from ingest.pipeline import reader_output as parcels
from ingest.pipeline.batch_filter import BatchFilter
from ingest.pipeline.job import WHOLE, Job, JobDone, ReaderOutput, SourceFailure
from ingest.pipeline.reader_deaths import ReaderDeaths
from ingest.pipeline.readers import InProcessReader, ReaderDied, ReaderPool
from ingest.pipeline.scan import LISTS, TrackedFile
from ingest.tail.cursor import restart
from ingest.tail.source import Kind, Representation

GROUP_BYTES = 12 * 1024**2
GROUP_SOURCES = 256
COMMIT_BYTES = 30 * 1024**2
"""About as much is stored at once: a commit costs the same for much and for little."""
COMPRESSED_BATCH_BYTES = 128 * 1024**2
HEARTBEAT = timedelta(seconds=5)
"""How often a drain says that it is at work; six of them missed, and a batch is stuck."""
_READER_ENDED = Failure(
    code="set_free", cls=ErrorClass.CANCELLED, message="Its reader ended before it was begun."
)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, as times are stored: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


class RunSettings(Struct, frozen=True):
    batch_bytes: int = 32 * 1024**2
    line_cap: int = 64 * 1024**2
    retry: Mode = Mode.AUTOMATIC
    max_attempts: int = MAX_ATTEMPTS


class RunReport(Struct):
    """What a drain did."""

    sources: int = 0
    bytes_read: int = 0
    lines: int = 0
    facts: int = 0
    rejected: int = 0
    batches: dict[str, int] = field(default_factory=dict)
    paused: str | None = None


Progress = Callable[[RunReport, int], None]
"""Called after each parcel with the report so far and the bytes of the sources done."""


class _Task(Struct):
    """A source that is being read, as far as it was handed out."""

    source: TrackedFile
    state: FoldState | None = None
    restarting: bool = False
    batch: str = ""
    going_on: bool = False
    """Whether it follows on a batch of this drain, whose state need not be stored yet."""


class IngestRun:
    """One drain of a list of changed sources."""

    def __init__(
        self,
        database: Database,
        instance: str,
        tuning: RunSettings,
        clock: Clock = utc_now,
        progress: Progress | None = None,
        group_sources: int = GROUP_SOURCES,
        report: RunReport | None = None,
        deaths: ReaderDeaths | None = None,
    ) -> None:
        self.group_sources = group_sources
        self._alone = group_sources == 1
        """Whatever is wrong with one is found out by storing each by itself."""
        self.database = database
        self.instance = instance
        self.tuning = tuning
        self.clock = clock
        self.progress = progress
        self.landed: Callable[[list[JobDone]], None] = lambda _: None
        """Hears of every commit, and of what came to an end with it."""
        self.stopped: Callable[[], bool] = lambda: False
        """Asked again and again: whether to end now. What is stored by then is kept."""
        self.between: Callable[[], None] = lambda: None
        """Called again and again while this runs, whenever no transaction is open."""
        self.report = report or RunReport()
        """Goes on from that of a drain that this one takes the place of."""
        self._waiting: deque[_Task] = deque()
        self._tasks: dict[str, _Task] = {}
        self._deaths = deaths or ReaderDeaths()
        self._suspects: deque[_Task] = deque()
        """They are read one by one, each by a reader that has nothing else in hand."""
        self._isolated = ""
        """The lease of the one that is being read so."""
        self._rows: dict[str, CursorRow] = {}
        self._claims: list[queue.Claim] = []
        self._done_bytes = 0

    def run(self, sources: list[TrackedFile], readers: ReaderPool | InProcessReader) -> RunReport:
        """Read and store all that is new in these sources, in their order."""
        self._plan(sources)
        held: list[ReaderOutput] = []
        try:
            self._assign_jobs(readers)
            while self.report.paused is None and self._has_work(readers) and not self.stopped():
                self.between()
                self._heartbeat(readers)
                if not readers.busy():
                    self._assign_or_isolate(readers)
                if self._claims and not held:
                    # Before it is read: whatever that does to us, the next start knows of it.
                    self._commit([])
                for _, parcel in readers.take():
                    held.append(parcel)
                    self._queue_next_batches(parcel)
                # Readers get more to do before what they brought is stored: they never wait.
                self._assign_jobs(readers)
                if self._alone:
                    for parcel in held:
                        self._store([parcel])
                    held = []
                elif not readers.ahead or not readers.busy() or _size(held) >= COMMIT_BYTES:
                    self._store(held)
                    held = []
            if self.report.paused is None and not self._has_work(readers):
                self._gate.resume()
        except ReaderDied as death:
            self._store(held)
            self._handle_reader_death(death)
            raise
        finally:
            for parcel in held:
                parcels.discard(parcel)
            self._release_claims()
        return self.report

    def _plan(self, sources: list[TrackedFile]) -> None:
        """What is read, and in which order: a batch that somebody died of goes last, and alone. But
        history goes first in any case: what is not read of it in time, Codex may cut away.
        """
        now = self._now()
        # What an earlier drain of this process could not end is worked on by nobody any more.
        queue.release(self.database, self.instance, now)
        self._gate = gate = BatchFilter(self.database, self.tuning.retry, now)
        self._beat = self.clock()
        self.report.paused = gate.stopped
        if gate.stopped is not None:
            return
        gate.wake_changed(sources)
        for task in map(_Task, sources):
            if self._is_allowed(task):
                (self._suspects if gate.is_suspect(task.source) else self._waiting).append(task)
        self.report.sources += len(self._waiting) + len(self._suspects)

    def _is_allowed(self, task: _Task) -> bool:
        """Whether nobody holds the next batch of this source back."""
        if not task.restarting and not self._gate.admits(task.source):
            return False
        return not (self._gate.decided and self._gate.holds_back(self._claim(task)))

    def _has_work(self, readers: ReaderPool | InProcessReader) -> bool:
        return bool(readers.busy() or self._waiting or self._suspects)

    def _assign_or_isolate(self, readers: ReaderPool | InProcessReader) -> None:
        """What the readers do next, once all that they brought is stored."""
        self._assign_jobs(readers)
        if not readers.busy():
            self._read_isolated(readers)

    def _read_isolated(self, readers: ReaderPool | InProcessReader) -> None:
        job = self._first_job(self._suspects.popleft())
        job.isolated = True
        job.report_lines_near, job.lines_to_skip = self._deaths.near(job.batch), self._deaths.aside(job.batch)
        self._isolated = job.lease
        readers.give([job], self.database.spool)

    def _now(self) -> str:
        return self.clock().isoformat()

    def _release_claims(self) -> None:
        """Hand back what is still claimed; where that fails, the next drain or start does it."""
        if self._tasks:
            with contextlib.suppress(StoreError):
                queue.release(self.database, self.instance, self._now())

    def _handle_reader_death(self, death: ReaderDied) -> None:
        """Free what a dead reader had in hand; only what it worked on counts against a batch."""
        blamed = {lease: task for lease, task in self._tasks.items() if lease in death.leases}
        failure = death.failure
        if failure is OWNER_DIED and not death.asked and death.leases == [self._isolated]:
            if death.place is None:
                failure = READER_DIED
            else:
                self._deaths.died(self._tasks[self._isolated].batch, death.place)
        queue.failed_together(
            self.database,
            {
                lease: (task.batch, failure if lease in blamed else _READER_ENDED)
                for lease, task in self._tasks.items()
            },
            self.clock(),
            "reader-rescue",
        )
        if failure is not OWNER_DIED:
            # A file on a disk that hangs is read by a process that can be ended, from now on.
            seen = [(task.source.id, failure) for task in blamed.values()]
            source_errors.record_errors(self.database, seen, self._now())
            self._count_state("failed", len(blamed))
        self._tasks.clear()

    def _assign_jobs(self, readers: ReaderPool | InProcessReader) -> None:
        if not self._tasks and self._suspects and self._suspects[0].source.name.kind in LISTS:
            self._read_isolated(readers)
        while self._waiting and readers.free() and self._isolated not in self._tasks:
            if self._gate.probing and self._tasks:
                return  # One at a time, until one goes well.
            readers.give(self._next_group(), self.database.spool)

    def _next_group(self) -> list[Job]:
        """The next sources, about as much as is stored at once."""
        jobs: list[Job] = []
        size = 0
        most = 1 if self._gate.probing else self.group_sources
        while self._waiting and size < GROUP_BYTES and len(jobs) < most:
            task = self._waiting.popleft()
            jobs.append(self._first_job(task))
            size += min(task.source.behind, self.tuning.batch_bytes)
        return jobs

    def _stored_state(self, source: TrackedFile) -> FoldState | None:
        row = self.database.one("registry.fold_state", source=source.id)
        if row is None or row["state"] is None:
            return None
        return msgspec.json.decode(row["state"], type=FoldState)

    def _first_job(self, task: _Task) -> Job:
        """The first job of a source goes on from the fold state that is stored."""
        if task.source.read and not task.going_on:
            task.state = self._stored_state(task.source)
        return self._job(task)

    def _claim(self, task: _Task) -> queue.Claim:
        source, name = task.source, task.source.name
        cursor = restart(source.cursor) if task.restarting else source.cursor
        identity = f"{source.home}/{name.kind}/{name.thread}/{name.segment}"
        key = BatchKey(Work.INGEST, identity, cursor.generation, cursor.offset)
        known = self._gate.waiting((source.id, cursor.generation, cursor.offset))
        return queue.Claim(
            known or key.id,
            uuid.uuid4().hex,
            Work.INGEST,
            source.id,
            cursor.generation,
            cursor.offset,
            source.size,
        )

    def _job(self, task: _Task) -> Job:
        source, name = task.source, task.source.name
        claim = self._claim(task)
        # A list that was rewritten is compared as a whole with what was known of it.
        whole = task.restarting and name.kind is Kind.HISTORY
        limit = WHOLE if whole else self.tuning.batch_bytes
        if source.representation is Representation.ZST:
            # Each opening unpacks the file from its start: few large batches, not many small ones.
            limit = max(limit, COMPRESSED_BATCH_BYTES)
        self._claims.append(claim)
        task.batch = claim.id
        self._tasks[claim.lease] = task
        return Job(
            claim.id,
            claim.lease,
            source.id,
            name.kind,
            name.thread,
            os.fsencode(source.path),
            source.representation,
            limit,
            self.tuning.line_cap,
            source.cursor,
            task.state,
            task.restarting,
        )

    def _commit(self, landings: list[BatchCommit]) -> None:
        """Store what came back, and claim what was handed out since."""
        claims, self._claims = self._claims, []
        if landings or claims:
            commit_results(self.database, landings, claims, self.instance, self._now())
        if self._gate.probing and any(landing.ends for landing in landings):
            self._gate.resume()

    def _heartbeat(self, readers: ReaderPool | InProcessReader) -> None:
        """Of a reader that takes its time, too: its batch is slow, and not stuck. Of one that gives
        no sign of life itself nothing is said, and so its batch comes to be shown as stuck."""
        if self.clock() - self._beat >= HEARTBEAT:
            self._beat = self.clock()
            queue.heartbeat(self.database, self.instance, self._now(), readers.silent())

    def _queue_next_batches(self, parcel: ReaderOutput) -> None:
        """What comes after these batches is handed out before they are stored: readers never wait.
        But the sources take turns: it comes after those that still wait for their first.
        """
        for done in parcel.done:
            task = self._tasks[done.lease]
            following_task = None
            if done.outcome == "rewritten":
                following_task = _Task(task.source, task.state, restarting=True, going_on=True)
            elif done.outcome != "failed":
                state = done.state if done.outcome == "read" else task.state
                cursor_updates.advance(task.source, done)
                self._rows[done.lease] = cursor_updates.cursor_row(task.source, state, self._now())
                if done.more:
                    following_task = _Task(task.source, done.state, going_on=True)
            if following_task is not None and self._is_allowed(following_task):
                self._waiting.append(following_task)

    def _store(self, taken: list[ReaderOutput]) -> None:
        ended = [done for parcel in taken for done in parcel.done]
        sources = (self._tasks[done.lease].source for done in ended)
        lists = {source.id for source in sources if source.name.kind is Kind.HISTORY}
        try:
            self._commit(cursor_updates.batch_commits(taken, self._rows, lists))
        except ValueRejected as error:
            if len(ended) == 1:
                self._give_up(ended[0], error)
            raise
        self.landed(ended)
        for parcel in taken:
            parcels.discard(parcel)
        seen = self._record_failures([done for done in ended if done.trouble is not None])
        for done in ended:
            task = self._tasks.pop(done.lease)
            self._rows.pop(done.lease, None)
            self._count_done(done)
            if done.trouble is None and task.source.troubled and done.outcome != "rewritten":
                seen.append((done.source, None))
                task.source.troubled = task.source.hung = False
        source_errors.record_errors(self.database, seen, self._now())
        if self.progress is not None:
            self.progress(self.report, self._done_bytes)
        if self._waiting or self._suspects or self._tasks:
            self.report.paused = self.report.paused or self._gate.pause_code()

    def _give_up(self, done: JobDone, error: ValueRejected) -> None:
        """This one cannot be stored: it is given up, so that all others can be."""
        trouble = SourceFailure(error.code, error.error_class, error.message, error.hint)
        seen = self._record_failures([replace(done, trouble=trouble)])
        source_errors.record_errors(self.database, seen, self._now())

    def _count_done(self, done: JobDone) -> None:
        report = self.report
        report.bytes_read += done.bytes_read
        report.lines += done.tally.lines
        report.facts += done.facts
        report.rejected += done.tally.rejected
        self._done_bytes += max(0, done.cursor.offset - done.start)
        if done.outcome in cursor_updates.ENDS:
            self._count_state(cursor_updates.ENDS[done.outcome])

    def _count_state(self, state: str, count: int = 1) -> None:
        self.report.batches[state] = self.report.batches.get(state, 0) + count

    def _record_failures(self, troubled: list[JobDone]) -> list[source_errors.Outcome]:
        """Move what failed to where that leads, all together; what is said of the sources now."""
        failures = {
            done.lease: (done.batch, source_errors.to_failure(done.trouble)) for done in troubled
        }
        now = self.clock()
        steps = queue.failed_together(
            self.database, failures, now, "auto", self.tuning.max_attempts
        )
        for batch, failure in failures.values():
            step = steps.get(batch)
            self._count_state("dead" if isinstance(step, GiveUp) else "failed")
            if isinstance(step, PauseQueue):
                queue.pause(self.database, failure, now.isoformat())
                self.report.paused = failure.code
        return [(done.source, failures[done.lease][1]) for done in troubled]


def _size(held: list[ReaderOutput]) -> int:
    return sum(done.bytes_read for parcel in held for done in parcel.done)


def instance_id(pid: int, began: float) -> str:
    """What tells this process from every other that ever claimed a batch."""
    return f"{pid}@{began:.6f}"


def clean_start(database: Database, instance: str, clock: Clock = utc_now) -> None:
    """What the owner does first: empty the spool, free what a dead owner held."""
    parcels.empty_spool(Path(database.spool))
    replay(database, clock())
    queue.rescue(database, instance, clock())
