"""Codex's files are never changed, and our own files are private."""

import os
import subprocess
from pathlib import Path
from threading import Event

import pytest

from ingest.pipeline.run import RunSettings
from ingest.pipeline.verify import verify
from tests.build.home import Home
from tests.faults.fault_harness import FaultHarness


def file_states(home: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(home.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (
            *(content, info.st_ino, info.st_mode, info.st_nlink, info.st_uid, info.st_size),
            *(info.st_mtime_ns, info.st_ctime_ns),
        )
    return found


def busy_home(harness: FaultHarness) -> Home:
    for which in ("plan", "tour", "agents", "compact"):
        session = harness.session(which)
        harness.home.history(session, "a prompt")
        harness.home.name(session, "a name")
    harness.home.archive(harness.session("chat"))
    harness.home.compress(harness.session("chat"))
    harness.home.compress(harness.session("chat"), keep_plain=True)
    harness.home.lock(session)
    session.path.write_bytes(session.bytes()[:-10])
    return harness.home


def ingest_follow_verify(harness: FaultHarness) -> None:
    harness.read(RunSettings(batch_bytes=50_000), readers=2)
    with harness.open() as database:
        owner = harness.owner(database, RunSettings())
        owner.read_once()
        # One whole sweep, then the end.
        owner.follow(_OneRound(), lambda _: None)
        checks = list(verify(database, owner.homes, "2026-11-21T12:00:00", deep=True))
        assert checks
        assert all(check.ok for check in checks), [one.detail for one in checks if not one.ok]


class _OneRound(Event):
    """Set after it was checked twice."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > 2


@pytest.mark.fault("F01", "F05", "F20")
def test_no_file_of_codex_is_written_moved_or_locked(harness: FaultHarness) -> None:
    home = busy_home(harness)
    before = file_states(home.path)
    ingest_follow_verify(harness)
    assert file_states(home.path) == before
    locks = Path("/proc/locks").read_text() if Path("/proc/locks").exists() else ""
    inodes = {str(value[1]) for value in before.values()}
    assert not [line for line in locks.splitlines() if line.split(":")[-1].split()[0] in inodes]


@pytest.mark.fault("F01")
def test_a_read_only_home_is_read_normally(harness: FaultHarness) -> None:
    home = busy_home(harness)
    expected_facts = harness.expected_facts()
    bound = subprocess.run(
        ["mount", "--bind", home.path, home.path], capture_output=True, check=False
    )
    if bound.returncode:
        pytest.skip("binding a folder read-only is not permitted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", home.path], check=True)
        with pytest.raises(OSError, match="Read-only"):
            (home.path / "x").touch()
        ingest_follow_verify(harness)
        assert harness.facts() == expected_facts
    finally:
        subprocess.run(["umount", "-l", home.path], check=True)


@pytest.mark.fault("P01", "S03")
@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_created_files_are_private_with_any_umask(harness: FaultHarness, mask: int) -> None:
    busy_home(harness)
    os.umask(mask)
    harness.path = harness.folder / "a" / "b" / "tailboard.duckdb"
    modes: dict[str, int] = {}

    def check_modes(_: object) -> None:
        for path in [harness.folder / "a", *(harness.folder / "a").rglob("*")]:
            modes[str(path)] = path.stat().st_mode & 0o777 if path.exists() else 0o600

    with harness.open() as database:
        owner = harness.owner(database)
        owner.read_once(lambda *_: check_modes(None))
        check_modes(None)
    harness.path.write_bytes(harness.path.read_bytes()[:20_000])
    harness.notes.clear()
    harness.read()
    assert harness.notes
    check_modes(None)
    assert any(name.endswith(".wal") for name in modes)
    assert any("recovery" in name for name in modes)
    for name, mode in modes.items():
        assert mode == (0o700 if Path(name).is_dir() else 0o600), name
