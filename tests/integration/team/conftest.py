"""A team's store on a real server, and installations that are members of it."""

import contextlib
import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.run import RunSettings
from ingest.projects.tasks.writer import TasksWriter
from ingest.sessions.scope import TIMELESS
from ingest.team import schema
from ingest.team.membership import Level, SharedProject, TeamFile
from ingest.team.postgres import Address, Store
from ingest.team.share_job import ShareJob
from ingest.team.status import project_statuses
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.conftest import PreparedSessions
from tests.postgres import ADMIN, OWNER, Server, missing, shared_server

NOW = datetime(2026, 11, 21, 12)
_TEMPLATE = "team_template"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of this run of the tests, with the roles of four people."""
    if (why := missing()) is not None:
        pytest.skip(why)
    base = tmp_path_factory.getbasetemp()
    meeting = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared_server(meeting) as server:
        yield server


@pytest.fixture(scope="session")
def empty_template(server: Server) -> str:
    """A database that belongs to the owner; roles for the members, and the group they are in."""
    with server.connect(ADMIN) as con:
        con.execute("select pg_advisory_lock(1)")
        if (
            con.execute("select from pg_database where datname = %s", [_TEMPLATE]).fetchone()
            is None
        ):
            con.execute(f"create role {OWNER} login createrole")
            con.execute("create role tailboard_member nologin")
            con.execute("create role stranger login")
            for name in ("anna", "bert"):
                con.execute(f"create role {name} login in role tailboard_member")
            con.execute(f"create database {_TEMPLATE} owner {OWNER}")
    return _TEMPLATE


class TeamHarness:
    """A database of the server, and installations that can join it."""

    def __init__(self, server: Server, database: str) -> None:
        self.server = server
        self.database = database

    def url(self, user: str) -> str:
        return self.server.url(user, self.database)

    def rows(self, sql: str, values: object = None, user: str = ADMIN) -> list[Any]:
        return self.server.execute(user, self.database, sql, values)

    def count(self, table: str, user: str = ADMIN) -> int:
        return int(self.rows(f"select count(*) from tailboard.{table}", user=user)[0][0])


@pytest.fixture
def bare_team(server: Server, empty_template: str) -> Iterator[TeamHarness]:
    """A database without a schema."""
    yield from _database(server, empty_template)


@pytest.fixture(scope="session")
def migrated_template(server: Server, empty_template: str) -> str:
    """A database with the schema."""
    name = f"{empty_template}_migrated"
    with server.connect(ADMIN) as con:
        con.execute("select pg_advisory_lock(1)")
        if con.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            con.execute(f"create database {name} owner {OWNER}")
            with Store(Address(server.url(OWNER, name))) as store:
                schema.migrate(store)
    return name


@pytest.fixture
def team(server: Server, migrated_template: str) -> Iterator[TeamHarness]:
    """A database with the schema, and nothing in it."""
    yield from _database(server, migrated_template)


def _database(server: Server, template: str) -> Iterator[TeamHarness]:
    name = f"t_{uuid.uuid4().hex}"
    with server.connect(ADMIN) as con:
        con.execute("select pg_advisory_lock(1)")
        con.execute(f"create database {name} template {template} owner {OWNER}")
    yield TeamHarness(server, name)
    with server.connect(ADMIN) as con:
        con.execute(f"drop database {name} with (force)")


class Sender:
    """The job of an owner, with a clock that the test advances."""

    def __init__(self, cli: CliHarness, database: Database) -> None:
        self.database = database
        self.now = cli.now.replace(tzinfo=None)
        self.file = TeamFile(database.path)
        self.job = self.new_job()

    def new_job(self) -> ShareJob:
        return ShareJob(
            self.database, self.file, turns=20, zone=None, tuning=RunSettings(),
            clock=lambda: self.now,
        )  # fmt: skip

    def share(self, project: str, level: str) -> None:
        self.file.share(SharedProject(project, project.split("/")[-1], Level(level), self.now))

    def step(self) -> None:
        """One round of the owner, some time later; waits for the work that it began."""
        self.now += timedelta(minutes=2)
        self.job.step()
        self.job.finish()

    @property
    def batch(self) -> Row:
        team = self.file.require()
        row = self.database.first_row("queue.batch", id=team.projects[0].batch_id)
        assert row is not None
        return row

    @property
    def behind(self) -> int:
        return sum(one.behind for one in project_statuses(self.database, self.file.require()))


@contextlib.contextmanager
def sending(cli: CliHarness, team: TeamHarness, user: str = "anna") -> Iterator[Sender]:
    """A member of the team whose tasks are derived, and the job that sends."""
    path = Path(cli.env.get("TAILBOARD_DB", cli.db))
    file = TeamFile(path)
    if file.read() is None:
        member = file.join(Address(team.url(user)).public, user.title(), "laptop", NOW)
        with Store(Address(member.address)) as store, store.transaction():
            store.run("members.join", id=member.installation, name=member.name, machine="laptop")
    with Database(path) as database:
        sender = Sender(cli, database)
        TasksWriter(database, lambda: TIMELESS).run(sender.job.stop)
        yield sender


Machine = Callable[[], CliHarness]


@pytest.fixture
def machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prepared_sessions: PreparedSessions
) -> Machine:
    """Makes an installation with the sessions of the prepared home: the same on each."""
    numbers = itertools.count(1)

    def make() -> CliHarness:
        folder = tmp_path / f"machine{next(numbers)}"
        folder.mkdir()
        cli = CliHarness(folder, capsys)
        cli.prepared_home, (_, cli.now) = prepared_sessions.copy_database(folder)
        return cli

    return make
