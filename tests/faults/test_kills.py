"""kill -9 at any moment, while files grow: commits survive, and the rest is read later."""

import os
import random
from pathlib import Path

import pytest

from tests.facts_dump import dump
from tests.faults.driver import kill, start
from tests.faults.fault_harness import FaultHarness
from tests.faults.strace import injected, needs_strace
from tests.soak import SOAK

KILLS = 500 if SOAK else 20
KILLS_A_HOME = 10


@pytest.mark.fault("P01", "P02", "D01", "D22", "Q01")
@pytest.mark.parametrize("home", range(KILLS // KILLS_A_HOME))
def test_repeated_kills_lose_and_duplicate_nothing(tmp_path: Path, home: int) -> None:
    chance = random.Random(home)
    harness = FaultHarness(tmp_path)
    sessions = [harness.session("chat"), harness.session("partial"), harness.session("plan")]
    waiting = {one.path: one.bytes() for one in sessions}
    for path in waiting:
        path.write_bytes(b"")
    harness.create()
    for kills in range(1, KILLS_A_HOME + 1):
        child = start(harness)
        # It is killed after this many writes: before it scans, in the middle of a commit, or while
        # idle.
        for _ in range(chance.randrange(1, 40)):
            path = chance.choice(list(waiting))
            cut = chance.randrange(1, 2_000)
            piece, waiting[path] = waiting[path][:cut], waiting[path][cut:]
            with path.open("ab") as file:
                file.write(piece)
            os.sched_yield()
        kill(child)
        if kills % 2 == 0:
            # After three kills during one batch it would be set aside as the cause.
            harness.read()
            assert harness.facts() == harness.expected_facts()
            assert set(harness.states()) <= {"completed", "completed_empty"}
    for path, rest in waiting.items():
        with path.open("ab") as file:
            file.write(rest)
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert not harness.notes


@needs_strace
@pytest.mark.fault("D22")
def test_a_kill_during_database_creation_is_repaired_at_the_next_start(
    tmp_path: Path,
) -> None:
    harness = FaultHarness(tmp_path)
    harness.session("chat")
    expected_facts = harness.expected_facts()
    opening = (
        "from pathlib import Path\n"
        "from ingest.db.recovery import open_database\n"
        f"open_database(Path({str(harness.path)!r}))[0].close()"
    )
    died = 0
    # Killed at its first write, at its second, and so on, until it is complete.
    while injected(harness, "signal=KILL", died + 1, opening) != 0:
        died += 1 if SOAK else 4
        harness.read()
        assert harness.facts() == expected_facts
        harness.forget()
    assert died > 5


@pytest.mark.fault("P01", "D06")
def test_a_confirmed_action_survives_a_kill(
    tmp_path: Path,
) -> None:
    harness = FaultHarness(tmp_path)
    harness.session("chat")
    harness.session("partial")
    child = start(harness)
    assert child.stdout is not None
    # The second round begins after the commit of the first.
    assert child.stdout.readline() == b"reading\n"
    kill(child)
    with harness.open() as database:
        assert list(dump(database)) == harness.expected_facts()
