"""The owner of the database: reads what is new once, or stays and follows.

Hints of the operating system only say where to look first; the sweeps find what no event told.
Between rounds nothing is opened and nothing written. A reader process that dies costs a new one,
and what it worked on is tried again alone.
"""

import contextlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import asdict

from ingest import __version__
from ingest.batches.failure import ErrorClass
from ingest.batches.retry_policy import RESOURCE_PAUSE
from ingest.db.database import TAIL_CHECKPOINT, THREADS, Database
from ingest.db.errors import Conflict, LostLease, MemoryLimit, StoreError, ValueRejected
from ingest.pipeline import action_handlers, action_messages, source_errors, spawn_readers
from ingest.pipeline import reader_output as parcels
from ingest.pipeline.command_queue import CommandQueue, Handler
from ingest.pipeline.debounce import LONGEST, QUIET, Debounce
from ingest.pipeline.homes import Home, home_of
from ingest.pipeline.metrics import Metrics
from ingest.pipeline.prune_action import PRUNE, prune_handler
from ingest.pipeline.reader_deaths import ReaderDeaths
from ingest.pipeline.readers import InProcessReader, ReaderDied, ReaderPool
from ingest.pipeline.retry_schedule import RetrySchedule
from ingest.pipeline.run import (
    GROUP_SOURCES,
    Clock,
    IngestRun,
    Progress,
    RunReport,
    RunSettings,
    clean_start,
    instance_id,
    utc_now,
)
from ingest.pipeline.scan import ScanResult, TrackedFile, in_order, register, scan_and_register
from ingest.tail import discovery
from ingest.tail.source import SourceName
from ingest.tail.sweep import (
    EVERYTHING_EVERY,
    RECENT_EVERY,
    RECENT_EVERY_POLLING,
    RECENT_NS,
    Sweep,
    SweepPlan,
)
from ingest.tail.watch import Mode, Watcher

BACKLOG_BYTES = 4 * 1024**2
"""From here on reader processes are worth their start."""
LOST_LEASES = 3
CHECKPOINT_TRIES = 10
CHECKPOINT_PAUSE = 0.05
MEMORY_PAUSE = 0.05
RELEASE_MEMORY_EVERY = 20.0
"""Seconds after which what questions left behind in memory is given back."""
LONGEST_WAIT = 0.5
"""So that a stop is noticed soon."""


class Round(Struct):
    """What one round of following did, and what is still to be read."""

    report: RunReport
    behind_bytes: int
    watching: Mode


class Pace(Struct, frozen=True):
    """How often files are looked at, and how long changes are gathered; in seconds."""

    everything_every: float = EVERYTHING_EVERY
    recent_every: float = RECENT_EVERY
    quiet: float = QUIET
    longest: float = LONGEST


PACE = Pace()


