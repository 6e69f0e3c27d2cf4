"""Dumps all facts as text in a fixed order: equal dumps mean equal facts.

Sources are identified by kind, thread and segment instead of their ids. Paths and the times at
which lines were read are left out.
"""

import atexit
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Event

from ingest.db import derived_rows
from ingest.db.database import Database
from ingest.db.engine import Connection, connect
from ingest.db.load import FACT_TABLES
from ingest.db.queries import statement
from ingest.pipeline.rows_writer import RowsWriter

SESSIONS = Path(__file__).with_name("sessions_from_facts.sql").read_text(encoding="utf-8")


def derive_rows_again(database: Database) -> None:
    for name in derived_rows.REBUILD:
        derived_rows.mark_outdated(database, name)
    RowsWriter(database).run(Event())


def dump(database: Database) -> Iterator[str]:
    """Yield one line per fact, sorted within each table. Fails if a derived row does not agree with
    the facts."""
    con = database.reader()
    assert stale_sessions(con) == []
    assert stale_source_rows(con) == []
    return dump_from(con)


def stale_sessions(con: Connection) -> list[dict[str, object]]:
    """The stored rows of sessions that differ from those computed from the facts: both values."""
    computed = con.execute(SESSIONS).fetchall()
    stored = con.execute("from v_sessions order by home, id").fetchall()
    names = [column[0] for column in con.description or ()]
    if [row[:2] for row in computed] != [row[:2] for row in stored]:
        return [{"computed": row[1]} for row in computed] + [{"stored": row[1]} for row in stored]
    return [
        {name: pair for name, *pair in zip(names, row, other, strict=True) if pair[0] != pair[1]}
        for row, other in zip(computed, stored, strict=True)
        if row != other
    ]


_DERIVED = (
    "tokens", "spent", "time", "turns", "programs", "kinds", "tags", "numbers", "decisions",
)  # fmt: skip


def stale_source_rows(
    con: Connection, since: datetime | None = None, until: datetime | None = None
) -> list[object]:
    """What only the facts or only the rows of sources say about a period."""
    differing: list[object] = []
    values = {"since": since, "until": until}
    for name in _DERIVED:
        computed, stored = (
            con.execute(statement(f"reports_from_facts.{part}", "tests"), values).fetchall()
            for part in (name, f"stored_{name}")
        )
        differing += [(name, row) for row in computed if row not in stored]
        differing += [(name, row) for row in stored if row not in computed]
    return differing


def dump_from(con: Connection) -> Iterator[str]:
    """The same, over a connection. The lines are sorted here: planning an order over all columns
    takes the engine longer than reading a small table."""
    named = "select id, kind || '/' || thread || '/' || segment from sources"
    sources = dict(con.execute(named).fetchall())
    for table in FACT_TABLES:
        # Table names come from the schema, never from data.
        result = con.execute(f'from "{table}"')
        names = [column[0] for column in result.description or ()]
        lines = []
        for row in result.fetchall():
            fact = dict(zip(names, row, strict=True))
            of = {"of": sources[fact.pop("source")]}
            lines.append(f"{table} {json.dumps(of | fact, default=str, ensure_ascii=True)}")
        yield from sorted(lines)


def dump_file(path: Path) -> list[str]:
    """All facts of a database that is not open in this process."""
    with reading(path) as con:
        return list(dump_from(con))


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """A connection that reads a database file, without opening it as the program does.

    The file must not be open in this process: closing it would release the lock on it. Starting
    an engine takes forty milliseconds, attaching a file to a running one takes a few.
    """
    con = _engine()
    con.execute(f"attach '{path}' as stored (read_only)")
    try:
        con.execute("use stored")
        yield con
    finally:
        con.execute("use memory")
        con.execute("detach stored")


@cache
def _engine() -> Connection:
    # Without this the module complains at exit about memory that was not released.
    atexit.register(_engine.cache_clear)
    return connect(":memory:", config={"threads": 1})
