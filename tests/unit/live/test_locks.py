"""Whether the process that writes a thread lives, from the list of locks of the system."""

import fcntl
from pathlib import Path

import pytest

from ingest.live import locks
from ingest.live.locks import Writer, locked_inodes, writers


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "thread-writer-locks"
    folder.mkdir()
    for name in ("019a.lock", "019b.lock", ".coordination.lock", "notes.txt"):
        (folder / name).touch()
    return tmp_path


def test_a_home_without_locks_has_no_writers(tmp_path: Path) -> None:
    assert writers(str(tmp_path)) == {}


def test_a_held_lock_is_a_living_writer_and_a_file_alone_is_not(home: Path) -> None:
    if locked_inodes(str(home)) is None:
        pytest.skip("this system does not list the locks of all processes")
    with (home / "thread-writer-locks" / "019a.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert writers(str(home)) == {"019a": Writer.ALIVE, "019b": Writer.GONE}
    assert writers(str(home)) == {"019a": Writer.GONE, "019b": Writer.GONE}


def test_without_a_list_of_locks_nothing_is_known(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_LOCKS", str(home / "missing"))
    assert set(writers(str(home)).values()) == {Writer.UNKNOWN}


@pytest.mark.parametrize("filesystem", ["nfs4", "overlay", "fuse.something"])
def test_on_a_shared_file_system_nothing_is_known(
    home: Path, monkeypatch: pytest.MonkeyPatch, filesystem: str
) -> None:
    mounts = home / "mounts"
    mounts.write_text(f"x {home} {filesystem} rw 0 0\n")
    monkeypatch.setattr(locks, "_MOUNTS", str(mounts))
    assert set(writers(str(home)).values()) == {Writer.UNKNOWN}


def test_in_a_container_nothing_is_known(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_INITIAL_NAMESPACE", "pid:[1]")
    assert set(writers(str(home)).values()) == {Writer.UNKNOWN}
