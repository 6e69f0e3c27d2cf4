"""Lists, search and a report over everybody's rows; growing and restoring."""

import contextlib
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.team.postgres import Address, Store
from ingest.team.rows import COLUMNS
from ingest.team.seed import remove_samples, seed
from tests.integration.team.conftest import Machine, TeamHarness
from tests.postgres import ADMIN

NOW = datetime(2026, 11, 21, 12)


def seeded(team: TeamHarness, installations: int = 3, sessions: int = 30) -> int:
    with Store(Address(team.url("anna"))) as store:
        return seed(store, installations, sessions, NOW)


def test_everybody_sees_everybodys_rows_with_who_and_where(
    team: TeamHarness, machine: Machine
) -> None:
    cli = machine()
    cli.now = NOW.replace(tzinfo=UTC)
    cli.json("team", "join", team.url("bert"), "--name", "Bert")
    assert seeded(team) == 3 * 30 * 4
    found = cli.json("team", "sessions", "--limit", "20")["sessions"]
    assert [one["last_at"] for one in found] == sorted(one["last_at"] for one in found)[::-1]
    assert {one["who"] for one in found} == {"Anna", "Bert", "Chiara"}
    assert {one["where"] for one in found} == {"sample"}
    assert {one["state"] for one in found} == {"done", "failed"}
    second = cli.json("team", "sessions", "--limit", "10", "--offset", "10")["sessions"]
    assert second == found[10:]
    anna = cli.json("team", "sessions", "--who", "anna", "--project", "Parser")["sessions"]
    assert {(one["who"], one["project"]) for one in anna} == {("Anna", "parser")}
    late = cli.json("team", "sessions", "--since", "3h", "--limit", "1000")["sessions"]
    assert 0 < len(late) < 90
    assert cli.run("team", "sessions", "--project", "unknown").code == 1
    tasks = cli.json("team", "tasks", "--project", "website", "--limit", "1000")["tasks"]
    assert {one["project"] for one in tasks} == {"website"}
    assert "done" not in {one["state"] for one in tasks}
    every = cli.json("team", "tasks", "--all", "--limit", "1000")["tasks"]
    assert len(every) == 90
    hits = cli.json("team", "search", '"date parser" -measure', "--kind", "session")
    assert hits["total"] >= len(hits["hits"]) > 0
    assert all("the date parser" in one["title"] for one in hits["hits"])
    assert not any("Measure" in one["title"] for one in hits["hits"])
    assert cli.json("team", "search", "unicode", "parser")["total"] == 0
    report = cli.json("team", "report")
    assert sum(one["sessions"] for one in report["rows"]) == 90
    for by in ("project", "day", "model"):
        other = cli.json("team", "report", "--by", by)
        assert other["total"] == report["total"], by
    for words in (["sessions"], ["tasks"], ["search", "parser"], ["report"]):
        assert "Chiara" in cli.run("team", *words).out, words


def test_samples_are_the_same_each_time_and_can_be_removed(
    team: TeamHarness, machine: Machine
) -> None:
    assert seeded(team, 1, 9) == 36
    assert seeded(team, 1, 9) == 0
    cli = machine()
    cli.json("team", "join", team.url("anna"))
    with Store(Address(team.url("bert"))) as store:
        assert remove_samples(store) == 0
    assert cli.json("team", "seed", "--remove")["rows"] == 39
    assert team.count("installations") == 1
    assert cli.json("team", "seed", "--sessions", "40", "--installations", "1")["rows"] == 160


def test_nothing_is_kept_in_a_connection_between_two_transactions(team: TeamHarness) -> None:
    """So that a pooler may give each transaction another connection."""
    left = """
        select current_setting('statement_timeout'), current_setting('search_path'),
        (select count(*) from pg_prepared_statements),
        (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
        (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
    """
    with Store(Address(team.url("anna"))) as store:
        fresh = store._con.execute(left).fetchone()
        seed(store, 2, 9, NOW)
        assert store._con.execute(left).fetchone() == fresh
        # As if each transaction had a connection that nobody used before.
        begin = Store.transaction

        @contextlib.contextmanager
        def elsewhere(store: Store) -> Iterator[None]:
            store._con.execute("discard all")
            with begin(store):
                yield

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "transaction", elsewhere)
            assert seed(store, 2, 12, NOW) == 2 * 3 * 4


def test_a_dump_restored_into_an_empty_database_is_complete(team: TeamHarness) -> None:
    seeded(team, 1, 12)
    name = f"t_{uuid.uuid4().hex}"
    team.server.execute(ADMIN, "postgres", f"create database {name}")
    team.server.restore(team.server.dump(team.database), name)
    restored = TeamHarness(team.server, name)
    assert restored.count("sessions", "bert") == 12
    assert restored.rows("select count(*) from tailboard.search_rows("
                         "'parser', null, null, null, 100, 0)", user="bert")[0][0] > 0  # fmt: skip
    team.server.execute(ADMIN, "postgres", f"drop database {name}")


def test_a_table_can_be_partitioned_by_month_with_the_ids_there_are(team: TeamHarness) -> None:
    seeded(team, 1, 30)
    limits = [
        team.rows("select tailboard.first_id(%s)", [day])[0][0]
        for day in ("2026-11-01", "2026-12-01")
    ]
    columns = ", ".join(COLUMNS["sessions"])
    team.rows(
        f"""
        create table tailboard.by_month (like tailboard.sessions including all)
            partition by range (id);
        create table tailboard.november partition of tailboard.by_month
            for values from ('{limits[0]}') to ('{limits[1]}');
        insert into tailboard.by_month ({columns}) select {columns} from tailboard.sessions;
        """
    )
    assert team.count("november") == 30


def test_the_client_is_imported_only_by_commands_of_the_team(tmp_path: Path) -> None:
    program = (
        "import sys, json; from datetime import UTC, datetime; from ingest.cli.main import run; "
        "codes = [run(words, {'TAILBOARD_DB': sys.argv[1]}, datetime.now(UTC)) "
        "for words in (['status'], ['team', '--help'], ['team', 'migrate', '--print'])]; "
        "print(json.dumps([codes, 'psycopg' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "t.duckdb")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == [[0, 0, 0], False]
