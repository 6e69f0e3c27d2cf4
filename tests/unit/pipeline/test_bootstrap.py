"""Opening waits for the lock while processes take turns, but not for one that keeps it."""

from itertools import chain, repeat
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.db.turn import Turn
from ingest.errors import Locked
from ingest.pipeline.bootstrap import open_or_connect

PATIENCE = 2.0


class TakingTurns:
    """Processes that open the database one after the other, each for a second and a half."""

    def __init__(self, path: Path, *pids: int) -> None:
        self.now = 0.0
        self._pids = chain(pids, repeat(0))
        self._path = path

    def clock(self) -> float:
        return self.now

    def open(self, path: Path) -> tuple[Database, list[str]]:
        self.now += 1.5
        if pid := next(self._pids):
            raise Locked(path, pid, None)
        return Database(path), []


def test_opening_waits_while_other_processes_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    processes = TakingTurns(path, 1, 2, 3, 4, 5)
    found = open_or_connect(path, processes.open, PATIENCE, processes.clock)
    assert isinstance(found, tuple)
    found[0].close()


def test_a_process_that_keeps_the_lock_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    processes = TakingTurns(path, 1, 2, 2, 2, 2)
    with pytest.raises(Locked, match="process 2"):
        open_or_connect(path, processes.open, PATIENCE, processes.clock)


def test_without_the_turn_opening_is_not_attempted(tmp_path: Path) -> None:
    path, processes, checks = tmp_path / "t.duckdb", TakingTurns(tmp_path), iter(range(1_000))
    (tmp_path / "t.duckdb.spool").mkdir()
    with Turn(path) as other:
        assert other.take()

        def clock() -> float:
            if next(checks) == 3:
                other.give_back()
                assert processes.now == 0.0
            return 0.0

        found = open_or_connect(path, processes.open, PATIENCE, clock)
    assert isinstance(found, tuple)
    found[0].close()
