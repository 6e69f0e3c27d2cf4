"""The readers: child processes for a backlog, or this very process for a handful of lines.

Promises that the parcels of one source come back in the order its jobs were given. A reader that
dies is told as `ReaderDied`; nothing it had in hand was stored.
"""

import contextlib
import subprocess
import threading
from collections import deque
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import ClassVar

from ingest.worker.job import Job, Parcel
from ingest.worker.parcel import pack
from ingest.worker.reader import Group, receive_parcel, send

OUTSTANDING = 4
"""Groups a reader has in hand, so that it goes on reading while the last ones are stored."""

PATIENCE = 0.25
"""Seconds that are waited for a parcel before the one who waits may look after something else."""


class ReaderDied(Exception):
    """A reader process ended before it answered."""

    code = "reader.died"
    error_class = "poison"
    hint = "What it worked on is tried again, and set aside if that happens three times."

    def __init__(self, message: str, leases: list[str]) -> None:
        super().__init__(message)
        self.leases = leases
        """Of the group it worked on; what else it had in hand is not to blame."""


class InPlace:
    """A reader that is no process: for a few lines the start of one would cost more."""

    def __init__(self) -> None:
        self._groups: deque[tuple[list[Job], Path]] = deque()
        self._count = 0

    ahead: ClassVar[bool] = False
    """Nothing is read before it is asked for, and so not before it is claimed."""

    def free(self) -> bool:
        return not self._groups

    def busy(self) -> bool:
        return bool(self._groups)

    def give(self, jobs: list[Job], spool: Path) -> int:
        self._groups.append((jobs, spool))
        return 0

    def take(self) -> list[tuple[int, Parcel]]:
        jobs, spool = self._groups.popleft()
        self._count += 1
        return [(0, pack(jobs, spool, f"own-{self._count}"))]

    def close(self) -> None:
        self._groups.clear()


class Pool:
    """Reader processes. `give` to one that is free, `take` what comes back."""

    ahead: ClassVar[bool] = True
    """They read on while what they brought is stored."""

    def __init__(self, readers: list[subprocess.Popen[bytes]]) -> None:
        self._readers = readers
        size = len(readers)
        self._in_hand: list[deque[list[str]]] = [deque() for _ in range(size)]
        self._parcels: SimpleQueue[tuple[int, Parcel | None]] = SimpleQueue()
        self._count = 0
        self._closed = False
        for index in range(size):
            threading.Thread(target=self._listen, args=(index,), daemon=True).start()

    def _listen(self, index: int) -> None:
        stream = self._readers[index].stdout
        while stream is not None:
            parcel = receive_parcel(stream)
            self._parcels.put((index, parcel))
            if parcel is None:
                return

    def free(self) -> bool:
        """Whether a reader could take another group."""
        return min(map(len, self._in_hand)) < OUTSTANDING

    def busy(self) -> bool:
        return any(self._in_hand)

    def give(self, jobs: list[Job], spool: Path, to: int | None = None) -> int:
        """Hand a group to the reader `to`, or to the one with the least in hand."""
        loads = [len(groups) for groups in self._in_hand]
        index = loads.index(min(loads)) if to is None else to
        self._count += 1
        stream = self._readers[index].stdin
        self._in_hand[index].append([job.lease for job in jobs])
        try:
            if stream is not None:
                send(stream, Group(f"group-{self._count}", str(spool), jobs))
        except BrokenPipeError:
            raise self._death(index) from None
        return index

    def take(self) -> list[tuple[int, Parcel]]:
        """All parcels that are back, and from which reader; waits a while if there are none."""
        taken: list[tuple[int, Parcel]] = []
        while not taken or not self._parcels.empty():
            try:
                index, parcel = self._parcels.get(timeout=PATIENCE)
            except Empty:
                return taken
            if parcel is None and taken:
                # First what was brought, then the news of the death.
                self._parcels.put((index, None))
                return taken
            if parcel is None:
                raise self._death(index)
            self._in_hand[index].popleft()
            taken.append((index, parcel))
        return taken

    def _death(self, index: int) -> ReaderDied:
        leases = self._in_hand[index][0] if self._in_hand[index] else []
        return ReaderDied("A reader process ended before it answered.", leases)

    def close(self) -> None:
        """End the readers; what they have in hand is dropped."""
        if self._closed:
            return
        self._closed = True
        for reader in self._readers:
            reader.kill()
            reader.wait()
            for stream in (reader.stdin, reader.stdout):
                # What was still to be written to a dead reader is not missed.
                with contextlib.suppress(BrokenPipeError):
                    if stream is not None:
                        stream.close()
