"""The readers: child processes for a backlog, or this very process for a handful of lines.

Promises that the parcels of one source come back in the order its jobs were given. A reader that
dies is told as `ReaderDied`; nothing it had in hand was stored.
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

from ingest.batches.failure import OWNER_DIED, ErrorClass, Failure
from ingest.batches.state import STUCK_AFTER
from ingest.pipeline.job import HUNG, Job, JobAlive, ReaderOutput
from ingest.pipeline.reader_deaths import DeathPlace
from ingest.pipeline.reader_output import read_group
from ingest.pipeline.reader_process import Group, receive, send
from ingest.text.units import span

MAX_GROUPS = 4
"""Groups a reader has in hand, so that it goes on reading while the last ones are stored."""

POLL_SECONDS = 0.25
"""Seconds that are waited for a parcel before the one who waits may look after something else."""

HUNG_AFTER = 300.0
"""Seconds without a sign of life after which a reader is ended: its disk answers no more."""


_EXIT_TIMEOUT = 5.0
_REQUESTED_EXITS = (0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
"""How a reader ends that was asked to, or had nothing more to do."""


class ReaderDied(Exception):
    """A reader process ended before it answered."""

    def __init__(
        self,
        leases: list[str],
        failure: Failure = OWNER_DIED,
        place: DeathPlace | None = None,
        *,
        asked: bool = False,
    ) -> None:
        super().__init__(failure.message)
        self.leases = leases
        """Of the group it worked on; what else it had in hand is not to blame."""
        self.failure = failure
        """What that counts as, for these."""
        self.place = place
        """How far it had come, where it told."""
        self.asked = asked
        """Whether somebody asked it to end: then it died of nothing that it read."""


class InProcessReader:
    """A reader that is no process: for a few lines the start of one would cost more."""

    def __init__(self) -> None:
        self._groups: deque[tuple[list[Job], Path]] = deque()
        self._count = 0

    reads_ahead: ClassVar[bool] = False
    """Nothing is read before it is asked for, and so not before it is claimed."""

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

    def stuck_leases(self) -> list[str]:
        return []

    def close(self) -> None:
        self._groups.clear()


class _LastMessage(Struct, frozen=True):
    """The last that was heard of a reader."""

    at: float
    lease: str | None = None
    byte: int = 0
    place: str = ""


class ReaderPool:
    """Reader processes. `give` to one that is free, `take` what comes back."""

    reads_ahead: ClassVar[bool] = True
    """They read on while what they brought is stored."""

    def __init__(
        self,
        readers: list[subprocess.Popen[bytes]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._readers = readers
        self._monotonic = monotonic
        size = len(readers)
        self._in_hand: list[deque[list[str]]] = [deque() for _ in range(size)]
        self._parcels: SimpleQueue[tuple[int, ReaderOutput | None]] = SimpleQueue()
        self._groups: list[SimpleQueue[Group | None]] = [SimpleQueue() for _ in range(size)]
        self._heard = [_LastMessage(self._monotonic())] * size
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
                return  # The stream was closed under it: nobody waits for what it had.
            if isinstance(answer, JobAlive):
                self._heard[index] = _LastMessage(
                    self._monotonic(), answer.lease, answer.byte, answer.place
                )
                continue
            if answer is not None:
                self._heard[index] = _LastMessage(self._monotonic())
            self._parcels.put((index, answer))
            if answer is None:
                return

    def _write_groups(self, index: int) -> None:
        """Write to a reader. It may hang, and a pipe holds less than a group of many files: the
        thread that has the database must never wait for it.
        """
        stream = self._readers[index].stdin
        # That it is gone, `_listen` says, or it was ended here.
        with contextlib.suppress(OSError, ValueError):
            while stream is not None and (group := self._groups[index].get()) is not None:
                send(stream, group)
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()

    def has_capacity(self) -> bool:
        """Whether a reader could take another group."""
        return min(map(len, self._in_hand)) < MAX_GROUPS

    def busy(self) -> bool:
        return any(self._in_hand)

    def submit(self, jobs: list[Job], spool: Path) -> int:
        """Hand a group to the reader with the least in hand."""
        loads = [len(groups) for groups in self._in_hand]
        index = loads.index(min(loads))
        self._count += 1
        if not self._in_hand[index]:
            self._heard[index] = _LastMessage(self._monotonic())
        self._in_hand[index].append([job.lease for job in jobs])
        self._groups[index].put(Group(f"group-{self._count}", str(spool), jobs))
        return index

    def collect(self) -> list[tuple[int, ReaderOutput]]:
        """All parcels that are back, and from which reader; waits a while if there are none."""
        taken: list[tuple[int, ReaderOutput]] = []
        while not taken or not self._parcels.empty():
            try:
                index, parcel = self._parcels.get(timeout=POLL_SECONDS)
            except Empty:
                self._raise_if_hung()
                return taken
            if parcel is None and taken:
                # First what was brought, then the news of the death.
                self._parcels.put((index, None))
                return taken
            if parcel is None:
                raise self._reader_died(index)
            self._in_hand[index].popleft()
            taken.append((index, parcel))
        return taken

    def _reader_died(self, index: int) -> ReaderDied:
        reader, heard = self._readers[index], self._heard[index]
        with contextlib.suppress(subprocess.TimeoutExpired):
            reader.wait(_EXIT_TIMEOUT)
        return ReaderDied(
            self._in_hand[index][0] if self._in_hand[index] else [],
            place=DeathPlace(heard.byte, heard.place == "line") if heard.place else None,
            asked=reader.returncode in _REQUESTED_EXITS,
        )

    def stuck_leases(self) -> list[str]:
        """The batches in whose reading nothing has moved for so long that they are stuck."""
        found: list[str] = []
        for index, groups in enumerate(self._in_hand):
            if groups and self._seconds_silent(index) >= STUCK_AFTER.total_seconds():
                found += self._current_leases(index)
        return found

    def _seconds_silent(self, index: int) -> float:
        return self._monotonic() - self._heard[index].at

    def _current_leases(self, index: int) -> list[str]:
        lease = self._heard[index].lease
        return self._in_hand[index][0] if lease is None else [lease]

    def _raise_if_hung(self) -> None:
        for index, groups in enumerate(self._in_hand):
            if groups and self._seconds_silent(index) >= HUNG_AFTER:
                raise ReaderDied(self._current_leases(index), _hung_failure(self._heard[index]))

    def close(self) -> None:
        """End the readers; what they have in hand is dropped."""
        if self._closed:
            return
        self._closed = True
        for reader, groups in zip(self._readers, self._groups, strict=True):
            groups.put(None)
            reader.kill()
            # One that hangs in the system itself dies when that lets go of it; nobody waits for it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                reader.wait(_EXIT_TIMEOUT)
            # While one still hangs, `_listen` waits for it, and to close would wait, too.
            if reader.stdout is not None and reader.returncode is not None:
                reader.stdout.close()


def _hung_failure(heard: _LastMessage) -> Failure:
    where = "" if heard.lease is None else f", the last time at byte {heard.byte:,}"
    return Failure(
        code=HUNG,
        cls=ErrorClass.TRANSIENT,
        message=f"Its reader gave no sign of life for {span(HUNG_AFTER)}{where}, and was ended.",
        hint="Look whether the disk that the file is on still answers.",
    )
