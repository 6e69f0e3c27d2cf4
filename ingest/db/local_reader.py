"""Reads from a database that this process has open."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ingest.db import adhoc_sql
from ingest.db.database import Database
from ingest.db.engine import Connection, Error, TransactionException
from ingest.db.queries import statement
from ingest.db.query_reader import Answer, Format, Query, Row
from ingest.db.snapshot import write_snapshot
from ingest.errors import QueryRefused

T = TypeVar("T")
Result = tuple[list[str], list[tuple[Any, ...]]]
"""Columns and rows."""


class LocalReader:
    """Uses a new cursor for each read, so that any thread may call it."""

    def __init__(self, database: Database) -> None:
        self.path: Path = database.path
        self._database = database

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self._database.rows(name, **values)

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return self._database.first_row(name, **values)

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        results = self._database.with_memory_retry(lambda: self._run_consistent(queries))
        return [[dict(zip(names, row, strict=True)) for row in rows] for names, rows in results]

    def _run_consistent(self, queries: Sequence[Query]) -> list[Result]:
        with self._database.reader() as con:
            return run_consistent(con, queries, lambda names, result: (names, result.fetchall()))

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        with self._database.reader() as con:
            return adhoc_sql.run_select(con, text, limit)

    def copy(self, form: Format, /) -> Path:
        return self._database.with_memory_retry(lambda: self._write_snapshot(form))

    def _write_snapshot(self, form: Format) -> Path:
        with self._database.reader() as con:
            return write_snapshot(con, self._database.spool, form)


def run_consistent(
    con: Connection,
    queries: Sequence[Query],
    convert: Callable[[list[str], Connection], T],
    *,
    held: bool = False,
) -> list[T]:
    """Run several named queries on one snapshot; `convert` makes a result of names and rows.

    `held`: use the transaction that is already open, and leave it open.
    """
    results: list[T] = []
    if not held:
        con.execute("begin transaction read only")
    try:
        for name, values in queries:
            result = con.execute(_statement(name), values)
            results.append(convert([column[0] for column in result.description or ()], result))
        if not held:
            con.execute("commit")
    except TransactionException as error:
        _roll_back(con)
        raise QueryRefused(
            "This query changes the database, which is read-only here.", "Use a command instead."
        ) from error
    except BaseException:
        _roll_back(con)
        raise
    return results


def _roll_back(con: Connection) -> None:
    # After a fatal error there is no transaction left, and the error was raised already.
    with contextlib.suppress(Error):
        con.execute("rollback")


def _statement(name: str) -> str:
    try:
        return statement(name)
    except (KeyError, OSError):
        raise QueryRefused(
            f"There is no query named {name}.", "Use the same version of Tailboard everywhere."
        ) from None
