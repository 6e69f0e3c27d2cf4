"""A session file is replaced by a short successor that refers to its older part: one session."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.pipeline.homes import homes
from ingest.pipeline.scan import scan_and_register
from ingest.pipeline.verify import verify
from ingest.sessions.raw_lines import Range, read_chunks
from tests.faults.driver import kill, start
from tests.faults.fault_harness import SMALL, FaultHarness
from tests.oracle.comparison import compare
from tests.soak import SOAK

STORY = """
    select 'turn', n, turn_id, state, started_at, ended_at, seconds, error from turns
    union all select 'message', turn, null, role, time, null, null, text from messages
    union all select 'call', turn, call_id, status, time, ended_at, exit_code, command from calls
    union all
    select 'usage', turn, model, input::varchar, time, null, output, total::varchar from usage
    union all select 'plan', turn, origin, steps::varchar, time, null, revision, null from plans
    union all select 'file', turn, change, path, time, null, null, status from files
    union all
    select 'session', turns, turn_state, title, started_at, null, total, id from session_rows
"""


def story(harness: FaultHarness) -> list[str]:
    """What is stored, without positions in files."""
    return sorted(str(row) for row in harness.rows(STORY))


class Rotated:
    """A session file that is written bit by bit and rotated; and what it says unrotated."""

    def __init__(self, harness: FaultHarness, which: str = "plan") -> None:
        self.harness, self.home = harness, harness.home
        session = harness.session(which)
        self.session, self.lines, self.path = session, session.lines, session.path
        self.path.write_bytes(b"")
        self.written = b""
        self.plain = FaultHarness(harness.folder / "plain")
        self.plain.home = type(harness.home)(harness.folder / "plain" / "codex")

    def write(self, lines: int) -> None:
        data = b"".join(self.lines[:lines])
        self.lines = self.lines[lines:]
        self.written += data
        with self.path.open("ab") as file:
            file.write(data)

    def rotate(self) -> Path:
        return self.home.rotate(self.path)

    def expected(self) -> list[str]:
        path = self.plain.home.path / self.path.relative_to(self.home.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.written)
        self.plain.forget()
        self.plain.read()
        return story(self.plain)

    def check(self) -> None:
        self.harness.read()
        assert story(self.harness) == self.expected()
        with self.harness.open() as database:
            # Reads everything again and compares.
            found = homes([self.home.path])
            checks = list(verify(database, found, "2026-11-21", deep=True))
        assert [(check.ok, check.detail) for check in checks] == [(True, "")]


@pytest.fixture
def rotated(harness: FaultHarness) -> Rotated:
    return Rotated(harness)


def refusals(harness: FaultHarness) -> list[str]:
    return [row[0] for row in harness.rows("select message from rejects where reason='reference'")]


@pytest.mark.fault("F42")
def test_a_session_goes_on_in_the_successor_of_its_file(rotated: Rotated) -> None:
    """With lines that were not read before, in the middle of a turn, and with more lines later."""
    rotated.write(20)
    rotated.harness.read()
    rotated.write(4)
    old = rotated.rotate()
    rotated.write(3)
    rotated.harness.read()
    assert not refusals(rotated.harness)
    before = len(rotated.written)
    rotated.write(len(rotated.lines))
    with rotated.harness.open() as database:
        scanned = scan_and_register(database, homes([rotated.home.path]), "2026-11-21")
        assert scanned.behind_bytes == len(rotated.written) - before
        listed = database.execute("select behind from v_sources").fetchall()
        assert listed == [(scanned.behind_bytes,)]
    rotated.check()
    assert rotated.harness.read().batches == {}
    wanted = Range(str(rotated.path), "plain", 0, old.stat().st_size + 10)
    assert b"".join(read_chunks(wanted)).startswith(old.read_bytes())


@pytest.mark.fault("F42")
def test_two_rotations_an_archive_and_compression_change_nothing(rotated: Rotated) -> None:
    """While nothing watches, and in a home that is read for the first time."""
    home, session = rotated.home, rotated.session
    rotated.write(15)
    rotated.harness.read()
    rotated.write(5)
    first = rotated.rotate()
    rotated.write(5)
    second = rotated.rotate()
    rotated.write(5)
    rotated.check()
    for part in (first, second):
        session.path = part
        home.compress(session)
    session.path = rotated.path
    rotated.path = home.archive(session)
    facts = rotated.harness.facts()
    home.compress(session)
    assert rotated.harness.read().lines == 0
    compared = compare([home.path], rotated.harness.folder / "compared.duckdb")
    assert compared.places == []
    home.path = home.path.rename(home.path.with_name("elsewhere"))
    assert rotated.harness.read().lines == 0
    assert rotated.harness.facts() == facts == rotated.harness.expected_facts()


@pytest.mark.fault("F42")
@pytest.mark.parametrize("seed", range(40 if SOAK else 1))
def test_rotations_at_any_moment_lose_and_double_nothing(harness: FaultHarness, seed: int) -> None:
    chance = random.Random(seed)
    rotated = Rotated(harness)
    rotated.write(2)
    steps: list[Callable[[], object]] = [
        rotated.rotate,
        lambda: rotated.write(chance.randrange(1, 9)),
        lambda: harness.read(SMALL),
    ]
    for step in chance.choices(steps, (2, 4, 3), k=16):
        step()
    rotated.check()


@pytest.mark.fault("F42")
def test_a_rotation_during_a_kill_loses_and_doubles_nothing(harness: FaultHarness) -> None:
    rotated = Rotated(harness)
    harness.create()
    for _ in range(2 if SOAK else 1):
        rotated.write(8)
        child = start(harness)
        rotated.write(4)
        rotated.rotate()
        os.sched_yield()
        kill(child)
        rotated.write(2)
    rotated.check()


def test_a_part_that_is_gone_keeps_what_was_read(rotated: Rotated) -> None:
    """Also at a second rotation; and nothing is doubled when the part is back."""
    harness = rotated.harness
    rotated.write(20)
    harness.read()
    before = set(story(harness))
    old = rotated.rotate()
    content = old.read_bytes()
    shutil.rmtree(old.parent)
    rotated.write(6)
    harness.read()
    assert refusals(harness) == ["The older part of this session file is missing."]
    assert story(harness) == rotated.expected()
    assert len(before - set(story(harness))) <= 3, "the rows of what was open"
    rotated.write(3)
    rotated.rotate()
    rotated.write(3)
    harness.read()
    assert story(harness) == rotated.expected()
    with harness.open() as database:
        checks = list(verify(database, homes([rotated.home.path]), "2026-11-21", deep=True))
    assert [check.ok for check in checks] == [True]
    assert "missing. Its stored lines are kept." in checks[0].detail
    old.parent.mkdir(parents=True)
    old.write_bytes(content)
    rotated.write(3)
    rotated.check()
    assert not refusals(harness)