class Owner:
    """Ingests into one database from some homes."""

    def __init__(
        self,
        database: Database,
        homes: list[Home],
        tuning: RunSettings | None = None,
        clock: Clock = utc_now,
        desk: CommandQueue | None = None,
    ) -> None:
        self.database = database
        self.homes = homes
        self.tuning = tuning or RunSettings()
        self.clock = clock
        self.patience = RESOURCE_PAUSE.total_seconds()
        """How long to stand back once the queue stands still, in seconds."""
        self.instance = instance_id(os.getpid(), time.time())
        clean_start(database, self.instance, clock)
        self.figures = Metrics(__version__, clock())
        self.desk = desk or CommandQueue()
        self.desk.at_rest["pass"] = self._read_on_request
        self.desk.at_any_time[action_messages.BATCH_ACTION] = self._then_rescan(
            action_handlers.batches(database, clock, self.tuning.max_attempts)
        )
        self.desk.at_any_time[action_messages.TASK_ACTION] = action_handlers.task_actions(database, clock)
        self.desk.reading[action_messages.REDACT_SCAN] = action_handlers.redact_scan(database)
        self.desk.at_rest[action_messages.READ_AGAIN] = self._then_rescan(
            action_handlers.read_again(database, clock, self.scan)
        )
        self.desk.at_rest[PRUNE] = prune_handler(database, homes, clock)
        self.stop = Event()
        """Set by whoever wants this to end soon: what is being read then is read again later."""
        self._followed: dict[str, dict[SourceName, TrackedFile]] = {}
        self._ordered = Event()
        """Somebody gave an order, and what it lets go on is not looked for yet."""

    def _then_rescan(self, handler: Handler) -> Handler:
        """What was ordered is gone on with now, and not at the next sweep."""

        def carry(values: dict[str, Any]) -> dict[str, Any]:
            outcome = handler(values)
            if values.get("command") is not None:
                self._ordered.set()
            return outcome

        return carry

    def scan(self) -> ScanResult:
        """Look at all homes, and remember what is there."""
        source_errors.reread_killed(self.database, self.clock())
        found = scan_and_register(self.database, self.homes, self.clock().isoformat())
        self._followed = {home.id: {} for home in self.homes}
        for source in found.sources:
            self._followed[source.home][source.name] = source
        self.figures.record_scan(len(found.sources), found.changed)
        return found

    def read_once(
        self, progress: Progress | None = None, readers: ReaderPool | None = None
    ) -> RunReport:
        """Read all that is new now. `readers` may be given by who started them early."""
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

        def stored(report: RunReport, done_bytes: int) -> None:
            self.save_sample()
            if progress is not None:
                progress(report, done_bytes)

        report, deaths = RunReport(), ReaderDeaths()
        group_sources, died, lost, unfit = GROUP_SOURCES, False, 0, 0
        while True:
            drain = IngestRun(
                self.database,
                self.instance,
                self.tuning,
                self.clock,
                stored,
                group_sources,
                report,
                deaths,
            )
            drain.stopped = self.stop.is_set
            drain.landed = self.figures.record_batches
            drain.between = self._run_commands
            at_work = readers or self._choose_readers(changed)
            # While readers parse, a second thread of the engine would only take a core from them.
            threads = 1 if isinstance(at_work, ReaderPool) else THREADS
            self.database.execute(f"set threads = {threads}")
            try:
                return drain.run(changed, at_work)
            except ReaderDied:
                # Whatever killed it is found sooner one by one, and never takes this process with
                # it.
                group_sources, died = 1, True
            except ValueRejected:
                # One by one it is known which; that one is given up, and the others are stored.
                group_sources = 1
                unfit += 1
                if unfit > len(changed) + 1:
                    raise
            except LostLease:
                # Somebody else took a batch away, and nothing of what came with it is stored: it
                # is all still there to be read.
                lost += 1
                if lost == LOST_LEASES:
                    raise
            finally:
                at_work.close()
                if isinstance(at_work, ReaderPool):
                    parcels.empty_spool(Path(self.database.spool))
                self.figures.set_behind(changed)
                # A database that cannot be opened again just now has told so already.
                with contextlib.suppress(StoreError):
                    self.database.execute(f"set threads = {THREADS}")
            changed = self.scan().changed
            readers = ReaderPool(spawn_readers.start()) if died else None

    def _choose_readers(self, changed: list[TrackedFile]) -> ReaderPool | InProcessReader:
        if sum(source.behind for source in changed) >= BACKLOG_BYTES:
            return ReaderPool(spawn_readers.start())
        # What a reader hung on, or somebody died of, is not read here: only another process can be
        # ended, or end, without harm to this one.
        suspects = {row["source"] for row in self.database.rows("queue.suspects")}
        if any(source.hung or source.id in suspects for source in changed):
            return ReaderPool(spawn_readers.start(1))
        return InProcessReader()

    def follow(
        self,
        stop: Event,
        told: Callable[[Round], None],
        monotonic: Callable[[], float] = time.monotonic,
        pace: Pace = PACE,
        beside: Callable[[], None] = lambda: None,
    ) -> None:
        """Stay until `stop` is set. `told` hears of every round that read something; `beside` is
        what else there is to do between rounds."""
        self.stop = stop
        watchers = [Watcher(home.path) for home in self.homes]
        polling = any(watcher.mode is Mode.POLLING for watcher in watchers)
        recent = max(pace.recent_every, RECENT_EVERY_POLLING) if polling else pace.recent_every
        plan = SweepPlan(recent, pace.everything_every)
        hints: Debounce[Path] = Debounce(pace.quiet, pace.longest)
        tidy_at = monotonic() + RELEASE_MEMORY_EVERY
        crowded = 0
        """How often in a row there was no room in memory."""
        self.desk.bell = partial(_wake_watchers, watchers)
        tries = RetrySchedule(self.database, self.tuning.retry, self.clock, monotonic)
        try:
            while not stop.is_set():
                # Where nothing is new, no transaction would notice it.
                self.database.check_file()
                self.desk.work(at_rest=True)
                beside()
                if monotonic() >= tidy_at:
                    self.database.release_memory()
                    tidy_at = monotonic() + RELEASE_MEMORY_EVERY
                if self._ordered.is_set():
                    self._ordered.clear()
                    plan = SweepPlan(recent, pace.everything_every)
                    tries.refresh()
                hints.hint(tries.due(), monotonic())
                due = plan.due(monotonic())
                changed: list[TrackedFile] = []
                report = None
                try:
                    began = monotonic()
                    changed = self._run_sweep(due)
                    plan = plan.done(due, monotonic(), monotonic() - began)
                    self.database.pulse.sweep_at = plan.everything_due
                    if not changed:
                        wait = min(plan.wait(monotonic()), tries.wait())
                        self._wait_for_hints(watchers, hints, wait, monotonic)
                        changed = self._check_hints(hints.due(monotonic()))
                    if changed:
                        report = self.read(changed)
                        tries.refresh()
                except StoreError as error:
                    if error.error_class == ErrorClass.CONFIG:
                        raise
                    # Nothing is lost by it: the next sweep finds it all again. What is noted of
                    # the sources in memory is ahead of what is stored, and is forgotten.
                    report = RunReport(paused=error.code)
                    crowded = crowded + 1 if isinstance(error, MemoryLimit) else 0
                    plan, self._followed = SweepPlan(recent, pace.everything_every), {}
                if report is not None:
                    behind = sum(source.behind for source in changed)
                    told(Round(report, behind, watchers[0].mode if watchers else Mode.POLLING))
                    if report.paused is None:
                        crowded = 0
                    else:
                        self._wait_before_retry(stop, monotonic, crowded)
                if due is Sweep.EVERYTHING:
                    self.save_sample()
        finally:
            for watcher in watchers:
                watcher.stop()
            self.save_sample(at_once=True)

    def _wait_before_retry(self, stop: Event, monotonic: Callable[[], float], crowded: int) -> None:
        """Wait a while, unless somebody orders something: that may be the cure. Room in memory is
        there again in a moment; only where it never is, one waits as long as for the rest.
        """
        patience = min(self.patience, MEMORY_PAUSE * 2**crowded) if crowded else self.patience
        until = monotonic() + patience
        while not stop.wait(max(0.0, min(until - monotonic(), LONGEST_WAIT))):
            if self.desk.work(at_rest=True) or monotonic() >= until:
                return

    def _run_commands(self) -> None:
        """Between two commits: do what others ordered."""
        self.desk.work(at_rest=False)

    def _read_on_request(self, _values: dict[str, Any]) -> dict[str, Any]:
        """Read all that is new, because another process asked for it."""
        report = self.read_once()
        return {"report": to_builtins(report), "behind_bytes": self.figures.behind_bytes}

    def save_sample(self, *, at_once: bool = False) -> None:
        """Keep a sample of the figures: once a minute, and only where there is something to say."""
        now = self.clock()
        if at_once or self.figures.due(now):
            sample = self.figures.take_sample(now, _file_size(self.database.path))
            # A figure that cannot be kept is lost: it must not cost the work it tells of.
            with contextlib.suppress(StoreError):
                if sample is not None:
                    with self.database.transaction():
                        self.database.run("report.add_sample", **asdict(sample))

    def checkpoint(self) -> None:
        """After a backlog: fold the log of the engine into its file, and keep it small."""
        self.save_sample(at_once=True)
        for _ in range(CHECKPOINT_TRIES):
            try:
                self.database.checkpoint()
                break
            except Conflict:
                # Something else is at work in the file. It is folded in a moment, or by itself
                # when the database is closed.
                time.sleep(CHECKPOINT_PAUSE)
        self.database.execute(f"set checkpoint_threshold = '{TAIL_CHECKPOINT}'")

    def _run_sweep(self, due: Sweep) -> list[TrackedFile]:
        if due is Sweep.EVERYTHING:
            return self.scan().changed
        if due is Sweep.RECENT:
            return self._check_paths(self._recent_paths())
        return []

    def _recent_paths(self) -> list[tuple[Home, str]]:
        newest = time.time_ns() - RECENT_NS
        return [
            (home, source.path)
            for home in self.homes
            for source in self._followed.get(home.id, {}).values()
            if source.mtime_ns >= newest
        ]

    def _wait_for_hints(
        self,
        watchers: list[Watcher],
        hints: Debounce[Path],
        wait: float,
        monotonic: Callable[[], float],
    ) -> None:
        """Wait for hints, as long as nothing else is due."""
        waiting = hints.wait(monotonic())
        patience = min(wait, LONGEST_WAIT if waiting is None else waiting, LONGEST_WAIT)
        for watcher in watchers:
            hints.hint(watcher.wait(patience / len(watchers)), monotonic())

    def _check_hints(self, paths: list[Path]) -> list[TrackedFile]:
        homes = ((home_of(self.homes, path), path) for path in paths)
        return self._check_paths([(home, str(path)) for home, path in homes if home is not None])

    def _check_paths(self, paths: list[tuple[Home, str]]) -> list[TrackedFile]:
        """What is new at these paths; a path that is gone waits for the next sweep."""
        now = self.clock().isoformat()
        looked: dict[int, TrackedFile] = {}
        for home, path in paths:
            found = discovery.find(home.path, path)
            if found is not None:
                followed = self._followed.setdefault(home.id, {})
                source = register(self.database, home, followed, found, now)
                looked[source.id] = source
        changed = in_order(list(looked.values()))
        self.figures.record_scan(len(looked), changed)
        return changed


def _wake_watchers(watchers: list[Watcher]) -> None:
    for watcher in watchers:
        watcher.nudge()


def _file_size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
