"""A failed batch is retried at its reported time."""

import time
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from ingest.batches.retry_policy import Mode
from ingest.pipeline.follow import Pace, Round
from ingest.pipeline.retry_schedule import RetrySchedule
from tests.faults.fault_harness import SMALL, FaultHarness

DAY = 86_400.0


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    """A home with an unreadable file, read once."""
    harness = FaultHarness(tmp_path)
    session = harness.session("chat")
    session.path.rename(session.path.with_name(session.path.name + ".zst"))
    harness.read()
    return harness


def test_a_failed_batch_waits_for_its_retry_time_and_names_the_file(harness: FaultHarness) -> None:
    ((at, path),) = harness.rows(
        "select retry_at, path from batches b join sources s on source = s.id"
    )
    with harness.open() as database:
        tries = RetrySchedule(
            database, Mode.AUTOMATIC, harness.clock, lambda: (harness.now - at).total_seconds()
        )
        assert tries.wait() == (at - harness.now).total_seconds() > 0
        assert tries.due() == []
        harness.now = at
        assert tries.wait() == 0
        assert tries.due() == [Path(path)]
        assert tries.due() == []


def test_in_manual_mode_nothing_is_retried_automatically(harness: FaultHarness) -> None:
    with harness.open() as database:
        tries = RetrySchedule(database, Mode.MANUAL, harness.clock, time.monotonic)
        harness.now += timedelta(days=1)
        assert tries.wait() == float("inf")
        assert tries.due() == []


def test_follow_retries_at_the_retry_time_and_not_with_the_next_sweep(
    harness: FaultHarness,
) -> None:
    stop, passed = Event(), [0.0]
    rounds: list[Round] = []

    def on_round(found: Round) -> None:
        rounds.append(found)
        stop.set()

    def monotonic() -> float:
        passed[0] += 1.0
        harness.now += timedelta(seconds=1)
        return passed[0]

    with harness.open() as database:
        owner = harness.owner(database, SMALL)
        owner.scan()
        never = Pace(recent_every=100 * DAY, everything_every=100 * DAY)
        owner.follow(stop, on_round, monotonic, never)
    assert [found.report.batches for found in rounds] == [{"failed": 1}]
    assert harness.rows("select attempts from batches") == [(2,)]
