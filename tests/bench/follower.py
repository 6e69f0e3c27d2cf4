"""An owner that follows one home, and the cost of each append. Runs as a process of its own.

Appends to the newest rollout and waits, on a reader of the same process, until the lines are in
the database. Bytes are counted at the system calls, not taken from reports. The database is not
queried while the cost of an append is measured.
"""

import argparse
import json
import os
import random
import threading
import time
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec
from msgspec import Struct

from ingest.db.database import Database
from ingest.db.engine import Connection
from ingest.pipeline.follow import Owner, Round
from ingest.pipeline.homes import homes
from tests.bench.corpus import Corpus, appended, load_corpus

PATIENCE = 30.0
POLL = 0.001
LINES = 10
_PLACE = "select id from sources where kind = 'rollout' and path = ?"
_READ_TO = "select byte from cursors where source = ?"
_FACTS = "select count(*) from messages where source = ? and byte >= ?"


class Append(Struct):
    """The cost of appending some lines."""

    new: int
    """Bytes that were appended."""
    read: int
    """Bytes of that file that the process read because of it."""
    reported: int
    cpu: float
    visible: float | None = None
    """Seconds from before the write until a reader saw it; None if it was not measured."""
    stored: float = 0.0
    """Seconds until the owner reported it."""


class TooSlow(Exception):
    pass


class _Counter:
    """Counts the bytes that `pread` returns for one file."""

    def __init__(self, path: Path) -> None:
        self.read = 0
        self._file = path.stat().st_ino
        self._pread = os.pread
        os.pread = self._counted

    def _counted(self, descriptor: int, length: int, offset: int, /) -> bytes:
        data = self._pread(descriptor, length, offset)
        if os.fstat(descriptor).st_ino == self._file:
            self.read += len(data)
        return data


class Follower:
    def __init__(self, corpus: Corpus, database: Database) -> None:
        self.path = corpus.home / corpus.truth.last
        self.size = self.path.stat().st_size
        self.counter = _Counter(self.path)
        self.rounds: SimpleQueue[Round] = SimpleQueue()
        self.owner = Owner(database, homes([corpus.home]))
        self.owner.read_once()
        self.owner.checkpoint()
        self.reader: Connection = database.reader()
        row = self.reader.execute(_PLACE, [str(self.path)]).fetchone()
        if row is None:
            raise LookupError(f"{self.path.name} was not read")
        self.source = int(row[0])
        self.lines = appended(corpus, seed=11)
        self._random = random.Random(3)
        self._rest = threading.Event()

    def append(self, *, measure_visible: bool) -> Append:
        """Append and wait until the lines are stored; with `measure_visible`, measure when a reader
        sees them."""
        # At any point of the owner's interval, as a real writer, not always right after a round.
        self._rest.wait(0.02 + self._random.random() * 0.15)
        while not self.rounds.empty():
            self.rounds.get()
        data = b"".join(islice(self.lines, LINES))
        before, read = self.size, self.counter.read
        self.size += len(data)
        cpu = time.process_time()
        began = time.perf_counter()
        with self.path.open("ab", buffering=0) as file:
            file.write(data)
        visible = self._seen(began) if measure_visible else None
        reported, cpu_now, now = self._wait_for_rounds()
        if measure_visible:
            row = self.reader.execute(_FACTS, [self.source, before]).fetchone()
            if row is None or not row[0]:
                raise TooSlow("the cursor is there, and its facts are not")
        return Append(
            len(data), self.counter.read - read, reported, cpu_now - cpu, visible, now - began
        )

    def _seen(self, began: float) -> float:
        while time.perf_counter() - began < PATIENCE:
            row = self.reader.execute(_READ_TO, [self.source]).fetchone()
            if row is not None and row[0] >= self.size:
                return time.perf_counter() - began
            self._rest.wait(POLL)
        raise TooSlow(f"nothing to be seen after {PATIENCE} s")

    def _wait_for_rounds(self) -> tuple[int, float, float]:
        """Wait for the rounds that read the lines: reported bytes, processor time and duration."""
        read = 0
        while True:
            try:
                outcome = self.rounds.get(timeout=PATIENCE)
            except Empty:
                raise TooSlow(f"nothing was read within {PATIENCE} s") from None
            # Before the database is queried, because that would count as work.
            cpu, now = time.process_time(), time.perf_counter()
            read += outcome.report.bytes_read
            if self._stored():
                return read, cpu, now

    def _stored(self) -> bool:
        row = self.reader.execute(_READ_TO, [self.source]).fetchone()
        return row is not None and row[0] >= self.size


def measure(corpus: Corpus, db: Path, visible_runs: int, costs: int) -> dict[str, list[Append]]:
    stop = threading.Event()
    with Database(db) as database:
        follower = Follower(corpus, database)
        thread = threading.Thread(
            target=follower.owner.follow, args=(stop, follower.rounds.put), daemon=True
        )
        thread.start()
        try:
            # The first append also waits for the file watches.
            follower.append(measure_visible=True)
            return {
                "visible": [follower.append(measure_visible=True) for _ in range(visible_runs)],
                "cost": [follower.append(measure_visible=False) for _ in range(costs)],
            }
        finally:
            stop.set()
            thread.join(PATIENCE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", type=Path, help="the truth of a corpus")
    parser.add_argument("db", type=Path)
    parser.add_argument("--visible-runs", type=int, default=20)
    parser.add_argument("--costs", type=int, default=20)
    chosen = parser.parse_args()
    found = measure(load_corpus(chosen.ledger), chosen.db, chosen.visible_runs, chosen.costs)
    print(json.dumps(msgspec.to_builtins(found)))


if __name__ == "__main__":
    main()
