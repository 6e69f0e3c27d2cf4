"""The face of a database that is open in this very process."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ingest.db import adhoc_sql
from ingest.db.database import Database, mark_damaged
from ingest.db.engine import Connection, Error, TransactionException
from ingest.db.engine_errors import explain
from ingest.db.errors import Damaged, StoreError
from ingest.db.queries import statement
from ingest.db.query_reader import Answer, Format, Query, QueryRefused, Row
from ingest.db.snapshot import copy

T = TypeVar("T")
Result = tuple[list[str], list[tuple[Any, ...]]]
"""Columns and rows."""


class LocalReader:
    """Reads with cursors of its own, so that any thread may use it."""

    def __init__(self, database: Database) -> None:
        self.path: Path = database.path
        self._database = database

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self._database.rows(name, **values)

    def one(self, name: str, /, **values: object) -> Row | None:
        return self._database.one(name, **values)

    def ask(self, queries: Sequence[Query], /) -> list[list[Row]]:
        answers = self._database.with_memory_retry(lambda: self._together(queries))
        return [[dict(zip(names, row, strict=True)) for row in rows] for names, rows in answers]

    def _together(self, queries: Sequence[Query]) -> list[Result]:
        with self._database.reader() as con:
            return run_consistent(con, queries, _whole)

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        with self._database.reader() as con:
            return adhoc_sql.run_select(con, text, limit)

    def copy(self, form: Format, /) -> Path:
        return self._database.with_memory_retry(lambda: self._copied(form))

    def _copied(self, form: Format) -> Path:
        with self._database.reader() as con:
            return copy(con, self._database.spool, form)


def _whole(columns: list[str], answer: Connection) -> Result:
    return columns, answer.fetchall()


def run_consistent(
    con: Connection,
    queries: Sequence[Query],
    take: Callable[[list[str], Connection], T],
    *,
    held: bool = False,
) -> list[T]:
    """What several named statements answer, all of them about the same moment; `take` makes of
    each answer what is wanted of it.

    `held`: the moment is already that of an open transaction, which is left open.
    """
    answers: list[T] = []
    if not held:
        con.execute("begin transaction read only")
    try:
        for name, values in queries:
            result = con.execute(_statement(name), values)
            answers.append(take([one[0] for one in result.description or ()], result))
        if not held:
            con.execute("commit")
    except TransactionException as error:
        _roll_back(con)
        raise QueryRefused(
            "That statement changes something; here one only reads.", "Use the command for it."
        ) from error
    except BaseException:
        _roll_back(con)
        raise
    return answers


def _roll_back(con: Connection) -> None:
    # An engine that gave up has no transaction left to end, and said so already.
    with contextlib.suppress(Error):
        con.execute("rollback")


def explained_error(path: Path, error: Error) -> StoreError:
    """The error as one of ours; of a damaged part, the next start gets to know."""
    told = explain(path, error)
    if isinstance(told, Damaged):
        mark_damaged(path, told.detail)
    return told


def _statement(name: str) -> str:
    try:
        return statement(name)
    except (KeyError, OSError):
        raise QueryRefused(
            f"There is no statement named {name}.", "Use the same version everywhere."
        ) from None
