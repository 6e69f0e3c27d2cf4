"""Many commands use one database at once: each waits for its turn, and none fails."""

import os
import subprocess
import sys

import pytest

from tests.faults.fault_harness import ROOT, FaultHarness, program
from tests.soak import SOAK

MANY = 200 if SOAK else 12


def start(harness: FaultHarness, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*program("ingest", *words), "--db", str(harness.path)],
        cwd=ROOT,
        env={**os.environ, "CODEX_HOME": str(harness.home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def errors(commands: list[subprocess.Popen[str]]) -> list[str]:
    """The error output of the commands that failed."""
    ended = [(one.communicate()[1], one.returncode) for one in commands]
    return [text for text, code in ended if code not in (0, 1)]


ADD = ("tasks", "add", "Write it", "--project", "sample")


def mixed(harness: FaultHarness, count: int) -> list[subprocess.Popen[str]]:
    """Every third command changes something."""
    words = (("status",), ("sessions",), ADD)
    return [start(harness, *words[number % 3]) for number in range(count)]


@pytest.mark.fault("P45")
def test_many_commands_without_an_owner_all_succeed(harness: FaultHarness) -> None:
    harness.session("plan")
    harness.read()
    assert errors(mixed(harness, MANY)) == []
    assert harness.rows("select count(*) from commands") == [(MANY // 3,)]


@pytest.mark.fault("P45")
def test_many_commands_during_start_and_end_of_an_owner_all_succeed(
    harness: FaultHarness,
) -> None:
    harness.session("plan")
    harness.read()
    harness.session("chat")
    owner = start(harness, "ingest", "--follow", "--json")
    commands = mixed(harness, MANY // 2)
    assert owner.stdout is not None
    # By now it has read the new session, and answers some of the commands.
    assert owner.stdout.readline()
    commands += mixed(harness, MANY - len(commands))
    commands[-1].wait()
    owner.terminate()
    assert errors([owner, *commands]) == []
    assert harness.rows("select count(*) from commands") == [(MANY // 3,)]


@pytest.mark.fault("P45")
def test_ingest_waits_for_running_commands(harness: FaultHarness) -> None:
    harness.session("plan")
    harness.read()
    harness.session("chat")
    words = (("resume",), ADD, ("ingest",))
    assert errors([start(harness, *one) for one in words + words]) == []
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P45")
def test_an_action_waits_for_a_starting_owner(harness: FaultHarness) -> None:
    """The owner has the lock, but no socket for some seconds."""
    harness.session("plan")
    harness.read()
    code = (
        "import sys; from pathlib import Path; from ingest.db.database import Database\n"
        f"with Database(Path({str(harness.path)!r})):\n"
        "    print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    command = start(harness, *ADD)
    with pytest.raises(subprocess.TimeoutExpired):
        command.wait(4)
    holder.communicate()
    assert errors([command]) == []
    assert harness.rows("select verb from commands") == [("task",)]
