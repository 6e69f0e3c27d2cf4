"""The number of queries for a journal does not depend on the number of sessions."""

from datetime import UTC
from pathlib import Path

from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.projects.journal import build
from ingest.projects.journal.entry import PARTS
from ingest.sessions.load import load_logs
from ingest.sessions.scope import Scope
from tests.build import Home, scenarios


class Counting:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.asked: list[str] = []

    def rows(self, name: str, /, **values: object) -> list[Row]:
        self.asked.append(name)
        return self.database.rows(name, **values)

    def first_row(self, name: str, /, **values: object) -> Row | None:
        self.asked.append(name)
        return self.database.first_row(name, **values)


def test_the_journal_of_many_sessions_takes_as_many_queries_as_that_of_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    first = scenarios.plan(home)
    first.write()
    for _ in range(12):
        scenarios.tour(home).write()
    rules = build.journal_rules(UTC, 20)
    with Database(tmp_path / "t.duckdb") as database:
        Owner(database, homes([home.path])).read_once()
        one, many = Counting(database), Counting(database)
        assert len(build.session_journal(one, first.thread.id, rules).entries) == 1
        assert len(build.project_journal(many, "sample", rules).entries) == 13
    assert many.asked == one.asked
    assert len(many.asked) <= 12


def test_sessions_loaded_in_portions_are_the_same(tmp_path: Path) -> None:
    home = Home(tmp_path / "codex")
    scenarios.plan(home).write()
    for _ in range(2):
        scenarios.tour(home).write()
    with Database(tmp_path / "t.duckdb") as database:
        Owner(database, homes([home.path])).read_once()
        whole, portions = Counting(database), Counting(database)
        sessions = build.oldest_first(database, Scope())
        expected = list(load_logs(whole, sessions, PARTS))
        assert list(load_logs(portions, sessions, PARTS, at_once=1)) == expected
    assert [log.session for log in expected] == sessions
    assert len(portions.asked) == 3 * len(whole.asked)
