"""Commands that meet others at the same database: each simply waits for its turn."""

import os
import subprocess
import sys

import pytest

from tests.faults.fault_harness import ROOT, Place, program

MANY = 8


def start(place: Place, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*program("ingest", *words), "--db", str(place.path)],
        cwd=ROOT,
        env={**os.environ, "CODEX_HOME": str(place.home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(commands: list[subprocess.Popen[str]]) -> list[str]:
    """What those said that failed."""
    said = [(one.communicate()[1], one.returncode) for one in commands]
    return [text for text, code in said if code not in (0, 1)]


@pytest.mark.fault("P45")
def test_many_orders_at_once_are_all_carried_out(place: Place) -> None:
    place.session("plan")
    place.read()
    words = ("tasks", "add", "Write it", "--project", "sample")
    assert ended([start(place, *words) for _ in range(MANY)]) == []
    assert place.rows("select count(*) from commands") == [(MANY,)]


@pytest.mark.fault("P45")
def test_reading_files_beside_commands_waits_for_them(place: Place) -> None:
    place.session("plan")
    place.read()
    place.session("chat")
    words = (("resume",), ("tasks", "add", "Write it", "--project", "sample"), ("ingest",))
    assert ended([start(place, *one) for one in words + words]) == []
    assert place.facts() == place.quiet()


@pytest.mark.fault("P45")
def test_an_order_beside_an_owner_that_is_just_starting_waits_for_it(place: Place) -> None:
    """It has the lock, and nobody can reach it yet, for longer than a moment."""
    place.session("plan")
    place.read()
    code = (
        "import sys; from pathlib import Path; from ingest.db.database import Database\n"
        f"with Database(Path({str(place.path)!r})):\n"
        "    print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    order = start(place, "tasks", "add", "Write it", "--project", "sample")
    with pytest.raises(subprocess.TimeoutExpired):
        order.wait(4)
    holder.communicate()
    assert ended([order]) == []
    assert place.rows("select verb from commands") == [("task",)]
