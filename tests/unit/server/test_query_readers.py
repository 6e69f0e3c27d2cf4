"""Reading in this process and over the socket: the same results, limits and errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import ANSWER_BYTES, EmptyReader, Format, Query, QueryReader
from ingest.errors import NotFound, QueryRefused, QueryTimeout, SnapshotExpired
from ingest.server.client import DatabaseClient
from ingest.server.event_loop import Limits
from ingest.server.owner_file import Role
from ingest.server.server import Server

NOW = datetime(2026, 11, 21)
FOREVER = "select count(*) from range(100000000) a, range(100000000) b where a.range % 7 = 3"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        yield opened


@contextmanager
def opened(
    database: Database, how: str, seconds: float, answer_bytes: int = ANSWER_BYTES
) -> Iterator[QueryReader]:
    if how == "local":
        yield LocalReader(database, NOW, query_seconds=seconds)
        return
    limits = Limits(query_seconds=seconds, answer_bytes=answer_bytes)
    server = Server(database, Role.COMMAND, [], NOW, limits=limits)
    with server, DatabaseClient(database.path) as remote:
        yield remote


BOTH = pytest.mark.parametrize("how", ["local", "remote"])


@pytest.fixture(params=["local", "remote"])
def reader(database: Database, request: pytest.FixtureRequest) -> Iterator[QueryReader]:
    with opened(database, request.param, 60.0) as reader:
        yield reader


def pause(database: Database) -> None:
    with database.transaction():
        database.run("queue.pause", code="c", message="m", hint="h", now="2026-01-01")


def test_rows_and_sql(database: Database, reader: QueryReader) -> None:
    pause(database)
    assert [row["code"] for row in reader.rows("queue.pauses")] == ["c"]
    assert reader.first_row("registry.sources", home="none") is None
    answer = reader.sql("select range, now()::timestamp > '2000-01-01' from range(3)", 2)
    assert (answer.rows, answer.more) == ([(0, True), (1, True)], True)


def test_the_owner_is_named(reader: QueryReader) -> None:
    assert (reader.owner.since, reader.owner.role) == (NOW, "command")
    assert not reader.owner.is_other_process


def test_a_snapshot_does_not_show_later_commits(database: Database, reader: QueryReader) -> None:
    both: list[Query] = [("queue.pauses", {}), ("status.migrations", {})]
    with reader.snapshot():
        before = reader.run_consistent(both)
        pause(database)
        assert reader.run_consistent(both) == before
        assert reader.sql("select count(*) from pauses").rows == [(0,)]
    assert reader.run_consistent(both) != before


@pytest.mark.parametrize("text", ["delete from batches", "select * from nothing"])
def test_sql_that_is_refused_ends_the_snapshot(reader: QueryReader, text: str) -> None:
    with reader.snapshot():
        with pytest.raises(QueryRefused):
            reader.sql(text)
        with pytest.raises(SnapshotExpired):
            reader.rows("queue.pauses")
    assert reader.rows("queue.pauses") == []


def test_named_queries_that_write_or_are_unknown_are_refused(reader: QueryReader) -> None:
    with pytest.raises(QueryRefused, match="changes the database"):
        reader.rows("queue.resume")
    with pytest.raises(QueryRefused, match=r"no query named nothing\.here"):
        reader.rows("nothing.here")


@BOTH
@pytest.mark.fault("U12")
def test_an_endless_query_is_stopped(database: Database, how: str) -> None:
    with opened(database, how, 0.05) as reader:
        with pytest.raises(QueryTimeout, match=r"after 0\.\d+ seconds") as raised:
            reader.sql(FOREVER)
        assert "tailboard snapshot" in raised.value.hint
        with reader.snapshot(), pytest.raises(QueryTimeout):
            reader.sql(FOREVER)


@BOTH
def test_a_result_over_the_limit_is_refused(
    database: Database, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.db.local_reader.ANSWER_BYTES", 10_000)
    with opened(database, how, 60.0, answer_bytes=10_000) as reader:
        text = "select range from range(100000)"
        with pytest.raises(QueryRefused, match="too large") as raised:
            reader.sql(text)
        assert "--limit" in raised.value.hint
        assert len(reader.sql(text, 2).rows) == 2


def test_a_copy_is_written_to_the_spool(database: Database, reader: QueryReader) -> None:
    assert reader.copy(Format.DUCKDB).parent == database.spool


def test_without_a_database_every_result_is_empty(tmp_path: Path) -> None:
    empty: QueryReader = EmptyReader(tmp_path / "t.duckdb")
    with empty.snapshot():
        assert empty.rows("queue.pauses") == []
        assert empty.first_row("status.sources") is None
        assert empty.run_consistent([("queue.pauses", {})]) == [[]]
        assert empty.sql("select 1").rows == []
        with pytest.raises(NotFound):
            empty.copy(Format.DUCKDB)
