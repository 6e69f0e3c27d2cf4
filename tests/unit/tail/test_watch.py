"""Hints about changes, and the reason if there are none. Nothing here depends on time."""

import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.tail.watch import Mode, Watcher
from tests.unit.tail.builders import append, rollout, write

PATIENCE = 30.0


class FakeSystem:
    """An operating system whose events (or errors) the test decides."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.started: queue.Queue[tuple[list[str], bool]] = queue.Queue()
        self.deep: queue.Queue[set[str] | None] = queue.Queue()
        self.flat: queue.Queue[set[str] | None] = queue.Queue()

    def __call__(
        self, paths: list[str], recursive: bool, end: threading.Event
    ) -> Iterator[set[str]]:
        self.started.put((paths, recursive))
        if self.error is not None:
            raise self.error
        events = self.deep if recursive else self.flat
        while not end.is_set():
            try:
                event = events.get(timeout=0.01)
            except queue.Empty:
                continue
            if event is None:
                return
            yield event


def local() -> str:
    return "/dev/vda / ext4 rw 0 0\n"


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sessions/2026").mkdir(parents=True)
    return tmp_path


def mode_and_reason(watcher: Watcher) -> tuple[Mode, str]:
    return watcher.mode, watcher.reason


def ended(watcher: Watcher) -> str:
    """The reason of the watcher after its threads have ended."""
    for thread in threading.enumerate():
        if thread.name == "watch":
            thread.join(PATIENCE)
    assert watcher.wait(0) == set()
    return watcher.reason


def test_a_changed_file_is_reported_at_once(home: Path, system: FakeSystem) -> None:
    with Watcher(home, system, local) as watcher:
        path = home / "sessions/2026" / rollout()
        system.deep.put({str(path), str(home / "sessions/2026/x.tmp")})
        assert watcher.wait(PATIENCE) == {path}
        assert watcher.mode is Mode.EVENTS
        assert watcher.reason == "The operating system reports changes."
        assert watcher.wait(0) == set()


def test_every_source_in_a_new_folder_is_reported(home: Path, system: FakeSystem) -> None:
    with Watcher(home, system, local) as watcher:
        paths = {
            write(home / "sessions/2026/11/21" / rollout(1)),
            write(home / "sessions/2026/11/22" / (rollout(2) + ".zst")),
        }
        write(home / "sessions/2026/11/22" / (rollout(2) + ".zst.tmp"))
        system.deep.put({str(home / "sessions/2026/11")})
        assert watcher.wait(PATIENCE) == paths


def test_only_changes_of_sources_in_the_home_are_reported(home: Path, system: FakeSystem) -> None:
    with Watcher(home, system, local) as watcher:
        system.flat.put({str(home / "logs_2.sqlite-wal"), str(home / "auth.json")})
        system.flat.put({str(home / "history.jsonl")})
        assert watcher.wait(PATIENCE) == {home / "history.jsonl"}


def test_a_home_that_appears_later_is_watched_from_then_on(
    tmp_path: Path, system: FakeSystem
) -> None:
    home = tmp_path / "codex"
    with Watcher(home, system, local) as watcher:
        assert watcher.wait(0) == set()
        assert mode_and_reason(watcher) == (Mode.POLLING, "There is no Codex home to watch yet.")
        home.mkdir()
        assert watcher.wait(0) == set()
        assert mode_and_reason(watcher) == (
            Mode.EVENTS,
            "The Codex home is watched; it contains no sessions yet.",
        )
        assert system.started.get(timeout=PATIENCE) == ([str(home)], False)
        path = write(home / "sessions/2026" / rollout())
        system.flat.put({str(home / "sessions")})
        assert watcher.wait(PATIENCE) == {path}
        assert system.started.get(timeout=PATIENCE) == ([str(home / "sessions")], True)


def test_replaced_folders_are_watched_again(home: Path, system: FakeSystem) -> None:
    with Watcher(home, system, local) as watcher:
        first = {system.started.get(timeout=PATIENCE)[1] for _ in range(2)}
        (home / "sessions").rename(home / "old")
        (home / "sessions").mkdir()
        watcher.wait(0)
        assert system.started.get(timeout=PATIENCE) == ([str(home / "sessions")], True)
        assert first == {False, True}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("OS file watch limit reached. about [...]"), "limit of watched folders"),
        (OSError(28, "No space left on device"), "limit of watched folders"),
        (PermissionError(13, "Permission denied"), "Watching failed: Permission denied."),
        (RuntimeError("Too many open files (os error 24)"), "limit of watchers"),
        (RuntimeError("Rust internal error"), "RuntimeError: Rust internal error."),
        (ImportError("no native module"), "ImportError: no native module."),
        (SystemExit("like a panic, no Exception"), "SystemExit"),
    ],
)
def test_a_failed_watch_reports_the_reason_and_raises_nothing(
    home: Path, error: BaseException, reason: str
) -> None:
    with Watcher(home, FakeSystem(error), local) as watcher:
        text = ended(watcher)
        assert reason in text
        assert text.endswith("The files are checked at regular intervals instead.")
        assert watcher.mode is Mode.POLLING


def test_a_watch_that_ends_unexpectedly_is_reported(home: Path, system: FakeSystem) -> None:
    with Watcher(home, system, local) as watcher:
        system.deep.put(None)
        system.flat.put(None)
        assert "The watcher ended unexpectedly." in ended(watcher)
        assert watcher.mode is Mode.POLLING


def test_a_folder_that_vanished_before_it_was_watched_is_tried_again(home: Path) -> None:
    system = FakeSystem(FileNotFoundError(2, "No such file or directory"))
    with Watcher(home, system, local) as watcher:
        for _ in range(2):
            system.started.get(timeout=PATIENCE)
        ended(watcher)
        system.error = None
        watcher.wait(0)
        path = home / "sessions/2026" / rollout()
        system.deep.put({str(path)})
        assert watcher.wait(PATIENCE) == {path}
        assert watcher.mode is Mode.EVENTS


def test_on_a_network_file_system_nothing_is_watched(home: Path, system: FakeSystem) -> None:
    mounts = f"/dev/vda / ext4 rw 0 0\nserver:/x {os.path.realpath(home)}/sessions nfs4 rw 0 0\n"
    with Watcher(home, system, lambda: mounts) as watcher:
        assert watcher.wait(0) == set()
        assert watcher.mode is Mode.POLLING
        assert watcher.reason.startswith("A network file system (nfs4) does not report changes.")
        assert system.started.empty()


def test_stopping_ends_the_wait_and_every_thread(home: Path, system: FakeSystem) -> None:
    watcher = Watcher(home, system, local)
    given: queue.Queue[set[Path]] = queue.Queue()
    waiting = threading.Thread(target=lambda: given.put(watcher.wait(10 * PATIENCE)), daemon=True)
    waiting.start()
    watcher.stop()
    watcher.stop()
    assert given.get(timeout=PATIENCE) == set()
    waiting.join(PATIENCE)
    assert mode_and_reason(watcher) == (Mode.POLLING, "Watching has been stopped.")
    assert not [thread for thread in threading.enumerate() if thread.name == "watch"]


def test_the_real_operating_system_reports_an_append(home: Path) -> None:
    path = write(home / "sessions/2026" / rollout())
    with Watcher(home) as watcher:
        # The first appends may come before the watch is active, so they are repeated.
        for _ in range(200):
            append(path, b"line\n")
            if path in watcher.wait(0.2) or watcher.mode is Mode.POLLING:
                break
        else:
            pytest.fail("no append was reported")
        assert watcher.mode is Mode.EVENTS, watcher.reason
