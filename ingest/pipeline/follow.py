"""The owner of the database: ingests new lines once, or follows the homes until it is stopped.

File events are only hints: periodic sweeps find every change that had no event. While nothing
changes, no file is opened and nothing is written. A reader process that dies is replaced, and its
batches are read again one at a time.
"""

import contextlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from msgspec import Struct
from msgspec.structs import asdict

from ingest import __version__, log
from ingest.actions import ReadReport, RunReport
from ingest.batches.retry_policy import RESOURCE_PAUSE
from ingest.db.database import TAIL_CHECKPOINT, THREADS, Database
from ingest.db.search_changes import index_bytes
from ingest.errors import (
    BatchNotClaimed,
    Conflict,
    DatabaseError,
    ErrorClass,
    MemoryLimit,
    ValueRejected,
)
from ingest.pipeline import reader_output, source_errors, spawn_readers
from ingest.pipeline.action_handlers import ActionHandlers
from ingest.pipeline.action_queue import ActionQueue
from ingest.pipeline.debounce import LONGEST, QUIET, Debounce
from ingest.pipeline.homes import Home, home_of
from ingest.pipeline.metrics import Metrics
from ingest.pipeline.reader_deaths import ReaderDeaths
from ingest.pipeline.reader_pool import InProcessReader, ReaderDied, ReaderPool
from ingest.pipeline.retry_schedule import RetrySchedule
from ingest.pipeline.run import GROUP_SOURCES, IngestRun, Progress, RunSettings, clean_start
from ingest.pipeline.scan import ScanResult, TrackedFile, in_order, register, scan_and_register
from ingest.tail import discovery
from ingest.tail.source import SourceName, seen
from ingest.tail.sweep_schedule import (
    EVERYTHING_EVERY,
    RECENT_EVERY,
    RECENT_EVERY_POLLING,
    RECENT_NS,
    Sweep,
    SweepPlan,
)
from ingest.tail.watch import Mode, Watcher
from ingest.text.times import Clock, utc_now

BACKLOG_BYTES = 4 * 1024**2
"""Backlog from which starting reader processes pays off."""
MAX_RESTARTS = 3
CHECKPOINT_TRIES = 10
CHECKPOINT_PAUSE = 0.05
MEMORY_PAUSE = 0.05
RELEASE_MEMORY_EVERY = 20.0
"""Seconds between two releases of the memory that queries left allocated."""
LONGEST_WAIT = 2.0
"""Seconds; bounds the time until a signal to stop is noticed."""


class Round(Struct):
    """Result of one round of following, and the backlog after it."""

    report: RunReport
    behind_bytes: int
    watching: Mode


class Pace(Struct, frozen=True):
    """Intervals of sweeps and debounce times, in seconds."""

    everything_every: float = EVERYTHING_EVERY
    recent_every: float = RECENT_EVERY
    quiet: float = QUIET
    longest: float = LONGEST


PACE = Pace()


