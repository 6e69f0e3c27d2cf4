"""Runs one SQL statement that a person wrote; it can only read.

`sql_allowlist.py` decides which statements are allowed. The statement runs in a read-only
transaction, so that one the check misjudged still changes nothing. The connection cannot open
files, and its settings are locked (see `database.py`). Memory and the size of the result are
limited.
"""

import contextlib
import sys
from typing import Any

from ingest.db.engine import Connection, Error, FatalException, OutOfMemoryException
from ingest.db.memory_limit import bounded_memory
from ingest.db.query_reader import Answer
from ingest.db.sql_allowlist import HINT, check, first_paragraph
from ingest.errors import QueryRefused

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
    """Return at most `limit` rows of the statement's result. No other thread may use `con`.

    `held`: a read-only transaction is already open and stays open. A result of more than
    `most_bytes` raises `QueryRefused`.
    """
    try:
        with bounded_memory():
            check(con, text)
            return _select(con, text, limit, held=held, most_bytes=most_bytes)
    except (MemoryError, OutOfMemoryException) as error:
        raise QueryRefused("The query needs too much memory.", _LESS) from error


_NAIVE = "Cast them to times without a time zone, for example now()::timestamp."
_LESS = "Use --limit N, or make a copy with `tailboard snapshot` and query that."


def _select(
    con: Connection, text: str, limit: int | None, *, held: bool, most_bytes: int | None
) -> Answer:
    if not held:
        con.execute("begin transaction read only")
    try:
        result = con.execute(text)
        columns = [column[0] for column in result.description or ()]
        rows = _fetch(result, sys.maxsize if limit is None else limit + 1, most_bytes)
    except (FatalException, OutOfMemoryException):
        raise  # The first is not caused by the query: the owner must handle it.
    except Error as error:
        if "pytz" in str(error):
            raise QueryRefused("Times with a time zone cannot be shown.", _NAIVE) from error
        raise QueryRefused(first_paragraph(error), HINT) from error
    finally:
        # After a fatal error there is no transaction left, and the error was raised already.
        if not held:
            with contextlib.suppress(Error):
                con.execute("rollback")
    more = limit is not None and len(rows) > limit
    return Answer(columns, rows[:limit], more)


def _fetch(result: Connection, count: int, most_bytes: int | None) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    while len(rows) < count and (chunk := result.fetchmany(min(_CHUNK, count - len(rows)))):
        rows += chunk
        if most_bytes is not None:
            size += sum(sys.getsizeof(value) for row in chunk for value in row)
            if size > most_bytes:
                raise QueryRefused("The result is too large to send.", _LESS)
    return rows
