"""Several processes of the program: one owns the database, and all others get answers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.db import paths
from ingest.db.database import Database
from ingest.db.engine import connect
from ingest.server import owner_file
from tests.build import Home
from tests.integration.sharing.processes import PATIENCE, ROOT

PROGRAM = [sys.executable, "-c", "from ingest.cli.main import main; main()"]


class Machine:
    """A Codex home with one session, a database, and programs that use both."""

    def __init__(self, tmp: Path) -> None:
        self.home = Home(tmp / "codex")
        self.db = tmp / "data" / "tailboard.duckdb"
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CODEX_HOME": str(tmp / "codex"),
            "TAILBOARD_DB": str(self.db),
            "TAILBOARD_CONFIG": str(tmp / "config.toml"),
        }

    def session(self, prompt: str) -> None:
        session = self.home.session()
        session.prompt(prompt)
        session.end_turn("Done.")
        session.write()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.env,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def json(self, *arguments: str) -> dict[str, Any]:
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, err
        document: dict[str, Any] = json.loads(out)
        return document


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.session("The first prompt")
    # A copy of an empty database, which is much faster than creating one.
    made.db.parent.mkdir()
    Database(made.db).close()
    return made


@pytest.fixture
def follower(machine: Machine) -> Iterator[subprocess.Popen[str]]:
    """A process that follows, and has read the existing session."""
    with machine.start("ingest", "--follow", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["sources"] > 0
        yield process
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def test_reading_commands_answer_while_another_process_follows(
    machine: Machine, follower: subprocess.Popen[str]
) -> None:
    owner = machine.json("status")["owner"]
    assert (owner["pid"], owner["role"]) == (follower.pid, "follow")
    assert len(machine.json("sessions")["sessions"]) == 1
    assert machine.json("sql", "select count(*) from v_turns")["rows"] == [[1]]
    assert machine.json("sources")["sources"]
    assert machine.json("batches", "list", "--state", "completed")["batches"]
    assert machine.json("verify")["ok"]


def test_a_copy_is_made_while_another_process_follows(
    machine: Machine, follower: subprocess.Popen[str], tmp_path: Path
) -> None:
    out = tmp_path / "copy.duckdb"
    assert machine.json("snapshot", "--out", str(out))["bytes"] == out.stat().st_size
    with connect(str(out), read_only=True) as con:
        assert con.execute("select count(*) from v_turns").fetchall() == [(1,)]
    spool = paths.beside(machine.db, "spool")
    assert list(spool.glob("snapshot-*")) == []


def test_many_commands_at_once_get_the_same_answer(
    machine: Machine, follower: subprocess.Popen[str]
) -> None:
    running = [machine.start("-v", "usage", "--json") for _ in range(6)]
    ended = [process.communicate(timeout=PATIENCE) for process in running]
    assert [process.returncode for process in running] == [0] * 6, [err for _, err in ended]
    assert len({out for out, _ in ended}) == 1


def test_many_commands_at_once_without_an_owner_take_turns(machine: Machine) -> None:
    machine.json("ingest")
    running = [machine.start("-v", "usage", "--json") for _ in range(6)]
    ended = [process.communicate(timeout=PATIENCE) for process in running]
    assert [process.returncode for process in running] == [0] * 6, [err for _, err in ended]
    assert len({out for out, _ in ended}) == 1


def test_ingest_leaves_the_work_to_a_following_owner_and_reports_the_result(
    machine: Machine, follower: subprocess.Popen[str]
) -> None:
    machine.session("The second prompt")
    code, out, err = machine.run("ingest", "--json")
    assert code == 0
    assert json.loads(out)["behind_bytes"] == 0
    assert f"Process {follower.pid} (follow, since " in err
    # Whether the pass or the watch read it: it is stored when the command has ended.
    assert len(machine.json("sessions")["sessions"]) == 2


def test_a_second_follow_names_the_process_that_follows_already(
    machine: Machine, follower: subprocess.Popen[str]
) -> None:
    code, out, err = machine.run("ingest", "--follow")
    assert (code, out) == (0, "")
    assert f"Process {follower.pid} " in err
    assert "nothing to do" in err


def test_an_owner_of_other_homes_is_reported(
    machine: Machine, follower: subprocess.Popen[str], tmp_path: Path
) -> None:
    other = Home(tmp_path / "other")
    other.session().prompt("Elsewhere")
    code, _, err = machine.run("--codex-home", str(tmp_path / "other"), "ingest")
    assert code == 3
    assert f"process {follower.pid}, which does not follow {tmp_path / 'other'}" in err


def test_a_killed_owner_leaves_a_database_that_the_next_command_opens(
    machine: Machine, follower: subprocess.Popen[str]
) -> None:
    follower.kill()
    follower.wait()
    assert owner_file.read(machine.db) is not None
    assert len(machine.json("sessions")["sessions"]) == 1
    assert machine.json("status")["owner"]["role"] == "command"


def test_an_ending_owner_removes_its_socket(
    machine: Machine, follower: subprocess.Popen[str]
) -> None:
    follower.send_signal(signal.SIGTERM)
    follower.communicate(timeout=PATIENCE)
    assert follower.returncode == 0
    left = {path.name.removeprefix(machine.db.name) for path in machine.db.parent.iterdir()}
    # An owner that ends at once may not have begun the search index.
    assert left - {".search"} == {"", ".spool"}


def test_follow_waits_for_a_missing_codex_home(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.env["CODEX_HOME"] = str(tmp_path / "later")
    with machine.start("ingest", "--follow", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "waiting for it" in process.stderr.readline()
        session = Home(tmp_path / "later").session()
        session.prompt("The first prompt")
        session.write()
        assert json.loads(process.stdout.readline())["lines"] > 0
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