class Owner:
    """Ingests the homes into the database of this process."""

    def __init__(
        self,
        database: Database,
        homes: list[Home],
        tuning: RunSettings | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.database = database
        self.homes = homes
        self.tuning = tuning or RunSettings()
        self.clock = clock
        self.pause_seconds = RESOURCE_PAUSE.total_seconds()
        """Seconds until the next attempt after the queue was paused."""
        clean_start(database, clock, [home.id for home in homes])
        self.metrics = Metrics(__version__, clock())
        self._rescan = Event()
        """Set after an action: the next round sweeps everything immediately."""
        self.actions = ActionQueue(
            ActionHandlers(
                database,
                clock,
                self.tuning.max_attempts,
                scan=self.scan,
                read=self._read_on_request,
                changed=self._rescan.set,
            )
        )
        self.stop = Event()
        """Set from outside to stop soon. Unfinished batches are released and read later."""
        self._tracked: dict[str, dict[SourceName, TrackedFile]] = {}
        self._recent: dict[str, set[SourceName]] = {}
        """Those of them that changed lately."""

    def scan(self) -> ScanResult:
        """Scan all homes and update the list of sources."""
        source_errors.reread_killed(self.database, self.clock())
        found = scan_and_register(self.database, self.homes, self.clock().isoformat())
        self._tracked = {home.id: {} for home in self.homes}
        self._recent = {home.id: set() for home in self.homes}
        newest = time.time_ns() - RECENT_NS
        for source in found.sources:
            self._tracked[source.home][source.name] = source
            if source.mtime_ns >= newest:
                self._recent[source.home].add(source.name)
        self.metrics.record_scan(len(found.sources), found.changed)
        return found

    def read_once(
        self, progress: Progress | None = None, readers: ReaderPool | None = None
    ) -> RunReport:
        """Read everything that is new. `readers`: processes that the caller started early."""
        found = self.scan()
        report = self.read(found.changed, progress, readers)
        self.save_sample(at_once=True)
        return report

    def read(
        self,
        changed: list[TrackedFile],
        progress: Progress | None = None,
        readers: ReaderPool | InProcessReader | None = None,
    ) -> RunReport:
        """Read what is new in these sources."""

        def on_progress(report: RunReport, done_bytes: int) -> None:
            self.save_sample()
            if progress is not None:
                progress(report, done_bytes)

        report, deaths = RunReport(), ReaderDeaths()
        group_sources, died, restarts, rejected = GROUP_SOURCES, False, 0, 0
        while True:
            run = IngestRun(
                self.database,
                self.tuning,
                self.clock,
                on_progress,
                group_sources,
                report,
                deaths,
            )
            run.is_stopped = self.stop.is_set
            run.on_commit = self.metrics.record_batches
            run.between_commits = self._run_actions
            used_readers = readers or self._choose_readers(changed)
            # While readers parse, a second DuckDB thread would only take a core from them; the
            # small statements of an append wait for it longer than it helps.
            self.database.execute("set threads = 1")
            try:
                return run.run(changed, used_readers)
            except ReaderDied:
                # Reading one source at a time, in another process, shows which one killed it.
                group_sources, died = 1, True
            except ValueRejected:
                # Storing one batch at a time shows which one; it is given up, the others are kept.
                group_sources = 1
                rejected += 1
                if rejected > len(changed) + 1:
                    raise
            except BatchNotClaimed:
                # A person decided about a batch before it was claimed. Nothing of this commit is
                # stored, so the others are read again.
                restarts += 1
                if restarts == MAX_RESTARTS:
                    raise
            finally:
                used_readers.close()
                if isinstance(used_readers, ReaderPool):
                    reader_output.empty_spool(Path(self.database.spool))
                self.metrics.set_behind(changed)
                # A database that cannot be used has raised its own error already.
                with log.suppress("Restoring the number of threads", DatabaseError):
                    self.database.execute(f"set threads = {THREADS}")
            changed = self.scan().changed
            readers = ReaderPool(spawn_readers.start()) if died else None

    def _choose_readers(self, changed: list[TrackedFile]) -> ReaderPool | InProcessReader:
        if sum(source.behind for source in changed) >= BACKLOG_BYTES:
            return ReaderPool(spawn_readers.start())
        # A file on which a reader hung or died is read in another process, which can be killed, or
        # can crash, without harm to this one.
        suspects = {row["source"] for row in self.database.rows("queue.suspects")}
        if any(source.hung or source.id in suspects for source in changed):
            return ReaderPool(spawn_readers.start(1))
        return InProcessReader()

    def follow(
        self,
        stop: Event,
        on_round: Callable[[Round], None],
        monotonic: Callable[[], float] = time.monotonic,
        pace: Pace = PACE,
        maintain: Callable[[], float | None] = lambda: None,
    ) -> None:
        """Run until `stop` is set. `on_round` is called after each round that read something,
        `maintain` between rounds; it returns after how many seconds it goes on, if it does."""
        self.stop = stop
        watchers = [Watcher(home.path) for home in self.homes]
        polling = any(watcher.mode is Mode.POLLING for watcher in watchers)
        recent = max(pace.recent_every, RECENT_EVERY_POLLING) if polling else pace.recent_every
        plan = SweepPlan(recent, pace.everything_every)
        hints: Debounce[Path] = Debounce(pace.quiet, pace.longest)
        release_memory_at = monotonic() + RELEASE_MEMORY_EVERY
        memory_errors = 0
        """Consecutive rounds that failed because DuckDB ran out of memory."""
        self.actions.wake = partial(_wake_watchers, watchers)
        retries = RetrySchedule(self.database, self.tuning.retry, self.clock, monotonic)
        try:
            while not stop.is_set():
                # A deleted database file must be noticed even if there is nothing to store.
                self.database.check_file()
                self.actions.run_pending(idle=True)
                goes_on = maintain()
                if monotonic() >= release_memory_at:
                    self.database.release_memory()
                    release_memory_at = monotonic() + RELEASE_MEMORY_EVERY
                if self._rescan.is_set():
                    self._rescan.clear()
                    plan = SweepPlan(recent, pace.everything_every)
                    retries.refresh()
                hints.hint(retries.due(), monotonic())
                due = plan.due(monotonic())
                changed: list[TrackedFile] = []
                report = None
                try:
                    began = monotonic()
                    changed = self._run_sweep(due)
                    plan = plan.done(due, monotonic(), monotonic() - began)
                    self.database.commits.sweep_at = plan.everything_due
                    if not changed:
                        wait = min(plan.wait(monotonic()), retries.wait())
                        wait = wait if goes_on is None else min(wait, goes_on)
                        self._wait_for_hints(watchers, hints, wait, monotonic)
                        changed = self._check_hints(hints.due(monotonic()))
                    if changed:
                        report = self.read(changed)
                        retries.refresh()
                except DatabaseError as error:
                    if error.kind == ErrorClass.CONFIG:
                        raise
                    # Nothing is lost: the next sweep finds it all again. The sources in memory are
                    # ahead of what is stored and are dropped.
                    log.suppressed("Reading", error)
                    report = RunReport(paused=error.code)
                    memory_errors = memory_errors + 1 if isinstance(error, MemoryLimit) else 0
                    plan = SweepPlan(recent, pace.everything_every)
                    self._tracked, self._recent = {}, {}
                if report is not None:
                    behind = sum(source.behind for source in changed)
                    on_round(Round(report, behind, watchers[0].mode if watchers else Mode.POLLING))
                    if report.paused is None:
                        memory_errors = 0
                    else:
                        self._wait_before_retry(stop, monotonic, memory_errors)
                if due is Sweep.EVERYTHING:
                    self.save_sample()
        finally:
            for watcher in watchers:
                watcher.stop()
            self.save_sample(at_once=True)

    def _wait_before_retry(
        self, stop: Event, monotonic: Callable[[], float], memory_errors: int
    ) -> None:
        """Wait before the next attempt, or until an action ran, which may have removed the cause.
        After a lack of memory the wait starts short and doubles each time.
        """
        pause = (
            min(self.pause_seconds, MEMORY_PAUSE * 2**memory_errors)
            if memory_errors
            else self.pause_seconds
        )
        until = monotonic() + pause
        while not stop.wait(max(0.0, min(until - monotonic(), LONGEST_WAIT))):
            if self.actions.run_pending(idle=True) or monotonic() >= until:
                return

    def _run_actions(self) -> None:
        """Run the pending actions between two commits."""
        self.actions.run_pending(idle=False)

    def _read_on_request(self) -> ReadReport:
        """Read everything that is new at the request of another process."""
        report = self.read_once()
        return ReadReport(report, self.metrics.behind_bytes)

    def save_sample(self, *, at_once: bool = False) -> None:
        """Store a sample of the metrics: once a minute, and only if something happened."""
        now = self.clock()
        if at_once or self.metrics.due(now):
            path = self.database.path
            sample = self.metrics.take_sample(now, _file_size(path) + index_bytes(path))
            # A sample that cannot be stored is lost; the work itself goes on.
            with log.suppress("Storing a sample of the metrics", DatabaseError):
                if sample is not None:
                    with self.database.transaction():
                        self.database.run("report.add_sample", **asdict(sample))

    def checkpoint(self) -> None:
        """After a backlog: move the write-ahead log into the database file, and keep it small."""
        self.save_sample(at_once=True)
        for _ in range(CHECKPOINT_TRIES):
            try:
                self.database.checkpoint()
                break
            except Conflict:
                # Another transaction is running. Closing the database makes a checkpoint too.
                time.sleep(CHECKPOINT_PAUSE)
        self.database.execute(f"set checkpoint_threshold = '{TAIL_CHECKPOINT}'")

    def _run_sweep(self, due: Sweep) -> list[TrackedFile]:
        if due is Sweep.EVERYTHING:
            return self.scan().changed
        if due is Sweep.RECENT:
            return self._check_paths(self._recent_paths())
        return []

    def _recent_paths(self) -> list[tuple[Home, str]]:
        """Recent sources that may have changed."""
        newest, paths = time.time_ns() - RECENT_NS, []
        for home in self.homes:
            names = self._recent.get(home.id, set())
            for name in list(names):
                source = self._tracked.get(home.id, {}).get(name)
                if source is None or source.mtime_ns < newest:
                    names.discard(name)
                elif source.behind or not _is_as_seen(source):
                    paths.append((home, source.path))
        return paths

    def _wait_for_hints(
        self,
        watchers: list[Watcher],
        hints: Debounce[Path],
        wait: float,
        monotonic: Callable[[], float],
    ) -> None:
        """Wait for hints until something else is due."""
        hints_wait = hints.wait(monotonic())
        timeout = min(wait, LONGEST_WAIT if hints_wait is None else hints_wait, LONGEST_WAIT)
        for watcher in watchers:
            hints.hint(watcher.wait(timeout / len(watchers)), monotonic())

    def _check_hints(self, paths: list[Path]) -> list[TrackedFile]:
        homes = ((home_of(self.homes, path), path) for path in paths)
        return self._check_paths([(home, str(path)) for home, path in homes if home is not None])

    def _check_paths(self, paths: list[tuple[Home, str]]) -> list[TrackedFile]:
        """The changed sources at these paths. A path that is gone is left to the next sweep."""
        now = self.clock().isoformat()
        checked: dict[int, TrackedFile] = {}
        for home, path in paths:
            found = discovery.find(home.path, path)
            if found is not None:
                tracked = self._tracked.setdefault(home.id, {})
                source = register(self.database, home, tracked, found, now)
                checked[source.id] = source
                self._recent.setdefault(home.id, set()).add(source.name)
        changed = in_order(list(checked.values()))
        self.metrics.record_scan(len(checked), changed)
        return changed


def _wake_watchers(watchers: list[Watcher]) -> None:
    for watcher in watchers:
        watcher.nudge()


def _is_as_seen(source: TrackedFile) -> bool:
    try:
        info = os.lstat(source.path)
    except OSError:
        return False
    return seen(info) == source.seen


def _file_size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
