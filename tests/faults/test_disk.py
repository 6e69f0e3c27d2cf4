"""Disks that are full, broken or read-only."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from threading import Event

import pytest

from ingest.cli.main import run
from ingest.errors import DatabaseError, DiskFull
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.follow import Round
from ingest.pipeline.homes import homes
from ingest.server import owner_file
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from tests.facts_dump import dump
from tests.faults.fault_harness import AFTER, ROOT, SMALL, WHOLE, FaultHarness, program
from tests.faults.strace import injected, needs_strace
from tests.soak import SOAK


def mount(*arguments: object) -> bool:
    ended = subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False)
    return ended.returncode == 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[FaultHarness]:
    """A database on a disk of six megabytes, and six sessions to store in it."""
    data = tmp_path / "data"
    data.mkdir()
    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=6m", "tmpfs", data):
        pytest.skip("mounting a small disk is not permitted here")
    try:
        harness = FaultHarness(tmp_path, SMALL)
        for _ in range(6):
            harness.session("tour")
        yield harness
    finally:
        # Lazily: a failed test may still use it, and must not fail the next ones.
        subprocess.run(["umount", "-l", str(data)], check=True)


def fill(harness: FaultHarness, leave: int) -> Path:
    """Fill the disk with another file, except for some bytes."""
    ballast = harness.path.parent / "ballast"
    free = os.statvfs(harness.path.parent)
    with ballast.open("wb") as file:
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - leave)))
    return ballast


@pytest.mark.fault("D02", "D03")
@pytest.mark.parametrize(
    ("leave", "readers"),
    [(0, 0), (8_192, 0), (65_536, 0), (200_000, 0), (0, 1), (65_536, 1)],
)
def test_a_full_disk_is_reported_and_all_is_stored_once_there_is_space(
    small: FaultHarness, leave: int, readers: int
) -> None:
    small.open().close()
    ballast = fill(small, leave)
    on_round: list[object] = []
    try:
        on_round.append(small.read(readers=readers).paused)
    except DiskFull as error:
        on_round.append(error.code)
    assert on_round in (["store.disk_full"], ["disk_full"], [None])
    ballast.unlink()
    small.now = AFTER
    assert small.read(WHOLE).paused is None
    assert small.facts() == small.expected_facts_elsewhere()
    assert small.rows("select max(attempts) from v_batches") == [(0,)]
    assert small.rows("select count(*) from pauses") == [(0,)]
    assert small.notes == []


COMMANDS = (("ingest",), ("status",), ("tasks", "add", "Write it", "--project", "sample"))


@pytest.mark.fault("D44")
@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
@pytest.mark.parametrize("leave", [0, 4_096, 40_000])
def test_a_disk_that_is_full_at_the_start_is_reported_in_a_sentence(
    small: FaultHarness, capsys: pytest.CaptureFixture[str], known: bool, leave: int
) -> None:
    if known:
        small.open().close()
    ballast = fill(small, leave)
    env = {"TAILBOARD_DB": str(small.path), "CODEX_HOME": str(small.home.path)}
    env["TAILBOARD_CONFIG"] = str(small.folder / "config.toml")
    for words in COMMANDS:
        code = run(words, env, AFTER.replace(tzinfo=UTC))
        printed = capsys.readouterr()
        assert code in (0, 1) or "full" in printed.err, printed.err
        assert "damaged" not in printed.err
    ballast.unlink()
    small.now = AFTER
    small.read(WHOLE)
    assert small.notes == []
    assert small.facts() == small.expected_facts_elsewhere()


@pytest.mark.fault("D44")
def test_follow_without_space_for_a_new_database_ends_with_a_message(
    small: FaultHarness,
) -> None:
    fill(small, 0)
    words = program("ingest", "ingest", "--follow", "--db", str(small.path))
    env = os.environ | {"CODEX_HOME": str(small.home.path)}
    ended = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 3
    assert "is full.\nFree some space." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.fault("D44")
def test_clients_can_connect_once_a_full_disk_has_space(
    small: FaultHarness,
) -> None:
    small.open().close()
    ballast = fill(small, 0)
    notices: list[str] = []
    found = start_or_connect(
        small.path, ServerOptions(homes([small.home.path]), Role.FOLLOW), note=notices.append
    )
    assert isinstance(found, RunningServer)
    with found:
        assert any("free some space" in line for line in notices)
        ballast.unlink()
        until = time.monotonic() + 60
        while owner_file.read(small.path) is None:
            assert time.monotonic() < until
        with DatabaseClient(small.path) as client:
            assert client.host.pid == os.getpid()


@pytest.mark.fault("D02", "D03")
def test_follow_continues_automatically_once_there_is_space(small: FaultHarness) -> None:
    with small.open() as database:
        owner = small.owner(database)
        owner.pause_seconds = 0
        ballast = fill(small, 4_096)
        stop, paused = Event(), []

        def on_round(one: Round) -> None:
            paused.append(one.report.paused)
            if one.report.paused is None:
                stop.set()
            elif ballast.exists():
                small.now = AFTER
                ballast.unlink()

        owner.follow(stop, on_round)
        assert paused[0] in ("store.disk_full", "disk_full")
        assert list(dump(database)) == small.expected_facts_elsewhere()


@pytest.mark.fault("D03", "D04")
@needs_strace
@pytest.mark.parametrize("fault", ["error=ENOSPC", "error=EIO"])
def test_after_any_failed_write_the_stored_data_is_consistent(tmp_path: Path, fault: str) -> None:
    harness = FaultHarness(tmp_path, SMALL)
    harness.session("chat")
    harness.open().close()
    expected_facts = harness.expected_facts()
    reading = (
        "from tests.faults.fault_harness import *\n"
        f"FaultHarness(Path({str(tmp_path)!r}), SMALL).read()"
    )
    failed = 0
    for when in range(2, 30, 1 if SOAK else 12):
        failed += injected(harness, fault, when, reading) != 0
        with harness.open() as database:
            stored = list(dump(database))
            assert len(stored) <= len(expected_facts)
        harness.now = AFTER
        harness.read(WHOLE)
        assert harness.facts() == expected_facts
        harness.forget()
    assert failed


@pytest.mark.fault("F21")
@pytest.mark.parametrize("when", range(1, 8, 1 if SOAK else 2))
def test_after_a_read_error_the_lines_before_it_are_kept_and_the_rest_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    harness = FaultHarness(tmp_path, SMALL)
    harness.session("plan")
    healthy = harness.session("chat")
    pread, calls = os.pread, 0

    def broken(descriptor: int, length: int, offset: int) -> bytes:
        nonlocal calls
        if healthy.path.name not in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            calls += 1
            if calls == when:
                raise OSError(5, "Input/output error")
        return pread(descriptor, length, offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", broken)
        report = harness.read()
    assert report.batches["failed"] == 1
    (row,) = harness.rows(
        "select error_code, attempts, retry_at > updated_at, error_message from batches "
        "where state = 'failed'"
    )
    assert row[:3] == ("source.io", 1, True)
    assert "Reading bytes" in row[3]
    assert harness.read().batches == {}
    harness.now = AFTER
    harness.read(WHOLE)
    assert harness.facts() == harness.expected_facts()
    assert set(harness.states()) == {"completed"}


@pytest.mark.fault("D14")
def test_a_read_only_disk_is_reported_as_such(small: FaultHarness) -> None:
    small.read(WHOLE)
    before = small.path.read_bytes()
    assert mount("-o", "remount,ro", small.path.parent)
    with pytest.raises(DatabaseError, match="cannot be written"):
        small.read()
    assert mount("-o", "remount,rw", small.path.parent)
    assert small.path.read_bytes() == before
