"""No SQL statement of a user ends the owner, changes its data or exceeds its limits."""

import contextlib
import resource
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.sql_allowlist import MAX_LENGTH
from ingest.errors import QueryRefused, ServerError
from ingest.server.client import DatabaseClient
from ingest.server.event_loop import Limits
from ingest.server.owner_file import Role
from ingest.server.server import Server
from tests.soak import SOAK

NESTED = "with deep as (select 1 union all select 1) select * from deep"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database(tmp_path_factory.mktemp("statements") / "t.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[DatabaseClient]:
    limits = Limits(answer_bytes=10_000_000)
    with (
        Server(database, Role.FOLLOW, [], datetime(2026, 11, 21), limits=limits),
        DatabaseClient(database.path) as remote,
    ):
        yield remote


def database_state(database: Database) -> tuple[Any, ...]:
    """Everything that a statement must not change."""
    con = database.reader()
    engine = con.execute("select name, value from duckdb_settings() order by 1").fetchall()
    tables = con.execute("select table_name from duckdb_tables() order by 1").fetchall()
    rows = con.execute("select count(*) from schema_migrations").fetchall()
    files = sorted(path for path in database.path.parent.rglob("*") if path.is_file())
    return engine, tables, rows, files, resource.getrlimit(resource.RLIMIT_DATA)


def outcome(asked: DatabaseClient, text: str) -> str:
    """The result as text: an answer or one of our own errors."""
    try:
        return f"{len(asked.sql(text, 5).rows)} rows"
    except (QueryRefused, ServerError) as error:
        return error.message


@pytest.mark.fault("A02")
@pytest.mark.parametrize(
    "statement",
    [
        "select * from enable_logging(storage='file', storage_path='{spool}/log')",
        "select * from enable_logging(storage='stdout')",
        "explain analyze set lock_configuration = true",
        "explain analyze set global max_expression_depth = 10",
        "explain analyze copy (select 1) to '{spool}/out.csv'",
        "explain analyze delete from schema_migrations",
        "explain analyze insert into pauses select 1",
        "explain analyze call enable_logging()",
        "explain explain analyze delete from schema_migrations",
        "explain analyze create table x as select 1",
        "with gone as (delete from schema_migrations returning 1) select * from gone",
        "select * from (with x as (insert into pauses select 1 returning 1) select * from x)",
        "from checkpoint()",
        "from force_checkpoint()",
        "from query('select 1')",
        "from query_table('sessions')",
        "from json_execute_serialized_sql(json_serialize_sql('select 1'))",
        "from '{spool}/x.jsonl'",
        "from read_json('{spool}/x.jsonl')",
        "select write_log('x')",
        "select nextval('x')",
        "select (select sleep_ms(1000000))",
        "select 1 where exists (select pg_sleep(1000))",
        "select repeat('x', 1000000000)",
        "select [repeat(a, 1000000000) for a in ['x']]",
        "select main.repeat('x', 1000000000)",
        "select levenshtein(a, a) from (select list(range)::varchar a from range(1000000))",
        "select sum(length(lpad('x', 1000000000))) over ()",
        "call enable_logging()",
        "pragma enable_profiling",
        "set threads = 1",
        "select 1; delete from schema_migrations",
        "select $1",
    ],
)
def test_only_reading_statements_are_executed(
    database: Database, client: DatabaseClient, statement: str
) -> None:
    before = database_state(database)
    with pytest.raises(QueryRefused) as refused:
        client.sql(statement.format(spool=database.spool), 5)
    assert refused.value.hint
    assert database_state(database) == before


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("select 1", [(1,)]),
        (" -- a question\n from range(2)", [(0,), (1,)]),
        ("with recursive t as (select 1 a union all select a + 1 from t where a < 3) from t", None),
        (
            "select upper('a') || lower('B'), replace('aa', 'a', 'b'), len([1, 2])",
            [("Ab", "bb", 2)],
        ),
        ("select x from unnest([1, 2]) t(x) order by x", [(1,), (2,)]),
        ("select * from json_each('[1]')", None),
        ("select row_number() over (order by a) from (values (1)) t(a)", [(1,)]),
        ("describe v_sessions", None),
        ("summarize v_sources", None),
        ("show tables", None),
        ("explain select * from v_sessions", None),
        ("explain analyze select count(*) from v_turns", None),
        ("explain (format json) select 1", None),
        ("select random() < 2", [(True,)]),
    ],
)
def test_reading_statements_return_rows(
    client: DatabaseClient, statement: str, answer: list[Any] | None
) -> None:
    found = client.sql(statement).rows
    assert found
    assert answer is None or found == answer


