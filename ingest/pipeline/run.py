"""An ingest run: reads changed sources batch by batch and stores them until nothing is left.

Readers work ahead while their output is stored here. Every batch is claimed before its facts are
stored, and facts and cursor are stored in one transaction, so a run can stop at any point and a
later one continues there. The caller decides when to run, and with how many readers.
"""

import os
from collections import deque
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest import log
from ingest.actions import RunReport
from ingest.batches.batch import BatchKey
from ingest.batches.batch import Kind as Work
from ingest.batches.failure import OWNER_DIED, READER_DIED, Failure
from ingest.batches.retry_policy import MAX_ATTEMPTS, GiveUp, Mode, PauseQueue
from ingest.codex.state import FoldState
from ingest.db import queue
from ingest.db.commit_results import BatchCommit, CursorRow, commit_results
from ingest.db.database import Database
from ingest.db.replay import replay
from ingest.errors import DatabaseError, ErrorClass, ValueRejected
from ingest.pipeline import cursor_updates, reader_output, source_errors
from ingest.pipeline.batch_filter import BatchFilter
from ingest.pipeline.job import WHOLE, Job, JobDone, ReaderOutput, SourceFailure
from ingest.pipeline.reader_deaths import ReaderDeaths
from ingest.pipeline.reader_pool import InProcessReader, ReaderDied, ReaderPool
from ingest.pipeline.scan import LISTS, TrackedFile
from ingest.tail.cursor import restart
from ingest.tail.source import Kind, Representation
from ingest.text.times import Clock, utc_now

GROUP_BYTES = 12 * 1024**2
GROUP_SOURCES = 256
COMMIT_BYTES = 64 * 1024**2
"""Approximate size of one commit: a commit costs the same for much and for little."""
COMPRESSED_BATCH_BYTES = 128 * 1024**2
HEARTBEAT = timedelta(seconds=5)
"""Interval of heartbeats. After six missed ones a batch counts as stuck."""
_READER_ENDED = Failure(
    code="set_free", cls=ErrorClass.CANCELLED, message="The reader process died before reading it."
)


class RunSettings(Struct, frozen=True):
    batch_bytes: int = 32 * 1024**2
    line_cap: int = 64 * 1024**2
    retry: Mode = Mode.AUTOMATIC
    max_attempts: int = MAX_ATTEMPTS


Progress = Callable[[RunReport, int], None]
"""Called after each commit with the report so far and the bytes that are done."""


class _Task(Struct):
    """A source of this run, and what its next batch starts from."""

    source: TrackedFile
    state: FoldState | None = None
    restarting: bool = False
    continued: bool = False
    """Whether it continues a batch of this run, whose fold state may not be stored yet."""


