"""A home that is read in any slices while it grows gives the same facts as one reading."""

import random
from pathlib import Path

import pytest

from ingest.pipeline.run import RunSettings
from ingest.projects.tasks.writer import TasksWriter
from ingest.sessions.scope import TIMELESS
from tests.build import Home, oddities
from tests.build.scenarios import ALL, steps
from tests.corpus import corpus
from tests.facts_dump import dump
from tests.integration.facts.expectations import owner
from tests.integration.facts.growing import GrowingHome
from tests.integration.facts.stored_tasks import stale_tasks
from tests.soak import SOAK

BATCHES = (3_000, 40_000, 10_000_000)
FOLDERS = [
    "codex-0.98.0-fork-rename",
    "codex-0.115.0-agents-fork",
    "codex-0.169.0-compressed",
    "codex-0.169.0-killed",
    "codex-0.169.0-revert",
]
"""Those with related sessions, or with an end in the middle."""
MORE_FOLDERS = [
    "codex-0.101.0",
    "codex-0.145.0-fork-rename",
    "codex-0.150.0",
    "codex-0.169.0-codemode",
]
"""Longer ones with the same records; those of `make test` contain each case once."""


def in_one_go(home: Path, database: Path) -> list[str]:
    with owner(home, database) as reading:
        reading.read_once()
        return list(dump(reading.database))


def in_slices(growing: GrowingHome, database: Path) -> list[str]:
    """Read after every growth; close and reopen the reader now and then."""
    rnd = growing.rnd
    while True:
        with owner(growing.path, database, RunSettings(batch_bytes=rnd.choice(BATCHES))) as reading:
            while not growing.done:
                growing.grow()
                growing.move()
                reading.read_once()
                if rnd.random() < 0.5:
                    TasksWriter(reading.database, lambda: TIMELESS).step()
                assert stale_tasks(reading.database) == []
                if rnd.random() < 0.3:
                    break
            if growing.done:
                growing.settle()
                reading.read_once()
                return list(dump(reading.database))


def differences(one: list[str], other: list[str]) -> list[str]:
    """The lines that only one of them contains: shorter to read than both."""
    return sorted(set(one) ^ set(other))[:6]


def compare(home: Path, tmp_path: Path, seed: int) -> None:
    once = in_one_go(home, tmp_path / "once.duckdb")
    growing = GrowingHome(home, tmp_path / "home", random.Random(seed))
    sliced = in_slices(growing, tmp_path / "sliced.duckdb")
    assert differences(once, sliced) == []
    assert len(once) == len(sliced) > 0


SCRIPTED = [
    ("g1", "0.20.0", False),
    ("g2", "0.63.0", False),
    ("g3", "0.125.0", False),
    ("g4", "0.169.0", True),
    *([("g3", "0.145.0", True), ("g4", "0.169.0", False)] if SOAK else []),
]


def test_scripted_sessions_give_the_same_facts_in_slices(tmp_path: Path) -> None:
    home = Home(tmp_path / "whole")
    for generation, version, code_mode in SCRIPTED:
        for scenario in ALL.values():
            made = scenario(home, generation, version, code_mode=code_mode)
            for session in made if isinstance(made, list) else [made]:
                session.write()
                home.history(session, "typed")
    compare(home.path, tmp_path, seed=1)


@pytest.mark.parametrize("seed", [4, 5] if SOAK else [4])
def test_odd_shapes_of_some_releases_give_the_same_facts_in_slices(
    tmp_path: Path, seed: int
) -> None:
    home = Home(tmp_path / "whole")
    for odd in oddities.ALL.values():
        odd(home).write()
    compare(home.path, tmp_path, seed)


FAMILIES = [
    ("g2", "0.98.0"), ("g3", "0.115.0"), ("g3", "0.145.0"), ("g4", "0.155.0"), ("g4", "0.169.0"),
]  # fmt: skip


def write_family(home: Home, generation: str, version: str) -> None:
    """A session with a review, an agent, a fork, and turns that were rolled back."""
    session = home.session(generation, version)
    for number in range(3):
        session.prompt(f"question {number}")
        session.plan(steps(number))
        session.command("true", number, "out\n")
        session.end_turn(f"answer {number}")
    child = session.review()
    session.prompt("Ask somebody")
    agent = session.spawn("Look around", copied=True)
    agent.end_turn("Looked around.")
    session.agent_done(agent)
    session.end_turn("Somebody looked.")
    home.clock.advance(1)
    fork = session.fork()
    fork.clock.advance(1)
    fork.prompt("in the fork")
    fork.open_command("sleep 9")
    members = [session, child, agent, fork]
    if generation == "g4":
        segment = session.revert(2)
        segment.prompt("another way")
        segment.end_turn("Done another way.")
        members.append(segment)
    else:
        session.event("thread_rolled_back", num_turns=2)
    for member in members:
        member.write()
    home.name(session, "A name")


@pytest.mark.parametrize("seed", [2, 3] if SOAK else [2])
def test_families_of_sessions_give_the_same_facts_in_slices(tmp_path: Path, seed: int) -> None:
    home = Home(tmp_path / "whole")
    for generation, version in FAMILIES:
        write_family(home, generation, version)
    compare(home.path, tmp_path, seed)


@pytest.mark.parametrize("folder", FOLDERS + MORE_FOLDERS * SOAK)
def test_real_sessions_give_the_same_facts_in_slices(tmp_path: Path, folder: str) -> None:
    compare(corpus() / folder, tmp_path, seed=len(folder))


def test_a_session_that_moves_while_another_grows_keeps_its_row(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for one in ("moves", "grows"):
        session = home.session("g4")
        session.prompt(one)
        session.end_turn("Done.")
        session.flush_to_disk()
        if one == "moves":
            moving = session
    with owner(home.path, tmp_path / "tailboard.duckdb") as reading:
        reading.read_once()
        session.prompt("more")
        session.flush_to_disk()
        home.compress(moving)
        reading.read_once()
        found = reading.database.reader().execute("select id from v_sessions").fetchall()
    assert sorted(found) == sorted([(moving.thread.id,), (session.thread.id,)])
