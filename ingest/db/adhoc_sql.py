"""Questions a person writes in SQL: one statement, that reads and nothing else.

What may be asked is `allowed.py`'s business. The transaction it runs in is read-only, so that a
statement the check did not understand still changes nothing; files are out of reach for the whole
connection, and its settings are locked (see `database.py`). What an answer may take is bounded.
"""

import contextlib
import sys
from typing import Any

from ingest.db.engine import Connection, Error, FatalException
from ingest.db.memory_limit import bounded_memory
from ingest.db.query_reader import Answer, QueryRefused
from ingest.db.sql_allowlist import HINT, check, first_paragraph

__all__ = ["Answer", "QueryRefused", "run_select"]

_CHUNK = 512


def run_select(
    con: Connection,
    text: str,
    limit: int | None = None,
    *,
    held: bool = False,
    most_bytes: int | None = None,
) -> Answer:
    """What the statement answers, at most `limit` rows of it. `con` is used by nobody else.

    `held`: a read-only transaction is open already, and is left open. An answer of more than
    `most_bytes` is a `QueryRefused`.
    """
    try:
        with bounded_memory():
            check(con, text)
            return _asked(con, text, limit, held=held, most_bytes=most_bytes)
    except MemoryError as error:
        raise QueryRefused("The answer needs too much memory.", _LESS) from error


_NAIVE = "Make them times without one: now()::timestamp, for instance."
_LESS = "Ask for less: --limit N; or make a copy with `tailboard snapshot` and ask that."


def _asked(
    con: Connection, text: str, limit: int | None, *, held: bool, most_bytes: int | None
) -> Answer:
    if not held:
        con.execute("begin transaction read only")
    try:
        result = con.execute(text)
        columns = [column[0] for column in result.description or ()]
        rows = _taken(result, sys.maxsize if limit is None else limit + 1, most_bytes)
    except FatalException:
        raise  # Not the question's fault: the database's owner has to see it.
    except Error as error:
        if "pytz" in str(error):
            raise QueryRefused("Times with a zone cannot be shown.", _NAIVE) from error
        raise QueryRefused(first_paragraph(error), HINT) from error
    finally:
        # An engine that gave up has no transaction left to end, and said so already.
        if not held:
            with contextlib.suppress(Error):
                con.execute("rollback")
    more = limit is not None and len(rows) > limit
    return Answer(columns, rows[:limit], more)


def _taken(result: Connection, count: int, most_bytes: int | None) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    while len(rows) < count and (chunk := result.fetchmany(min(_CHUNK, count - len(rows)))):
        rows += chunk
        if most_bytes is not None:
            size += sum(sys.getsizeof(value) for row in chunk for value in row)
            if size > most_bytes:
                raise QueryRefused("The answer is too large to be sent.", _LESS)
    return rows
