"""Codex's daemon is asked, within limits, and never believed where it is not ours or not known."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.codex.liveness import LiveStatus
from ingest.live.daemon import RETRY_SECONDS, TIMEOUT
from ingest.live.home import SETTLES_AFTER, HomeLive, Live
from tests.fake_daemon import (
    ACTIVE,
    IDLE,
    WAITS_FOR_APPROVAL,
    WAITS_FOR_INPUT,
    FakeDaemon,
    fake_daemon,
)

READ_ONLY = {"initialize", "thread/list", "thread/loaded/list", "thread/read"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "codex"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may be slow."""
    monkeypatch.setattr("ingest.live.home.TIMEOUT", 30.0)


@pytest.fixture
def daemon(home: Path) -> Iterator[FakeDaemon]:
    with fake_daemon(home) as daemon:
        yield daemon


def ask(home: Path) -> tuple[Live, HomeLive]:
    live = HomeLive(str(home))
    return live.now(ask=True), live


def test_the_daemon_tells_which_threads_run_wait_or_are_idle(
    daemon: FakeDaemon, home: Path
) -> None:
    daemon.threads = {
        "a": WAITS_FOR_APPROVAL, "b": WAITS_FOR_INPUT, "c": ACTIVE, "d": IDLE,
        "e": {"type": "systemError"}, "f": {"type": "notLoaded"},
    }  # fmt: skip
    found, live = ask(home)
    assert live.problem == ""
    assert found.statuses == {
        "a": LiveStatus.APPROVAL, "b": LiveStatus.INPUT, "c": LiveStatus.ACTIVE,
        "d": LiveStatus.IDLE, "e": LiveStatus.ERROR,
    }  # fmt: skip
    assert (live.version, live.problem) == ("0.171", "")
    assert set(daemon.methods) <= READ_ONLY


def test_a_home_without_a_daemon_has_no_problem(home: Path) -> None:
    found, live = ask(home)
    assert (found.statuses, live.problem) == ({}, "")


def test_the_daemon_is_not_asked_if_that_is_switched_off(daemon: FakeDaemon, home: Path) -> None:
    assert HomeLive(str(home)).now(ask=False).statuses == {}
    assert daemon.connections == 0


@pytest.mark.parametrize("behaviour", ["silent", "mute", "garbage", "shape"])
def test_a_daemon_that_hangs_or_answers_nonsense_is_asked_once_a_minute(
    home: Path, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if behaviour in ("silent", "mute"):
        monkeypatch.setattr("ingest.live.home.TIMEOUT", TIMEOUT)
    with fake_daemon(home, behaviour) as daemon:
        daemon.threads = {"a": WAITS_FOR_APPROVAL}
        found, live = ask(home)
        assert found.statuses == {}
        assert live.problem
        connections = daemon.connections
        live._asked_at = float("-inf")
        assert live.now(ask=True).statuses == {}
        assert daemon.connections == connections
        # A minute later it may have recovered.
        monkeypatch.setattr("ingest.live.home.TIMEOUT", 30.0)
        daemon.behaviour = ""
        live._asked_at, live._failed_at = float("-inf"), time.monotonic() - RETRY_SECONDS
        assert live.now(ask=True).statuses == {"a": LiveStatus.APPROVAL}
        assert live.problem == ""


def test_unknown_statuses_are_reported_and_leave_the_decision_to_the_files(
    daemon: FakeDaemon, home: Path
) -> None:
    daemon.threads = {
        "a": {"type": "dreaming"},
        "b": {"type": "active", "activeFlags": ["waitingOnApproval", "waitingOnTheMoon"]},
        "c": ACTIVE,
    }
    found, live = ask(home)
    assert found.statuses == {"c": LiveStatus.ACTIVE}
    assert live.unknown == {"dreaming", "waitingOnTheMoon"}


def test_a_daemon_of_an_unknown_version_is_not_believed(daemon: FakeDaemon, home: Path) -> None:
    daemon.threads, daemon.user_agent = {"a": ACTIVE}, "something else"
    found, live = ask(home)
    assert (found.statuses, live.problem) == ({}, "It does not report a version that is known.")


def test_the_daemon_of_another_home_is_not_believed(
    daemon: FakeDaemon, home: Path, tmp_path: Path
) -> None:
    daemon.threads, daemon.home = {"a": ACTIVE}, tmp_path
    found, live = ask(home)
    assert (found.statuses, live.problem) == ({}, "It serves another home.")


def test_a_socket_that_others_can_reach_is_not_used(daemon: FakeDaemon, home: Path) -> None:
    for folder in (daemon.folder, daemon.link.parent):
        folder.chmod(0o755)
        found, live = ask(home)
        assert (found.statuses, live.problem) == ({}, "Others can use the folder of its socket.")
        folder.chmod(0o700)
    assert daemon.connections == 0


def test_a_socket_of_another_user_is_not_used(
    daemon: FakeDaemon, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    _, live = ask(home)
    assert live.problem == "The folder of its socket belongs to another user."
    assert daemon.connections == 0


def test_a_file_in_place_of_the_socket_is_not_used(daemon: FakeDaemon, home: Path) -> None:
    daemon.target.unlink()
    daemon.target.touch()
    assert ask(home)[1].problem == "Its socket is not a socket."


def test_a_watched_daemon_reports_every_change_on_one_connection(
    daemon: FakeDaemon, home: Path
) -> None:
    daemon.threads = {"a": ACTIVE}
    live, stop, changed = HomeLive(str(home)), threading.Event(), threading.Semaphore(0)
    watcher = threading.Thread(target=live.watch, args=(stop, changed.release))
    watcher.start()
    try:
        assert changed.acquire(timeout=30)
        daemon.set("a", WAITS_FOR_APPROVAL)
        assert changed.acquire(timeout=30)
        assert live.now(ask=True).statuses == {"a": LiveStatus.APPROVAL}
        daemon.set("a", {"type": "notLoaded"})
        assert changed.acquire(timeout=30)
        assert live.now(ask=True).statuses == {}
        daemon.set("b", ACTIVE)
        assert changed.acquire(timeout=30)
        assert daemon.connections == 1
        daemon.die()
        assert changed.acquire(timeout=30)
        assert live.now(ask=True).statuses == {}
        # The next daemon has another socket, which is used at once.
        with fake_daemon(home) as successor:
            successor.threads = {"b": WAITS_FOR_INPUT}
            assert changed.acquire(timeout=30)
            assert live.now(ask=True).statuses == {"b": LiveStatus.INPUT}
    finally:
        stop.set()
        watcher.join()


def test_a_thread_is_settled_when_it_was_idle_for_some_seconds(
    daemon: FakeDaemon, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.live.home.ASK_EVERY", 0.0)
    daemon.threads = {"a": IDLE}
    found, live = ask(home)
    assert found.statuses == {"a": LiveStatus.IDLE}
    live._idle_since["a"] -= SETTLES_AFTER
    assert live.now(ask=True).statuses == {"a": LiveStatus.SETTLED}
    daemon.threads = {"a": ACTIVE}
    assert live.now(ask=True).statuses == {"a": LiveStatus.ACTIVE}
    daemon.threads = {"a": IDLE}
    assert live.now(ask=True).statuses == {"a": LiveStatus.IDLE}
