"""Sending as work of the queue: whatever ends in between, the next attempt completes it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from ingest.actions import Prune
from ingest.db import queue, redact_stored
from ingest.db.database import Database
from ingest.db.prune import prune
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings
from ingest.server.owner_file import Role
from ingest.team.membership import TeamFile
from ingest.team.postgres import Store
from ingest.team.push import push
from ingest.team.rows import NOUNS
from ingest.team.share_job import ShareJob
from ingest.team.status import project_statuses
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.queue.test_with_an_owner import HASTY
from tests.integration.team.conftest import Machine, Sender, TeamHarness, sending
from tests.postgres import ADMIN, OWNER, Server
from tests.unit.text.secrets import SECRETS

PROJECT = "example.invalid/sample"


@contextlib.contextmanager
def sharing(cli: CliHarness, team: TeamHarness, level: str = "figures") -> Iterator[Sender]:
    """A member that shares the sample project."""
    with sending(cli, team) as sender:
        if not sender.file.require().projects:
            sender.share(PROJECT, level)
        yield sender


def everything(team: TeamHarness) -> list[Any]:
    return [
        row for noun in NOUNS
        for row in team.rows(f"select id, digest from tailboard.{noun} order by id")
    ]  # fmt: skip


def test_the_owner_sends_what_changed_and_then_nothing(team: TeamHarness, machine: Machine) -> None:
    with sharing(machine(), team) as sender:
        assert sender.behind == 4
        sender.step()
        assert (sender.batch["state"], sender.behind) == ("completed", 0)
        before = sender.batch["updated_at"]
        assert team.count("sessions") == 4
        sender.step()
        assert sender.batch["updated_at"] == before


class Killed(Exception):
    """Ends what is being done, as the end of the process would."""


def test_killed_at_any_point_the_next_attempt_completes_it(
    team: TeamHarness, machine: Machine
) -> None:
    with sharing(machine(), team) as sender:
        sender.step()
        stored = everything(team)
        assert stored
        for point in ("before", "inside", "after", "recording"):
            # Nothing is there, and all of it is due.
            for table in ("tombstones", *NOUNS):
                team.rows(f"delete from tailboard.{table}")
            sender.database.execute("delete from shared_units")
            with pytest.MonkeyPatch.context() as patch:
                kill(patch, point)
                sender.step()
            assert sender.batch["state"] == "claimed", point
            assert team.count("sessions") == (4 if point in ("after", "recording") else 0), point
            assert sender.behind == 4
            # The next process finds the batch that was claimed.
            queue.rescue(sender.database, sender.now)
            sender.job = sender.new_job()
            sender.step()
            assert (sender.batch["state"], sender.behind) == ("completed", 0), point
            assert everything(team) == stored, point


def kill(patch: pytest.MonkeyPatch, point: str) -> None:
    """End the process at this point: nothing more is recorded from there on."""

    def killed(*arguments: Any) -> Any:
        if point == "after":
            push(*arguments)
        raise Killed

    if point in ("before", "after"):
        patch.setattr("ingest.team.share_job.push", killed)
    elif point == "inside":
        patch.setattr(Store, "copy", killed)
    else:
        patch.setattr(ShareJob, "save", killed)
    patch.setattr(queue, "record_failures", lambda *_: {})


def test_a_process_killed_in_the_middle_of_sending_is_completed_by_the_next_one(
    team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    cli.json("team", "join", team.url("anna"))
    cli.run("team", "share", "sample", "--level", "figures", "--yes")
    with team.server.connect(ADMIN, team.database) as con:
        with con.transaction():
            # The process has sent the sessions, and waits for this table, inside its transaction.
            con.execute("lock table tailboard.usage_days in access exclusive mode")
            process = subprocess.Popen(
                [sys.executable, "-m", "ingest", "team", "push"],
                env={**os.environ, **cli.variables}, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )  # fmt: skip
            waiting = """
                select 1 from pg_locks l join pg_database d on d.oid = l.database
                where not l.granted and d.datname = current_database()
            """
            while not con.execute(waiting).fetchone():
                assert process.poll() is None, process.communicate()
            process.kill()
            process.communicate()
        assert con.execute("select count(*) from tailboard.sessions").fetchall() == [(0,)]
    assert cli.json("team", "push")["projects"][0]["behind"] == 0
    assert team.count("sessions") == 4
    assert team.count("usage_days") > 0


def test_a_server_that_is_killed_and_restarted_has_everything_in_the_end(
    server: Server, machine: Machine
) -> None:
    own = Server.create(copy_of=server)
    try:
        own.execute("postgres", "postgres", f"create role {OWNER} login createrole")
        own.execute("postgres", "postgres", f"create database team owner {OWNER}")
        team, cli = TeamHarness(own, "team"), machine()
        cli.json("team", "init", team.url(OWNER))
        team.rows("create role anna login in role tailboard_member")
        with sharing(cli, team) as sender:
            real = Store.copy
            copied: list[str] = []

            def copy(store: Store, table: str, columns: Any, rows: Any) -> None:
                real(store, table, columns, rows)
                copied.append(table)
                if table == "usage_days":
                    own.kill()

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Store, "copy", copy)
                sender.step()
            assert copied == ["sessions", "usage_days"]
            failed = sender.batch
            assert (failed["state"], failed["error_code"]) == ("failed", "team.unreachable")
            assert failed["retry_at"] > sender.now
            # It stays away: nothing else is touched, and it is tried again later.
            sender.step()
            assert sender.batch["attempts"] == 2
            assert "cannot be reached" in sender.batch["error_message"]
            own.start()
            assert team.count("sessions") == 0
            sender.step()
            assert (sender.batch["state"], sender.behind) == ("completed", 0)
            assert team.count("sessions") == 4
            shown = project_statuses(sender.database, sender.file.require())[0]
            assert (shown.error, shown.rows) == (None, len(everything(team)))
    finally:
        own.remove()


def test_what_was_given_up_is_tried_again_after_an_hour_and_on_request(
    team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    with sharing(cli, team) as sender:
        address = sender.file.require().address
        sender.file.join("host=/nowhere dbname=team user=anna", "Anna", "laptop", sender.now)
        for _ in range(8):
            sender.now += timedelta(minutes=20)
            sender.step()
        assert (sender.batch["state"], sender.batch["attempts"]) == ("dead", 8)
        sender.file.join(address, "Anna", "laptop", sender.now)
        sender.step()
        assert sender.batch["state"] == "dead"
        sender.now += timedelta(hours=1)
        sender.step()
        sender.step()
        assert (sender.batch["state"], sender.behind) == ("completed", 0)
        team.rows("delete from tailboard.migrations where version = 1")
        sender.share(PROJECT, "plan")
        sender.step()
        assert (sender.batch["state"], sender.batch["error_code"]) == ("dead", "team.behind")
        assert "team migrate" in sender.batch["error_hint"]
    team.rows("insert into tailboard.migrations values (1, 'store')")
    assert cli.run("team", "push").code == 0
    assert cli.json("team", "status")["projects"][0]["error"] is None


def test_while_the_server_is_away_everything_else_works(
    team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    with sharing(cli, team) as sender:
        sender.file.join("host=/nowhere dbname=team user=anna", "Anna", "laptop", sender.now)
    answer = cli.json("team", "push", code=1)
    assert "cannot be reached" in answer["projects"][0]["error"]
    assert cli.run("ingest", "-q").code == 0
    assert cli.run("sessions").code == 0
    status = cli.json("team", "status", code=1)
    assert status["reached"] is False
    assert status["projects"][0]["behind"] == 4
    withdrawn = cli.json("team", "unshare", "sample", "--withdraw", code=1)
    assert withdrawn["withdrawn"] is False
    cli.json("team", "join", team.url("anna"))
    assert cli.run("team", "push").code == 0
    assert cli.json("team", "status")["projects"] == []


def test_paused_nothing_is_sent(team: TeamHarness, machine: Machine) -> None:
    cli = machine()
    with sharing(cli, team) as sender:
        sender.file.pause(True)
        sender.step()
        assert sender.behind == 4
        sender.file.pause(False)
        sender.step()
        assert sender.behind == 0
    assert cli.json("team", "pause")["paused"] is True
    assert cli.run("team", "push").code == 2
    assert cli.json("team", "pause", "--off")["paused"] is False


def test_what_is_pruned_leaves_a_tombstone_and_what_moves_away_is_deleted(
    team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    with sharing(cli, team, "text") as sender:
        sender.step()
        done = team.rows("select unit, session from tailboard.sessions where state = 'failed'")
        ((unit, session),) = done
        database = sender.database
        database.execute(
            "update sources set archived = true where thread = $thread", {"thread": session}
        )
        action = Prune(before=datetime(2030, 1, 1), facts=True)
        assert prune(database, action, sender.now).facts
        sender.step()
        assert team.count("sessions") == 3
        assert team.rows("select unit, reason from tailboard.tombstones") == [(unit, "prune")]
        assert team.rows(f"select * from tailboard.memories where session = '{session}'") == []
        # All sessions get another project.
        database.execute("update folders set project = 'elsewhere'")
        database.execute("update projects set id = 'elsewhere' where label = 'sample'")
        database.execute("delete from project_tasks")
        database.run("session_rows.set_projects")
        sender.step()
        assert team.count("sessions") == team.count("tasks") == team.count("memories") == 0
        reasons = team.rows("select distinct reason from tailboard.tombstones order by 1")
        assert reasons == [("move",), ("prune",), ("removed",)]


def test_what_is_redacted_here_is_redacted_there(team: TeamHarness, machine: Machine) -> None:
    secret = SECRETS["github-token"][0][0]
    cli = machine()
    with sharing(cli, team, "text") as sender, pytest.MonkeyPatch.context() as patch:
        database = sender.database
        database.execute(f"update messages set text = text || ' {secret}' where role = 'user'")
        # As if this kind of secret had been unknown when it was sent.
        patch.setattr("ingest.team.rows.masked", lambda text: text)
        sender.step()
        assert secret in team.server.dump(team.database)
    with Database(cli.db) as database:
        assert redact_stored.redact(database) > 0
    assert cli.run("team", "push").code == 0
    assert secret not in team.server.dump(team.database)


def test_a_running_owner_sends_by_itself_and_on_request(
    team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    cli.json("team", "join", team.url("anna"))
    cli.run("team", "share", "sample", "--level", "plan", "--yes")
    stop = Event()
    found = start_or_connect(cli.db, ServerOptions(homes([cli.home]), Role.FOLLOW))
    assert isinstance(found, RunningServer)
    with found:
        job = ShareJob(
            found.owner.database, TeamFile(cli.db), turns=20, zone=None, tuning=RunSettings(),
            clock=found.owner.clock,
        )  # fmt: skip
        follow = partial(found.owner.follow, stop, lambda _: None, pace=HASTY, maintain=job.step)
        thread = Thread(target=follow)
        thread.start()
        try:
            assert cli.run("team", "push").code == 0
            assert team.count("sessions") == 4
            again = cli.json("team", "push")["projects"][0]
            assert (again["behind"], again["state"]) == (0, "on")
            withdrawn = cli.json("team", "unshare", "sample", "--withdraw")["withdrawn"]
            assert withdrawn is True
            assert team.count("sessions") == 0
        finally:
            stop.set()
            thread.join()
            job.close()
