"""What each session contributes to the tasks of its project is stored until it has new lines."""

from pathlib import Path

from ingest.pipeline.follow import Owner
from ingest.projects.tasks.store_session_tasks import SessionTasksWriter
from tests.build import Home
from tests.build.rollout import Rollout
from tests.integration.facts.expectations import owner
from tests.integration.facts.stored_tasks import stale_tasks


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
        writer = SessionTasksWriter(reading.database)
        writer.step()
        assert stored(reading) == 2
        growing.plan([("Read", "completed"), ("Write", "in_progress")])
        growing.write()
        reading.read_once()
        assert stored(reading) == 1
        writer.step()
        assert (stored(reading), stale_tasks(reading.database)) == (2, [])


def test_stored_tasks_are_not_announced_as_something_new(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        before = reading.database.commits.count
        SessionTasksWriter(reading.database).step()
        assert stored(reading) == 1
        assert reading.database.commits.count == before


def test_tasks_that_other_code_stored_are_derived_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    planned(home)
    with owner(home.path, tmp_path / "t.duckdb") as reading:
        reading.read_once()
        SessionTasksWriter(reading.database).step()
        reading.database.execute("update session_tasks set version = 'other', document = '{}'")
        SessionTasksWriter(reading.database).step()
        assert (stored(reading), stale_tasks(reading.database)) == (1, [])
