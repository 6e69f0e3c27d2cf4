"""Unreadable files and non-files are reported; all others are read."""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.codex import thread
from tests.faults.fault_harness import AFTER, FaultHarness
from tests.integration.cli.cli_harness import CliHarness
from tests.unit.tail.builders import NOBODY, as_a_user_without_rights, rollout

DAY = "sessions/2026/11/21"


@pytest.mark.fault("F23", "F24")
def test_a_non_file_with_the_name_of_a_session_is_reported_and_ignored(
    harness: FaultHarness,
) -> None:
    harness.session("chat")
    day = harness.home.path / DAY
    os.mkfifo(day / rollout(1))
    (day / rollout(2)).mkdir()
    with contextlib.chdir(day), socket.socket(socket.AF_UNIX) as one:
        one.bind(rollout(3))
    outside = harness.folder / "outside.jsonl"
    outside.write_bytes(b'{"not": "ours"}\n')
    (day / rollout(4)).symlink_to(outside)
    (day / rollout(5)).symlink_to(day / rollout(5))
    (day / "loop").symlink_to(harness.home.path / "sessions")
    for _ in range(2):
        report = harness.read()
        assert set(report.batches) <= {"completed"}
    assert harness.problems() == [
        *[("special", rollout(number)) for number in (1, 2, 3)],
        ("symlink", "loop"),
        *[("symlink", rollout(number)) for number in (4, 5)],
    ]
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("F23")
def test_a_file_replaced_by_a_pipe_before_opening_blocks_nothing(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = harness.session("plan")
    healthy = harness.session("chat")
    with harness.open() as database:
        owner = harness.owner(database)
        found = owner.scan()
        session.path.unlink()
        os.mkfifo(session.path)
        report = owner.read(found.changed)
    assert report.batches["dead"] == 1
    facts = harness.facts()
    assert any(healthy.thread.id in fact for fact in facts)
    # Once it is a file again, it is read without any action.
    session.path.unlink()
    session.write()
    with session.path.open("ab") as file:
        file.write(b"\n")
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("F24")
def test_a_home_that_is_a_link_is_read(harness: FaultHarness, tmp_path: Path) -> None:
    harness.session("chat")
    harness.home.path.rename(tmp_path / "other disk")
    harness.home.path.symlink_to(tmp_path / "other disk")
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert harness.facts()


@pytest.fixture
def shared() -> Iterator[FaultHarness]:
    """A folder that belongs to a user without root privileges."""
    folder = Path(tempfile.mkdtemp(prefix="shared-"))
    folder.chmod(0o777)
    yield FaultHarness(folder)
    shutil.rmtree(folder)


@pytest.mark.fault("F20")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_is_read_once_its_permission_is_restored(shared: FaultHarness, what: str) -> None:
    session = shared.session("chat")
    shared.home.clock.tick(3 * 86_400_000)
    healthy = shared.session("partial")
    for path in [shared.home.path, *shared.home.path.rglob("*")]:
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    locked = session.path if what == "file" else session.path.parent
    locked.chmod(0)
    with as_a_user_without_rights():
        report = shared.read()
        assert report.lines
        with shared.open() as database:
            for _ in range(10):  # Retries in between change nothing.
                shared.now = shared.now.replace(day=shared.now.day - 1)
                shared.owner(database).read_once()
        facts = shared.facts()
        assert any(healthy.thread.id in fact for fact in facts)
        assert not any(session.thread.id in fact for fact in facts)
        if what == "file":
            assert shared.state_of(session) == "unreadable"
            hints = shared.rows("select distinct error_hint from batches where error_hint <> ''")
            assert "chmod" in hints[0][0]
        else:
            assert shared.problems() == [("unreadable", session.path.parent.name)]
        locked.chmod(0o700)
        shared.read()
        assert shared.facts() == shared.expected_facts()
        assert shared.state_of(session) == "following"
        assert shared.problems() == []


@pytest.mark.fault("F20")
@pytest.mark.parametrize("readers", [0, 1])
def test_a_folder_whose_name_is_not_text_is_read_normally(
    harness: FaultHarness, readers: int
) -> None:
    harness.session("chat")
    path = harness.session("chat").path
    odd = path.parent / os.fsdecode(b"\xff")
    odd.mkdir()
    path.rename(odd / path.name)
    harness.home.path = harness.home.path.rename(harness.folder / os.fsdecode(b"home\xfe"))
    harness.read(readers=readers)
    assert len(harness.cursors()) == 2
    assert set(harness.states()) == {"completed"}
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("F18", "F20")
def test_one_bad_file_of_twenty_does_not_stop_the_others(harness: FaultHarness) -> None:
    sessions = [harness.session("chat") for _ in range(20)]
    bad = sessions[7]
    harness.home.compress(bad)
    packed = bad.path.with_name(bad.path.name + ".zst")
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    report = harness.read()
    assert report.batches == {"completed": report.batches["completed"], "failed": 1}
    threads = {session.thread.id for session in sessions} - {bad.thread.id}
    assert {row[0] for row in harness.rows("select thread from segments")} == threads
    packed.write_bytes(whole)
    harness.now = AFTER
    harness.read()
    assert harness.facts() == harness.expected_facts()
    assert harness.state_of(bad) == "following"


@pytest.mark.fault("L19", "Q05")
@pytest.mark.parametrize("others", [0, 20])
def test_a_value_that_does_not_fit_its_column_fails_alone(
    harness: FaultHarness,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    others: int,
) -> None:
    """Any error of ours: here, a number that is too large for its column."""
    monkeypatch.setattr(thread, "_MAX_TURNS", 2**60)
    bad = harness.home.session("g2")
    bad.prompt("Never mind")
    bad.event("thread_rolled_back", num_turns=3_000_000_000)
    bad.write()
    good = [harness.session("chat") for _ in range(others)]
    harness.read()
    assert harness.rows("select error_code from batches where state = 'dead'") == [("store.unfit",)]
    threads = {session.thread.id for session in good}
    assert {row[0] for row in harness.rows("select thread from segments")} == threads
    assert harness.read().lines == 0
    shown = CliHarness(tmp_path, capsys).run(
        "status", "--db", str(harness.path), "--codex-home", str(harness.home.path)
    )
    # Ingesting again would not help.
    assert "held back: `tailboard batches list`" in shown.out
    assert "`tailboard ingest`" not in shown.out
    monkeypatch.undo()
    with harness.open() as database:
        database.execute("update batches set state = 'pending', attempts = 0 where state = 'dead'")
    harness.read()
    assert harness.facts() == harness.expected_facts()