class IngestRun:
    """One run over a list of changed sources."""

    def __init__(
        self,
        database: Database,
        tuning: RunSettings,
        clock: Clock = utc_now,
        progress: Progress | None = None,
        group_sources: int = GROUP_SOURCES,
        report: RunReport | None = None,
        deaths: ReaderDeaths | None = None,
    ) -> None:
        self.group_sources = group_sources
        self._one_by_one = group_sources == 1
        """Store each output in its own commit, to find the batch that cannot be stored."""
        self.database = database
        self.tuning = tuning
        self.clock = clock
        self.progress = progress
        self.on_commit: Callable[[list[JobDone]], None] = lambda _: None
        """Called after every commit with the jobs that ended with it."""
        self.is_stopped: Callable[[], bool] = lambda: False
        """Polled during the run: whether to stop now. What is stored stays."""
        self.between_commits: Callable[[], None] = lambda: None
        """Called repeatedly during the run while no transaction is open."""
        self.report = report or RunReport()
        """Continues the report of the run that this one replaces, if any."""
        self._waiting: deque[_Task] = deque()
        self._tasks: dict[str, _Task] = {}
        self._deaths = deaths or ReaderDeaths()
        self._suspects: deque[_Task] = deque()
        """A process died while it read these: each is read by a reader that has no other job."""
        self._isolated = ""
        """The suspect that is being read."""
        self._rows: dict[str, CursorRow] = {}
        self._claims: list[queue.Claim] = []
        self._done_bytes = 0

    def run(self, sources: list[TrackedFile], readers: ReaderPool | InProcessReader) -> RunReport:
        """Read and store everything that is new in these sources, in their order."""
        self._plan(sources)
        unstored: list[ReaderOutput] = []
        try:
            self._assign_jobs(readers)
            while self.report.paused is None and self._has_work(readers) and not self.is_stopped():
                self.between_commits()
                self._heartbeat(readers)
                if not readers.busy():
                    self._assign_or_isolate(readers)
                if self._claims and not unstored:
                    # Claim before reading: after a crash the next start knows the culprit.
                    self._commit([])
                for _, output in readers.collect():
                    unstored.append(output)
                    self._queue_next_batches(output)
                # Assign more jobs before storing the output, so that readers never wait.
                self._assign_jobs(readers)
                if self._one_by_one:
                    for output in unstored:
                        self._store([output])
                    unstored = []
                elif (
                    not readers.reads_ahead or not readers.busy() or _size(unstored) >= COMMIT_BYTES
                ):
                    self._store(unstored)
                    unstored = []
            if self.report.paused is None and not self._has_work(readers):
                self._filter.resume()
        except ReaderDied as death:
            self._store(unstored)
            self._handle_reader_death(death)
            raise
        finally:
            for output in unstored:
                reader_output.discard(output)
            self._release_claims()
        return self.report

    def _plan(self, sources: list[TrackedFile]) -> None:
        """Select the sources to read. Batches that killed a process come last, each isolated,
        except for `history.jsonl`: Codex trims it, so it is read first.
        """
        now = self._now()
        # Release the batches that an earlier run of this process could not finish.
        queue.release(self.database, Work.INGEST, now)
        self._filter = batch_filter = BatchFilter(self.database, self.tuning.retry, now)
        self._heartbeat_at = self.clock()
        self.report.paused = batch_filter.stopped
        if batch_filter.stopped is not None:
            return
        batch_filter.wake_changed(sources)
        for task in map(_Task, sources):
            if self._is_allowed(task):
                (self._suspects if batch_filter.is_suspect(task.source) else self._waiting).append(
                    task
                )
        self.report.sources += len(self._waiting) + len(self._suspects)

    def _is_allowed(self, task: _Task) -> bool:
        """Whether the next batch of this source may be read now."""
        if not task.restarting and not self._filter.admits(task.source):
            return False
        return not (self._filter.decided and self._filter.holds_back(self._claim(task)))

    def _has_work(self, readers: ReaderPool | InProcessReader) -> bool:
        return bool(readers.busy() or self._waiting or self._suspects)

    def _assign_or_isolate(self, readers: ReaderPool | InProcessReader) -> None:
        """Give idle readers the next group, or the next suspect if no group is left."""
        self._assign_jobs(readers)
        if not readers.busy():
            self._read_isolated(readers)

    def _read_isolated(self, readers: ReaderPool | InProcessReader) -> None:
        job = self._first_job(self._suspects.popleft())
        job.isolated = True
        job.report_lines_near, job.lines_to_skip = (
            self._deaths.last_byte(job.batch),
            self._deaths.lines_to_skip(job.batch),
        )
        self._isolated = job.batch
        readers.submit([job], self.database.spool)

    def _now(self) -> str:
        return self.clock().isoformat()

    def _release_claims(self) -> None:
        """Release the batches that are still claimed. If that fails, the next run does it."""
        if self._tasks:
            with log.suppress("Releasing claimed batches", DatabaseError):
                queue.release(self.database, Work.INGEST, self._now())

    def _handle_reader_death(self, death: ReaderDied) -> None:
        """Release the batches of a dead reader. Only those of its current group are charged."""
        blamed = {batch: task for batch, task in self._tasks.items() if batch in death.batches}
        failure = death.failure
        if failure is OWNER_DIED and not death.requested and death.batches == [self._isolated]:
            if death.place is None:
                failure = READER_DIED
            else:
                self._deaths.record(self._isolated, death.place)
        queue.record_failures(
            self.database,
            {batch: failure if batch in blamed else _READER_ENDED for batch in self._tasks},
            self.clock(),
            "reader-rescue",
        )
        if failure is not OWNER_DIED:
            # From now on these files are read by a process that can be killed.
            seen = [(task.source.id, failure) for task in blamed.values()]
            source_errors.record_errors(self.database, seen, self._now())
            self._count_state("failed", len(blamed))
        self._tasks.clear()

    def _assign_jobs(self, readers: ReaderPool | InProcessReader) -> None:
        if not self._tasks and self._suspects and self._suspects[0].source.name.kind in LISTS:
            self._read_isolated(readers)
        while self._waiting and readers.has_capacity() and self._isolated not in self._tasks:
            if self._filter.probing and self._tasks:
                return  # One source at a time, until one succeeds.
            readers.submit(self._next_group(), self.database.spool)

    def _next_group(self) -> list[Job]:
        """Jobs for the next sources, limited by bytes and number."""
        jobs: list[Job] = []
        size = 0
        most = 1 if self._filter.probing else self.group_sources
        while self._waiting and size < GROUP_BYTES and len(jobs) < most:
            task = self._waiting.popleft()
            jobs.append(self._first_job(task))
            size += min(task.source.behind, self.tuning.batch_bytes)
        return jobs

    def _stored_state(self, source: TrackedFile) -> FoldState | None:
        row = self.database.first_row("registry.fold_state", source=source.id)
        if row is None or row["state"] is None:
            return None
        return msgspec.json.decode(row["state"], type=FoldState)

    def _first_job(self, task: _Task) -> Job:
        """The first job of a source in this run; it continues from the stored fold state."""
        if task.source.read and not task.continued:
            task.state = self._stored_state(task.source)
        return self._job(task)

    def _claim(self, task: _Task) -> queue.Claim:
        source, name = task.source, task.source.name
        cursor = restart(source.cursor) if task.restarting else source.cursor
        identity = f"{source.home}/{name.kind}/{name.thread}/{name.segment}"
        key = BatchKey(Work.INGEST, identity, cursor.generation, cursor.offset)
        known = self._filter.waiting((source.id, cursor.generation, cursor.offset))
        return queue.Claim(
            known or key.id,
            Work.INGEST,
            source.id,
            cursor.generation,
            cursor.offset,
            source.size,
        )

    def _job(self, task: _Task) -> Job:
        source, name = task.source, task.source.name
        claim = self._claim(task)
        # A rewritten history is merged with its stored rows, so it is read as one batch.
        whole = task.restarting and name.kind is Kind.HISTORY
        limit = WHOLE if whole else self.tuning.batch_bytes
        if source.representation is Representation.ZST:
            # Each opening unpacks the file from its start, so its batches are larger.
            limit = max(limit, COMPRESSED_BATCH_BYTES)
        self._claims.append(claim)
        self._tasks[claim.id] = task
        return Job(
            claim.id,
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

    def _commit(self, commits: list[BatchCommit]) -> None:
        """Store the results, and claim the batches that were assigned since the last commit."""
        claims, self._claims = self._claims, []
        if commits or claims:
            commit_results(self.database, commits, claims, self._now())
        if self._filter.probing and any(commit.ends for commit in commits):
            self._filter.resume()

    def _heartbeat(self, readers: ReaderPool | InProcessReader) -> None:
        """Send the heartbeat of all claimed batches except those whose reader is silent itself,
        which come to be shown as stuck."""
        if self.clock() - self._heartbeat_at >= HEARTBEAT:
            self._heartbeat_at = self.clock()
            queue.heartbeat(self.database, Work.INGEST, self._now(), readers.stuck_batches())

    def _queue_next_batches(self, output: ReaderOutput) -> None:
        """Queue the next batch of each source before this output is stored, so that readers never
        wait. It comes after the sources whose first batch is not read yet.
        """
        for done in output.done:
            task = self._tasks[done.batch]
            next_task = None
            if done.outcome == "rewritten":
                task.source.superseded += 1
                next_task = _Task(task.source, task.state, restarting=True, continued=True)
            elif done.outcome != "failed":
                state = done.state if done.outcome == "read" else task.state
                cursor_updates.advance(task.source, done)
                self._rows[done.batch] = cursor_updates.cursor_row(
                    task.source, done, state, self._now()
                )
                if done.more:
                    next_task = _Task(task.source, done.state, continued=True)
            if next_task is not None and self._is_allowed(next_task):
                self._waiting.append(next_task)

    def _store(self, outputs: list[ReaderOutput]) -> None:
        ended = [done for output in outputs for done in output.done]
        sources = (self._tasks[done.batch].source for done in ended)
        lists = {source.id for source in sources if source.name.kind is Kind.HISTORY}
        try:
            self._commit(cursor_updates.batch_commits(outputs, self._rows, lists))
        except ValueRejected as error:
            if len(ended) == 1:
                self._give_up(ended[0], error)
            raise
        self.on_commit(ended)
        for output in outputs:
            reader_output.discard(output)
        seen = self._record_failures([done for done in ended if done.failure is not None])
        for done in ended:
            task = self._tasks.pop(done.batch)
            self._rows.pop(done.batch, None)
            self._count_done(done)
            if done.failure is None and task.source.has_error and done.outcome != "rewritten":
                seen.append((done.source, None))
                task.source.has_error = task.source.hung = False
        source_errors.record_errors(self.database, seen, self._now())
        if self.progress is not None:
            self.progress(self.report, self._done_bytes)
        if self._waiting or self._suspects or self._tasks:
            self.report.paused = self.report.paused or self._filter.pause_code()

    def _give_up(self, done: JobDone, error: ValueRejected) -> None:
        """Give up a batch that cannot be stored, so that all others can be."""
        failure = SourceFailure(error.code, error.kind, error.message, error.hint)
        seen = self._record_failures([replace(done, failure=failure)])
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

    def _record_failures(self, failed: list[JobDone]) -> list[source_errors.Outcome]:
        """Record failed batches; returns the new error of each source."""
        failures = {done.batch: source_errors.to_failure(done.failure) for done in failed}
        now = self.clock()
        steps = queue.record_failures(
            self.database, failures, now, "auto", self.tuning.max_attempts
        )
        for batch, failure in failures.items():
            step = steps.get(batch)
            self._count_state("dead" if isinstance(step, GiveUp) else "failed")
            if isinstance(step, PauseQueue):
                queue.pause(self.database, failure, now.isoformat())
                self.report.paused = failure.code
        return [(done.source, failures[done.batch]) for done in failed]


def _size(outputs: list[ReaderOutput]) -> int:
    return sum(done.bytes_read for output in outputs for done in output.done)


def clean_start(database: Database, clock: Clock = utc_now, homes: Collection[str] = ()) -> None:
    """Prepare a new owner: empty the spool, restore logged decisions, rescue claimed batches."""
    reader_output.empty_spool(Path(database.spool))
    replay(database, clock(), homes=homes)
    queue.rescue(database, clock())
