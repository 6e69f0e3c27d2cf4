"""Opening the database: exclusive, and with a clear message if it is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.db import recovery
from ingest.db.recovery import open_database
from ingest.errors import DatabaseUnusable, Locked
from tests.faults.damage import Damage, flipped
from tests.faults.driver import kill, start
from tests.faults.fault_harness import ROOT, FaultHarness


@pytest.mark.fault("P04", "D10")
def test_a_second_process_gets_the_pid_of_the_owner(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.session("chat")
    child = start(harness)
    for _ in range(2):
        with pytest.raises(Locked) as caught:
            harness.open()
        assert caught.value.pid == child.pid
    assert harness.path.exists()
    kill(child)
    harness.read()
    assert harness.facts() == harness.expected_facts()


@pytest.mark.fault("P04", "D10")
def test_two_processes_never_open_or_repair_the_same_file_at_once(damage: Damage) -> None:
    harness = damage.put(log=flipped(damage.log, len(damage.log) // 2))
    with recovery._opening_lock(harness.path), pytest.raises(Locked):
        harness.open()
    assert "was damaged" in damage.check_repair()[0]


@pytest.mark.fault("D03", "D10")
def test_a_folder_that_is_not_writable_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnusable):
        open_database(tmp_path / "file" / "below" / "x.duckdb")


@pytest.mark.fault("P06")
def test_a_forked_child_is_refused_the_database_of_its_parent(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from tests.faults.fault_harness import *\n"
        f"database = Database(Path({str(tmp_path / 'x.duckdb')!r}))\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try: database.execute('create table lost(a int)')\n"
        "    except Exception as error: os._exit(7 if error.code == 'store.forked' else 1)\n"
        "    os._exit(0)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, check=False)
    assert ended.returncode == 7


def test_a_healthy_database_is_opened_without_messages_or_extra_files(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    harness.open().close()
    harness.open().close()
    assert harness.notes == []
    names = {file.name for file in harness.path.parent.iterdir()}
    assert names == {"tailboard.duckdb", "tailboard.duckdb.spool"}
