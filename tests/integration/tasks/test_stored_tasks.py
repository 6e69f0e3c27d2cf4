"""The tasks derived from each session are stored until it has new lines."""

from pathlib import Path
from threading import Event

import pytest

from ingest.actions import Rebuild
from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.action_handlers import ActionHandlers
from ingest.pipeline.follow import Owner
from ingest.projects.tasks.roadmap import roadmap
from ingest.projects.tasks.writer import TasksWriter
from ingest.sessions.scope import TIMELESS, Scope
from ingest.sessions.search.lag import lag
from tests.build import Home
from tests.build.rollout import Rollout
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.facts.expectations import owner
from tests.integration.facts.stored_tasks import stale_tasks


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys)


def planned(home: Home) -> Rollout:
    session = home.session()
    session.prompt("Work on the import")
    session.plan([("Read", "in_progress"), ("Write", "pending")])
    session.command("ls", 0, "src\n")
    session.write()
    return session


def stored(reading: Owner) -> int:
    row = reading.database.first_row("tasks.stored_count")
    return int(row["count"]) if row else 0


def test_a_session_with_new_lines_is_derived_again_and_the_others_are_not(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    growing, _ = planned(home), planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        writer = TasksWriter(reading.database, lambda: TIMELESS)
        writer.step()
        assert stored(reading) == 2
        growing.plan([("Read", "completed"), ("Write", "in_progress")])
        growing.write()
        reading.read_once()
        assert stored(reading) == 1
        TasksWriter(reading.database, lambda: TIMELESS).step()
        assert (stored(reading), stale_tasks(reading.database)) == (2, [])


def test_stored_tasks_are_not_announced_as_something_new(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        before = reading.database.commits.count
        TasksWriter(reading.database, lambda: TIMELESS).step()
        assert stored(reading) == 1
        assert reading.database.commits.count == before


def test_readers_are_told_once_when_the_tasks_of_many_sessions_are_stored(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    for _ in range(25):
        planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        before = reading.database.commits.count
        writer = TasksWriter(reading.database, lambda: TIMELESS)
        told = []
        while writer.do_some(10):
            told.append(reading.database.commits.count)
        assert stored(reading) == 25
        assert told[:3] == [before] * 3
        assert reading.database.commits.count == before + 1
        assert writer.do_some(10) == 0
        assert reading.database.commits.count == before + 1


def test_tasks_that_other_code_stored_are_derived_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        TasksWriter(reading.database, lambda: TIMELESS).step()
        reading.database.execute("update session_tasks set version = 'other', document = '{}'")
        TasksWriter(reading.database, lambda: TIMELESS).step()
        assert (stored(reading), stale_tasks(reading.database)) == (1, [])


def test_tasks_of_another_version_are_shown_by_an_owner_until_they_are_derived_again(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "codex")
    planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        database = reading.database
        TasksWriter(database, lambda: TIMELESS).step()
        ActionHandlers(database, scan=reading.scan).rebuild(Rebuild(["tasks", "sessions"]))
        database.execute("update session_tasks set document = replace(document, 'Write', 'Old')")
        client = Client(database)
        assert lag(client, TIMELESS.moment).tasks == 1
        assert "Old" in {task.text for task in roadmap(client, Scope(), TIMELESS).tasks}
        TasksWriter(database, lambda: TIMELESS).step()
        assert lag(client, TIMELESS.moment).tasks == 0
        assert "Write" in {task.text for task in roadmap(client, Scope(), TIMELESS).tasks}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("select 1", ""),
        (
            "update session_tasks set document = replace(document, 'Write', 'Old')",
            "its tasks are not what its facts say",
        ),
        (
            "update project_tasks set text = 'Old' where text = 'Write'",
            "the tasks of its project are not what its sessions say",
        ),
        ("delete from task_edges", "the tasks of its project are not what its sessions say"),
    ],
)
def test_verify_deep_compares_the_tasks_with_the_facts_and_rebuild_mends_them(
    cli: CliHarness, change: str, wrong: str
) -> None:
    planned(Home(cli.home))
    ended = planned(Home(cli.home))
    ended.end_turn("Done.")
    ended.write()
    cli.run("ingest", "-q")
    cli.json("sql", "from v_tasks")
    with Database(cli.db) as database:
        database.execute(change)
    found = cli.json("verify", "--deep", code=1 if wrong else 0)
    details = {source["detail"] for source in found["sources"]} - {""}
    assert details == ({f"{wrong}; run tailboard rebuild"} if wrong else set())
    cli.run("rebuild", "tasks")
    assert cli.json("verify", "--deep")["ok"] is True


class Client:
    """Reads from a database that another process has open: it cannot store what it derives."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self._database.rows(name, **values)

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return self._database.first_row(name, **values)


def test_tasks_of_projects_can_be_queried_with_sql(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    session = planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        writer = TasksWriter(reading.database, lambda: TIMELESS)
        writer.run(Event())
        query = "select text, state, session from v_tasks where origin = 'plan' order by text"
        read, write = reading.database.execute(query).fetchall()
        assert (read[0], read[2]) == ("Read", session.thread.id)
        assert write[:2] == ("Write", "pending")
        edges = "select kind from v_task_edges"
        assert ("order",) in reading.database.execute(edges).fetchall()
        session.plan([("Read", "completed"), ("Write", "completed")])
        session.end_turn("Done.")
        session.write()
        reading.read_once()
        writer.run(Event())
        states = reading.database.execute(query).fetchall()
        assert [row[1] for row in states] == ["done", "done"]


def test_tasks_of_projects_are_written_once_for_each_change(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        TasksWriter(reading.database, lambda: TIMELESS).run(Event())
        before = reading.database.execute("select written_at from written_projects").fetchall()
        TasksWriter(reading.database, lambda: TIMELESS).run(Event())
        again = reading.database.execute("select written_at from written_projects").fetchall()
        assert before == again != []


def test_a_command_without_an_owner_stores_what_it_derives(cli: CliHarness) -> None:
    planned(Home(cli.home))
    cli.run("ingest", "-q")

    def sessions() -> int:
        with Database(cli.db) as database:
            row = database.first_row("tasks.stored_count")
        return int(row["count"]) if row else 0

    assert sessions() == 0
    assert cli.run("tasks", "list", "--everywhere").code == 0
    assert sessions() == 1


def test_sql_over_tasks_shows_them_as_they_are_after_an_ingest(cli: CliHarness) -> None:
    session = planned(Home(cli.home))
    cli.run("ingest", "-q")
    query = "select text, state from v_tasks where origin = 'plan' order by text"
    assert [row[0] for row in cli.json("sql", query)["rows"]] == ["Read", "Write"]
    session.plan([("Read", "completed"), ("Write", "completed")])
    session.end_turn("Done.")
    session.write()
    cli.run("ingest", "-q")
    assert cli.json("sql", query)["rows"] == [["Read", "done"], ["Write", "done"]]
