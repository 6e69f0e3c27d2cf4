"""Rows that another version of the program derived are used until they are derived again, in the
background, whatever interrupts that; what a migration adds is never read before it is derived."""

import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from ingest.db import derived_rows, migrate
from ingest.db.database import Database
from ingest.errors import MemoryLimit
from ingest.pipeline.rows_writer import RowsWriter
from ingest.sessions.search.lag import lag, rows_behind_text
from tests.facts_dump import dump, stale_sessions, stale_source_rows
from tests.faults.fault_harness import FIRST, ROOT, FaultHarness

SESSIONS = 4


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    """A database whose rows another version derived: with other titles and totals."""
    harness = FaultHarness(tmp_path)
    for _ in range(SESSIONS):
        harness.session("plan")
    harness.read()
    with harness.open() as database:
        database.execute(
            "update meta set value = 'old' where key in ('session_rows', 'source_rows')"
        )
        database.execute("update session_rows set title = 'Old title'")
        database.execute("update usage_days set total = 7")
    return harness


def titles(database: Database) -> list[str]:
    rows = database.execute("select title from session_rows order by last_at desc, source desc")
    return [title for (title,) in rows.fetchall()]


def behind(database: Database) -> int:
    return lag(database, FIRST).rows


_ONE_SOURCE = len(derived_rows.REBUILD)
"""Each source is listed once for each derivation."""


def test_rows_of_another_version_are_readable_until_they_are_derived_newest_first(
    harness: FaultHarness,
) -> None:
    with harness.open() as database:
        assert titles(database) == ["Old title"] * SESSIONS
        assert behind(database) == SESSIONS
        assert rows_behind_text(lag(database, FIRST)) == "lists 4 sessions behind"
        job = RowsWriter(database)
        for done in range(1, SESSIONS + 1):
            job.do_some(_ONE_SOURCE)
            assert titles(database)[done:] == ["Old title"] * (SESSIONS - done)
            assert "Old title" not in titles(database)[:done]
            assert behind(database) == SESSIONS - done
        assert rows_behind_text(lag(database, FIRST)) == ""
        list(dump(database))


def test_readers_are_told_when_all_rows_are_derived(harness: FaultHarness) -> None:
    with harness.open() as database:
        job, before = RowsWriter(database), database.commits.count
        for _ in range(SESSIONS):
            job.do_some(_ONE_SOURCE)
        assert database.commits.count == before
        job.do_some(_ONE_SOURCE)
        assert database.commits.count == before + 1
        job.do_some(_ONE_SOURCE)
        assert database.commits.count == before + 1


def test_a_killed_process_continues_where_it_was(harness: FaultHarness) -> None:
    program = (
        "import os\n"
        "from ingest.db import derived_rows\n"
        "from tests.faults.fault_harness import *\n"
        f"database = FaultHarness(Path({str(harness.folder)!r})).open()\n"
        "assert derived_rows.derive_outdated(database, 2)\n"
        "derived_rows.source_rows.derive = lambda *_: os._exit(9)\n"
        "derived_rows.derive_outdated(database, 2)\n"
    )
    died = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert died.returncode == 9
    with harness.open() as database:
        assert behind(database) == SESSIONS - 1
        assert titles(database)[1:] == ["Old title"] * (SESSIONS - 1)
        RowsWriter(database).run(Event())
        assert behind(database) == 0
        list(dump(database))


def test_new_lines_of_a_session_whose_rows_are_old_are_derived_at_once(tmp_path: Path) -> None:
    harness = FaultHarness(tmp_path)
    session = harness.session("plan")
    harness.read()
    with harness.open() as database:
        database.execute(
            "update meta set value = 'old' where key in ('session_rows', 'source_rows')"
        )
    session.prompt("Go on")
    session.end_turn("Done.")
    session.write()
    harness.read()
    with harness.open() as database:
        assert behind(database) == 1
        list(dump(database))
        RowsWriter(database).run(Event())
        list(dump(database))


def test_deriving_again_leaves_the_stored_tasks_alone(harness: FaultHarness) -> None:
    with harness.open() as database:
        database.execute("insert into session_tasks select home, id, 'now', '{}' from session_rows")
        RowsWriter(database).run(Event())
        assert database.rows("tasks.stored_count")[0]["count"] == SESSIONS


def test_rows_of_sources_that_are_gone_are_removed(harness: FaultHarness) -> None:
    with harness.open() as database:
        database.execute("insert into tag_rows values (999, 'src', 'folder')")
        derived_rows.mark_outdated(database, "source_rows")
        RowsWriter(database).run(Event())
        assert database.execute("from tag_rows where source = 999").fetchall() == []


@pytest.mark.parametrize("killed", [False, True])
def test_what_a_migration_adds_is_derived_before_anyone_reads_it(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    step = (9000, "9000_emptied.sql", "delete from usage_days")
    if killed:
        program = (
            "import os\n"
            "from ingest.db import database, migrate\n"
            "from tests.faults.fault_harness import *\n"
            f"more = [*migrate.shipped(), migrate.Migration(*{step!r})]\n"
            "migrate.shipped = lambda: more\n"
            "database.derived_rows.check_versions = lambda _: os._exit(9)\n"
            f"FaultHarness(Path({str(harness.folder)!r})).open()\n"
        )
        died = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
        assert died.returncode == 9
    more = [*migrate.shipped(), migrate.Migration(*step)]
    monkeypatch.setattr(migrate, "shipped", lambda: more)
    derive, tries = derived_rows.REBUILD["source_rows"], list[Database]()

    def derive_in_more_memory(database: Database) -> None:
        tries.append(database)
        if len(tries) == 1:
            raise MemoryLimit("Out of memory.")
        derive(database)

    monkeypatch.setitem(derived_rows.REBUILD, "source_rows", derive_in_more_memory)
    with harness.open() as database:
        con = database.reader()
        assert len(tries) == 2
        assert stale_source_rows(con) == []
        # Nothing in the rows of sessions changed its shape: they are old and say so.
        assert (behind(database), stale_sessions(con) != []) == (SESSIONS, True)
