"""Readers: a pool of child processes for a backlog, or this process for a few lines.

Results of one source come back in the order of its jobs. The death of a reader raises
`ReaderDied`; none of its unfinished jobs was stored.
"""

import contextlib
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import ClassVar

from msgspec import Struct

from ingest import log
from ingest.batches.failure import OWNER_DIED, Failure
from ingest.batches.state import STUCK_AFTER
from ingest.errors import ErrorClass, TailboardError
from ingest.pipeline.job import HUNG, Job, JobAlive, ReaderOutput
from ingest.pipeline.reader_deaths import DeathPlace
from ingest.pipeline.reader_output import read_group
from ingest.pipeline.reader_process import Group, receive, send
from ingest.text.numbers import pluralize
from ingest.text.times import duration

MAX_GROUPS = 4
"""Groups assigned to one reader, so that it keeps reading while earlier ones are stored."""

POLL_SECONDS = 0.25
"""Seconds that `collect` waits for a result before it returns an empty list."""

HUNG_AFTER = 300.0
"""Seconds without a progress report after which a reader is killed: its disk hangs."""
_EXIT_TIMEOUT = 5.0
_REQUESTED_EXITS = (0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
"""Exit codes of a reader that was asked to end, or whose input ended."""


class ReaderDied(TailboardError):
    """A reader process ended before it sent its results."""

    def __init__(
        self,
        batches: list[str],
        failure: Failure = OWNER_DIED,
        place: DeathPlace | None = None,
        *,
        requested: bool = False,
    ) -> None:
        super().__init__(failure.message)
        self.batches = batches
        """The batches of its current group; its other groups are not the cause."""
        self.failure = failure
        """The failure to record for these."""
        self.place = place
        """The last reported position, if any."""
        self.requested = requested
        """Whether it ended by a signal that asks to end: then no line was the cause."""


class InProcessReader:
    """Reads in this process: for a few lines, starting a process would cost more."""

    def __init__(self) -> None:
        self._groups: deque[tuple[list[Job], Path]] = deque()
        self._count = 0

    reads_ahead: ClassVar[bool] = False
    """A group is read only when `collect` is called, and so after it was claimed."""

    def has_capacity(self) -> bool:
        return not self._groups

    def busy(self) -> bool:
        return bool(self._groups)

    def submit(self, jobs: list[Job], spool: Path) -> int:
        self._groups.append((jobs, spool))
        return 0

    def collect(self) -> list[tuple[int, ReaderOutput]]:
        jobs, spool = self._groups.popleft()
        self._count += 1
        return [(0, read_group(jobs, spool, f"own-{self._count}"))]

    def stuck_batches(self) -> list[str]:
        return []

    def close(self) -> None:
        self._groups.clear()


class _LastMessage(Struct, frozen=True):
    """The last message of a reader."""

    at: float
    batch: str | None = None
    byte: int = 0
    place: str = ""


class ReaderPool:
    """Reader processes: `submit` groups of jobs, `collect` their results."""

    reads_ahead: ClassVar[bool] = True
    """Groups are read while earlier results are stored."""

    def __init__(
        self,
        readers: list[subprocess.Popen[bytes]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._readers = readers
        self._monotonic = monotonic
        size = len(readers)
        self._assigned: list[deque[list[str]]] = [deque() for _ in range(size)]
        self._results: SimpleQueue[tuple[int, ReaderOutput | None]] = SimpleQueue()
        self._groups: list[SimpleQueue[Group | None]] = [SimpleQueue() for _ in range(size)]
        self._last = [_LastMessage(self._monotonic())] * size
        self._count = 0
        self._closed = False
        for index in range(size):
            threading.Thread(target=self._read_answers, args=(index,), daemon=True).start()
            threading.Thread(target=self._write_groups, args=(index,), daemon=True).start()

    def _read_answers(self, index: int) -> None:
        stream = self._readers[index].stdout
        while stream is not None:
            try:
                answer = receive(stream)
            except ValueError:
                return  # `close` closed the stream while this thread was reading from it.
            if isinstance(answer, JobAlive):
                self._last[index] = _LastMessage(
                    self._monotonic(), answer.batch, answer.byte, answer.place
                )
                continue
            if answer is not None:
                self._last[index] = _LastMessage(self._monotonic())
            self._results.put((index, answer))
            if answer is None:
                return

    def _write_groups(self, index: int) -> None:
        """Send the groups of one reader, on a thread of its own: a group can be larger than the
        pipe, and a reader that hangs must not block the thread that owns the database.
        """
        stream = self._readers[index].stdin
        # `_read_answers` reports a reader that has ended.
        with contextlib.suppress(OSError, ValueError):
            while stream is not None and (group := self._groups[index].get()) is not None:
                send(stream, group)
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()

    def has_capacity(self) -> bool:
        """Whether a reader can take another group."""
        return min(map(len, self._assigned)) < MAX_GROUPS

    def busy(self) -> bool:
        return any(self._assigned)

    def submit(self, jobs: list[Job], spool: Path) -> int:
        """Assign a group to the reader with the fewest groups."""
        loads = [len(groups) for groups in self._assigned]
        index = loads.index(min(loads))
        self._count += 1
        if not self._assigned[index]:
            self._last[index] = _LastMessage(self._monotonic())
        self._assigned[index].append([job.batch for job in jobs])
        self._groups[index].put(Group(f"group-{self._count}", str(spool), jobs))
        return index

    def collect(self) -> list[tuple[int, ReaderOutput]]:
        """All results that arrived, each with its reader; waits `POLL_SECONDS` for the first."""
        results: list[tuple[int, ReaderOutput]] = []
        while not results or not self._results.empty():
            try:
                index, output = self._results.get(timeout=POLL_SECONDS)
            except Empty:
                self._raise_if_hung()
                return results
            if output is None and results:
                # Return the results first, and raise at the next call.
                self._results.put((index, None))
                return results
            if output is None:
                raise self._reader_died(index)
            self._assigned[index].popleft()
            results.append((index, output))
        return results

    def _reader_died(self, index: int) -> ReaderDied:
        reader, last = self._readers[index], self._last[index]
        with contextlib.suppress(subprocess.TimeoutExpired):
            reader.wait(_EXIT_TIMEOUT)
        batches = self._assigned[index][0] if self._assigned[index] else []
        requested = reader.returncode in _REQUESTED_EXITS
        if not requested:
            _log_death(reader, batches, last)
        return ReaderDied(
            batches,
            place=DeathPlace(last.byte, last.place == "line") if last.place else None,
            requested=requested,
        )

    def stuck_batches(self) -> list[str]:
        """Batches whose reader has been silent for so long that they count as stuck."""
        batches: list[str] = []
        for index, groups in enumerate(self._assigned):
            if groups and self._seconds_silent(index) >= STUCK_AFTER.total_seconds():
                batches += self._current_batches(index)
        return batches

    def _seconds_silent(self, index: int) -> float:
        return self._monotonic() - self._last[index].at

    def _current_batches(self, index: int) -> list[str]:
        batch = self._last[index].batch
        return self._assigned[index][0] if batch is None else [batch]

    def _raise_if_hung(self) -> None:
        for index, groups in enumerate(self._assigned):
            if groups and self._seconds_silent(index) >= HUNG_AFTER:
                batches, failure = self._current_batches(index), _hung_failure(self._last[index])
                log.warning(f"Reading {_named(batches)}: {failure.message}")
                raise ReaderDied(batches, failure)

    def close(self) -> None:
        """Kill the readers; their unfinished jobs are dropped."""
        if self._closed:
            return
        self._closed = True
        for reader, groups in zip(self._readers, self._groups, strict=True):
            groups.put(None)
            reader.kill()
            # A process blocked in the kernel dies when its system call returns; do not wait for it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                reader.wait(_EXIT_TIMEOUT)
            # While it hangs, `_read_answers` blocks in a read, and closing would block too.
            if reader.stdout is not None and reader.returncode is not None:
                reader.stdout.close()


def _log_death(reader: "subprocess.Popen[bytes]", batches: list[str], last: _LastMessage) -> None:
    code = reader.returncode
    how = "did not end" if code is None else f"ended with exit code {code}"
    where = f", last at byte {last.byte:,} of batch {last.batch}" if last.batch else ""
    log.warning(f"Reader process {reader.pid} {how} while reading {_named(batches)}{where}.")


def _named(batches: list[str]) -> str:
    return f"batch {batches[0]}" if len(batches) == 1 else pluralize(len(batches), "batch")


def _hung_failure(last: _LastMessage) -> Failure:
    where = "" if last.batch is None else f", last at byte {last.byte:,}"
    return Failure(
        code=HUNG,
        cls=ErrorClass.TRANSIENT,
        message=f"Its reader made no progress for {duration(HUNG_AFTER)}{where}, and was killed.",
        hint="Check that the disk of the file still responds.",
    )
