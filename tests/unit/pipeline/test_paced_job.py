"""A background job of the owner does as much in a step as takes a fraction of a second."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.pipeline.paced_job import PacedJob


class Counting(PacedJob):
    """Each step takes some time, and a little more for each thing."""

    kind = "counting"

    def __init__(self, database: Database, left: int, moments: list[float], each: float) -> None:
        super().__init__(database)
        self.left = left
        self.each = each
        self.moments = moments
        self.limits: list[int] = []

    def do_some(self, limit: int) -> int:
        self.limits.append(limit)
        done = min(limit, self.left)
        self.left -= done
        self.moments[0] += 0.05 + done * self.each
        return done


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        yield opened


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def run_all(job: Counting) -> list[float]:
    """The pauses between the steps."""
    pauses = []
    while (pause := job.step()) is not None:
        pauses.append(pause)
        job.moments[0] += pause
    return pauses


def test_steps_grow_while_they_are_short(database: Database, moments: list[float]) -> None:
    job = Counting(database, 100_000, moments, each=0.00001)
    run_all(job)
    assert job.left == 0
    assert job.limits[:4] == [20, 40, 80, 160]
    assert max(job.limits) == 5000


def test_steps_shrink_while_they_are_long(database: Database, moments: list[float]) -> None:
    job = Counting(database, 100_000, moments, each=0.00001)
    run_all(job)
    job.left, job.each, job.limits = 20_000, 0.001, []
    run_all(job)
    assert job.limits[:2] == [5000, 2500]
    assert min(job.limits) > 100
    assert sum(limit > 400 for limit in job.limits) < 6


def test_few_things_at_a_time_do_not_make_the_next_steps_larger(
    database: Database, moments: list[float]
) -> None:
    job = Counting(database, 0, moments, each=0.00001)
    for _ in range(20):
        job.left = 1
        run_all(job)
    assert set(job.limits) == {20}


def test_pauses_are_longer_while_lines_are_read(database: Database, moments: list[float]) -> None:
    job = Counting(database, 10_000, moments, each=0.00001)
    run_all(job)
    quiet = Counting(database, 40, moments, each=0.00001)
    quiet.step()
    moments[0] += 10
    while_quiet = quiet.step()
    database.commits.increment()
    quiet.left = 20
    moments[0] += 10
    while_read = quiet.step()
    assert while_quiet is not None
    assert while_read is not None
    assert while_read > 10 * while_quiet
    assert quiet.step() == while_read


def test_what_a_job_tells_readers_does_not_slow_it_down(
    database: Database, moments: list[float]
) -> None:
    class Telling(Counting):
        def do_some(self, limit: int) -> int:
            self.database.commits.increment()
            return super().do_some(limit)

    telling = Telling(database, 1000, moments, each=0.00001)
    assert max(run_all(telling)) < 0.1