def test_a_time_with_a_zone_is_refused_with_an_alternative(client: DatabaseClient) -> None:
    with pytest.raises(QueryRefused, match="Times with a time zone") as refused:
        client.sql("select now()")
    assert "now()::timestamp" in refused.value.hint
    assert client.sql("select now()::timestamp > '2000-01-01'").rows == [(True,)]


@pytest.mark.fault("A02")
def test_only_our_own_engine_settings_can_be_changed(database: Database) -> None:
    with pytest.raises(Exception, match="locked"):
        database.reader().execute("set max_expression_depth = 10")
    assert database.raise_memory_limit()
    database.release_memory()


@pytest.mark.fault("A02")
def test_no_function_of_the_engine_changes_anything(
    database: Database,
) -> None:
    """Also for functions of newer engines: each is called with plausible arguments.

    Calls with a number of arguments that a function does not take are skipped.
    """
    answer = database.reader().execute(
        "select function_name, function_type in ('table', 'table_macro', 'pragma') as gives_rows, "
        "list(distinct len(parameters)), "
        "bool_or(varargs is not null or function_type not in ('scalar', 'aggregate')) "
        "from duckdb_functions() "
        "where not regexp_matches(function_name, '^(icu_)?collate_|^__internal') "
        "group by function_name, gives_rows order by function_name"
    )
    before, asked = database_state(database), LocalReader(database)
    for name, gives_rows, numbers, takes_any in answer.fetchall():
        quoted = '"' + name.replace('"', '""') + '"'
        for number, values in enumerate(("", "'x'", "1, 100000")):
            if not takes_any and number not in numbers:
                continue
            call = f"{quoted}({values})"
            with contextlib.suppress(QueryRefused):
                asked.sql(f"from {call} limit 1" if gives_rows else f"select {call}", 5)
    assert asked.sql("select 1").rows == [(1,)]
    assert database_state(database) == before


WORDS = """select from with as ( ) , * 1 'x' t v_sessions schema_migrations explain analyze set
delete insert into update copy to attach describe show summarize union all where exists
enable_logging range unnest [ ] { } : = ; -- /* */ $1 ? null over partition by order limit returning
values recursive threads query checkpoint \x00 \ud7ff \" '"""
PIECES = st.sampled_from(WORDS.split())


@pytest.mark.fault("A02")
@settings(max_examples=300 if SOAK else 60, deadline=None)
@given(
    words=st.lists(PIECES, max_size=14), start=st.sampled_from(["", "select ", "explain ", NESTED])
)
def test_no_statement_changes_anything(
    database: Database, client: DatabaseClient, words: list[str], start: str
) -> None:
    before = database_state(database)
    outcome(client, start + " ".join(words))
    assert client.sql("select 1").rows == [(1,)]
    assert database_state(database) == before


@pytest.mark.fault("A02")
@pytest.mark.parametrize(
    "statement",
    [
        "select " + "(" * 9_000 + "1" + ")" * 9_000,
        "select " + "not " * 4_000 + "true",
        "select 1 " + "union all select 1 " * 1_000,
        "select * from " + "(" * 9_000 + "select 1" + ")" * 9_000,
        "select 1" + " " * MAX_LENGTH,
    ],
    ids=["brackets", "nots", "unions", "subqueries", "blanks"],
)
def test_a_very_long_or_nested_statement_is_answered_or_refused(
    client: DatabaseClient, statement: str
) -> None:
    outcome(client, statement)
    assert client.sql("select 1").rows == [(1,)]


@pytest.mark.fault("A02")
@pytest.mark.parametrize(
    "statement",
    [
        (
            "with t as (select string_agg('x', '') a from range(99999)) "
            "select sum(length(replace(a, 'x', a))) from t, range(4)"
        ),
        "select list(range) from range(50000000)",
        "select a from (select string_agg('x', '') a from range(10000000)), range(512)",
        "select * from range(100000000)",
    ],
    ids=["a value", "a list", "a row", "rows"],
)
def test_a_statement_that_needs_too_much_memory_fails_alone(
    database: Database, client: DatabaseClient, statement: str
) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises((QueryRefused, ServerError), match=r"(?i)memory|too large") as raised:
        client.sql(statement)
    assert "make a copy with `tailboard snapshot`" in raised.value.hint
    assert "Out of Memory Error" not in raised.value.message
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert client.rows("status.migrations") == LocalReader(database).rows("status.migrations")
