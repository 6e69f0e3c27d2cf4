"""Rows derived from the facts of a source equal what the facts say, in any period."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ingest.db import derived_rows, migrate
from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.projects.journal.stated_decisions import MENTIONED
from tests.facts_dump import derive_rows_again, stale_source_rows

BEGAN = datetime(2026, 11, 21, 9)
SOURCES = range(1, 5)


def some_time(rnd: random.Random) -> datetime | None:
    return None if rnd.random() < 0.05 else BEGAN + timedelta(seconds=rnd.randrange(7200))


def filled(path: Path, rnd: random.Random) -> Database:
    """A database with facts at random times within two hours, some without a time."""
    database = Database(path)
    usage, turns, calls, messages = [], [], [], []
    for source in SOURCES:
        thread = f"thread-{source % 3}"
        database.execute(
            "insert into sources (id, home, kind, thread, segment, path, representation, archived, "
            "size, mtime_ns, state, state_since) values (?, 'h', 'rollout', ?, '', ?, 'plain', "
            "false, 1, 1, 'following', ?)",
            [source, thread, f"/codex/{source}", BEGAN],
        )
        values = {"source": source, "thread": thread, "kinds": '{"turn_context": [7, 70]}'}
        segment = [
            values.get(name, 0 if kind != "TIMESTAMP" else None)
            for name, kind in database.columns("segments")
        ]
        insert(database, "segments", [tuple(segment)])
        for n in range(1, 60):
            at = source, n * 10
            time = some_time(rnd)
            usage.append(
                (*at, n, time, rnd.choice(["a", "b", None]), 5, 4, 3, 2, rnd.randrange(99))
            )
            state = rnd.choice(["completed", "failed"])
            turns.append((*at, 1, n, state, some_time(rnd), rnd.random()))
            text = rnd.choice(["We decided to wait.", "Done."])
            kind = rnd.choice(["command", "question", "patch", "script"])
            status = rnd.choice(["completed", "failed"])
            calls.append((*at, 1, n, time, kind, "exec", "git log -3", status, rnd.random()))
            messages.append((*at, 1, n, time, rnd.choice(["user", "assistant"]), text, n % 11))
    insert(database, "usage", usage)
    insert(database, "turns (source, byte, length, n, state, started_at, seconds)", turns)
    columns = "source, byte, length, turn, time, kind, tool, command, status, seconds"
    insert(database, f"calls ({columns})", calls)
    insert(database, "messages (source, byte, length, turn, time, role, text, chars)", messages)
    database.execute("insert into rollbacks values (1, 400, 1, 30)")
    return database


def insert(database: Database, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    marks = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
    values = [value for row in rows for value in row]
    database.execute(f"insert into {table} values {marks}", values)


def limit(rnd: random.Random) -> datetime | None:
    """None, any time, or the begin of a quarter."""
    if rnd.random() < 0.3:
        return None
    step = rnd.choice([1, 900])
    return BEGAN + timedelta(seconds=rnd.randrange(-900, 8100) // step * step)


def test_rows_of_sources_equal_the_facts_in_any_period(tmp_path: Path) -> None:
    rnd = random.Random(14)
    with filled(tmp_path / "t.duckdb", rnd) as database:
        derive_rows_again(database)
        con = database.reader()
        assert stale_source_rows(con) == []
        periods = {(limit(rnd), limit(rnd)) for _ in range(16)}
        assert [period for period in periods if stale_source_rows(con, *period)] == []


def test_distributions_equal_those_of_the_facts(tmp_path: Path) -> None:
    with filled(tmp_path / "t.duckdb", random.Random(3)) as database:
        derive_rows_again(database)
        since = BEGAN + timedelta(minutes=50)
        found = [
            row
            for name in ("report.distributions", "report.size_distributions")
            for row in database.rows(name, since=since, until=None, version=None)
        ]
        spreads = {row["name"]: figures(row) for row in found}
        for name, facts in (
            ("message_chars", "select chars as value, time from messages"),
            ("user_message_chars", "select chars as value, time from messages where role = 'user'"),
            (
                "tokens_per_turn",
                "select sum(total) as value, min(time) as time from v_usage group by source, turn",
            ),
            ("command_seconds", "select seconds as value, time from calls where kind = 'command'"),
        ):
            (expected,) = (
                database.reader()
                .execute(
                    "select count(*), quantile_cont(value, 0.5), quantile_cont(value, 0.9), "
                    f"quantile_cont(value, 0.99), max(value), avg(value) from ({facts}) "
                    "where time >= ?",
                    [since],
                )
                .fetchall()
            )
            assert spreads[name] == [round(float(value), 6) for value in expected], name


def test_messages_that_state_decisions_are_found_in_sql_and_in_python_alike() -> None:
    assert f"'{MENTIONED}'" in migrate.views()


def figures(row: Row) -> list[float]:
    names = ("count", "p50", "p90", "p99", "max", "mean")
    return [round(float(row[name]), 6) for name in names]


def test_the_sources_whose_derived_rows_differ_are_found(tmp_path: Path) -> None:
    with filled(tmp_path / "t.duckdb", random.Random(2)) as database:
        for change in (
            "update usage_days set total = total + 1 where source = 2 and model = 'a'",
            "delete from turn_rows where source = 2 and turn = 7",
            "insert into command_rows values (2, 1, null, 'git', true, 1)",
            "update session_rows set turns = turns + 1 where source = 2",
        ):
            derive_rows_again(database)
            assert derived_rows.stale_sources(database) == set()
            database.execute(change)
            assert derived_rows.stale_sources(database) == {2}
