"""Measures a team's store on a real server of its own: a list over everybody's sessions, a push of
one changed session, and the first push of a machine.

Each figure is the best of some runs by the clock, with the processor time of this process beside
it; the server's is not in it.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings
from ingest.projects.find_projects import ProjectFinder
from ingest.team import schema
from ingest.team.membership import Level, SharedProject, TeamFile
from ingest.team.postgres import Address, Store
from ingest.team.seed import seed
from ingest.team.share_job import ShareJob
from tests.bench.copies import multiply
from tests.bench.figures import Figure, Results
from tests.build import Home
from tests.postgres import ADMIN, OWNER, Server, missing

INSTALLATIONS, SESSIONS = 10, 4_000
_RUNS: Final = 7
_NOW: Final = datetime(2026, 11, 21, 12)
_LIST_MS, _PUSH_MS, _ROWS_A_SECOND = 50.0, 50.0, 5_000
_SCREENFUL: Final = {
    "project": None, "who": None, "since": None, "until": None, "limit": 50, "offset": 0,
}  # fmt: skip


class Timed:
    """The best of some runs, in milliseconds by the clock and of the processor."""

    def __init__(self, work: Callable[[], Any], runs: int = _RUNS) -> None:
        self.walls, self.cpus = [], []
        for _ in range(runs):
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            self.walls.append((time.perf_counter() - wall) * 1000)
            self.cpus.append((time.process_time() - cpu) * 1000)

    def figure(self, name: str, limit: float) -> Figure:
        cpu = f"processor {min(self.cpus):.1f} ms"
        samples = [wall / 1000 for wall in self.walls]
        return Figure(name, min(samples), "s", limit / 1000, detail=cpu, samples=samples)


def run(results: Results, *, quick: bool) -> None:
    if (why := missing()) is not None:
        results.notes.append(f"Not measured: {why}.")
        return
    sessions = SESSIONS // 10 if quick else SESSIONS
    server = Server.create()
    try:
        _prepare(server)
        _seed(server, results, sessions)
        _read(server, results, sessions)
        for level in Level:
            _push(server, results, sessions, level)
    finally:
        server.remove()


def _prepare(server: Server) -> None:
    server.execute(ADMIN, ADMIN, f"create role {OWNER} login createrole")
    server.execute(ADMIN, ADMIN, f"create database team owner {OWNER}")
    with Store(Address(server.url(OWNER, "team"))) as store:
        schema.migrate(store)
    server.execute(ADMIN, ADMIN, "create role anna login in role tailboard_member")


def _seed(server: Server, results: Results, sessions: int) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    with Store(Address(server.url("anna", "team"))) as store:
        rows = seed(store, INSTALLATIONS, sessions, _NOW)
    rate = rows / (time.perf_counter() - wall)
    detail = f"{rows:,} rows, processor {rows / (time.process_time() - cpu):,.0f} rows/s"
    results.figures.append(_at_least("team: rows a second, made up", rate, detail))
    server.execute(ADMIN, "team", "analyze")


def _at_least(name: str, rate: float, detail: str) -> Figure:
    """A limit from below, as one from above: the time of a thousand rows."""
    detail = f"{rate:,.0f} rows/s; {detail}"
    return Figure(f"{name}: 1,000 rows", 1000 / rate, "s", 1000 / _ROWS_A_SECOND, detail=detail)


def _read(server: Server, results: Results, sessions: int) -> None:
    address = Address(server.url("anna", "team"))
    what = f"team: first screenful of {INSTALLATIONS} x {sessions:,} sessions"

    def ask(store: Store) -> None:
        with store.transaction():
            schema.check(store)
            assert len(store.rows("read.sessions", **_SCREENFUL)) == _SCREENFUL["limit"]

    def connect_and_ask() -> None:
        with Store(address) as store:
            ask(store)

    results.figures.append(Timed(connect_and_ask).figure(f"{what}, with connecting", _LIST_MS))
    with Store(address) as store:
        results.figures.append(Timed(lambda: ask(store)).figure(what, _LIST_MS))

        def search() -> None:
            with store.transaction():
                store.rows("read.search", words="date parser", project=None, kind=None,
                           since=None, limit=20, offset=0)  # fmt: skip

        results.figures.append(Timed(search).figure("team: search, two words in a tenth", 500))


def _push(server: Server, results: Results, sessions: int, level: Level) -> None:
    with _machine(sessions) as (database, folder):
        file = TeamFile(folder / "tailboard.duckdb")
        team = file.join(Address(server.url("anna", "team")).public, "Anna", level.value, _NOW)
        with Store(Address(team.address)) as store, store.transaction():
            store.run("members.join", id=team.installation, name="Anna", machine=level.value)
        project = str(database.rows("projects.all")[0]["id"])
        file.share(SharedProject(project, "sample", level, _NOW))
        job = ShareJob(database, file, turns=20, zone=UTC, tuning=RunSettings(),
                       clock=lambda: _NOW)  # fmt: skip
        wall, cpu = time.perf_counter(), time.process_time()
        job.run({project})
        seconds, busy = time.perf_counter() - wall, time.process_time() - cpu
        row = database.rows("team.sent")[0]
        assert row["sessions"] == sessions, (row, sessions)
        detail = f"{row['rows']:,} rows, processor {row['rows'] / busy:,.0f} rows/s"
        name = f"team: first push of {sessions:,} sessions, {level}"
        results.figures.append(_at_least(name, row["rows"] / seconds, detail))
        changed = iter(range(10**6))

        def one() -> None:
            database.execute(
                "update session_rows set title = $title "
                "where id = (select max(id) from session_rows)",
                {"title": f"Change {next(changed)}"},
            )
            job.run({project})

        figure = Timed(one).figure(f"team: push of one changed session of {sessions:,}, {level}",
                                   _PUSH_MS)  # fmt: skip
        results.figures.append(figure)


@contextmanager
def _machine(sessions: int) -> Iterator[tuple[Database, Path]]:
    """A database with that many sessions of one project: copies of four."""
    with tempfile.TemporaryDirectory(prefix="tailboard-bench-") as name:
        folder = Path(name)
        home = Home(folder / "codex")
        for number in range(4):
            session = home.session()
            session.prompt(f"Fix the parser, part {number}")
            session.plan([("Read", "completed"), ("Fix", "in_progress")], "Two steps")
            for _ in range(5):
                session.command("pytest -q", exit_code=1, output="1 failed\n" * 20)
                session.patch({"src/parser.py": "x = 1\n"})
            session.end_turn("It works now.\n" * 5)
            session.write()
            home.clock.tick(60_000)
        now = _NOW + timedelta(days=1)
        with Database(folder / "tailboard.duckdb") as database:
            Owner(database, homes([home.path]), clock=lambda: now).read_once()
            ProjectFinder(database, lambda: now, {}).run()
            multiply(database, sessions // 4 - 1)
            yield database, folder
