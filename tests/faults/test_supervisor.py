"""The thread that keeps an owner alive for the dashboard survives any error."""

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.faults.fault_harness import ROOT, FaultHarness, program
from tui.supervisor import (
    OwnerConnected,
    OwnerDisconnected,
    OwnerEvent,
    Supervisor,
    SupervisorProblem,
)

PATIENCE = 60.0


def wait_for(events: "SimpleQueue[OwnerEvent]", kind: type[OwnerEvent]) -> OwnerEvent:
    """The next event of this kind."""
    while True:
        result = events.get(timeout=PATIENCE)
        if isinstance(result, kind):
            return result


def install(harness: FaultHarness, path: Path) -> None:
    """Install the program under this name."""
    words = program("ingest", "ingest", "--for-dashboard", "--db", str(harness.path))
    line = shlex.join([*words, "--codex-home", str(harness.home.path)])
    path.write_text(f"#!/bin/sh\ncd {shlex.quote(str(ROOT))} && exec {line}\n", encoding="utf-8")
    path.chmod(0o700)


@pytest.mark.fault("P43")
def test_a_missing_program_file_is_reported_and_started_once_it_is_back(
    harness: FaultHarness,
) -> None:
    harness.session("chat")
    executable = harness.folder / "tailboard"
    supervisor = Supervisor(harness.path, [str(executable)])
    events: SimpleQueue[OwnerEvent] = SimpleQueue()
    supervisor.listen(events.put)
    supervisor.start()
    try:
        trouble = wait_for(events, SupervisorProblem)
        assert isinstance(trouble, SupervisorProblem)
        assert "No such file" in trouble.message
        install(harness, executable)
        supervisor.retry()
        wait_for(events, OwnerConnected)
        # As during an upgrade of the program while a dashboard is open.
        executable.unlink()
        os.kill(supervisor.client().host.pid, signal.SIGKILL)
        wait_for(events, OwnerDisconnected)
        wait_for(events, SupervisorProblem)
        install(harness, executable)
        supervisor.retry()
        wait_for(events, OwnerConnected)
    finally:
        supervisor.close()


@pytest.mark.fault("P43")
@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ImportError("gone"), None])
def test_starting_an_owner_is_retried_after_any_error(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    executable = harness.folder / "tailboard"
    install(harness, executable)
    fails: list[Exception] = [error or OSError(28, "No space left on device")]
    what: tuple[object, str] = (subprocess, "Popen") if error else (tempfile, "TemporaryFile")
    works: Callable[..., object] = getattr(*what)

    def start(*arguments: object, **named: object) -> object:
        if fails:
            raise fails[0]
        return works(*arguments, **named)

    monkeypatch.setattr(*what, start)
    supervisor = Supervisor(harness.path, [str(executable)])
    events: SimpleQueue[OwnerEvent] = SimpleQueue()
    supervisor.listen(events.put)
    # The owner file of a dead process: nothing is started before the thread runs.
    harness.path.parent.mkdir()
    note = b'{"pid":1,"since":"","role":"","version":"","schema":1,"homes":[]}'
    harness.path.with_name(harness.path.name + ".owner").write_bytes(note)
    supervisor.start()
    try:
        wait_for(events, SupervisorProblem)
        fails.clear()
        supervisor.retry()
        wait_for(events, OwnerConnected)
    finally:
        supervisor.close()
