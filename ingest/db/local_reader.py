"""Reads from a database that this process has open, and acts on it."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ingest.actions import Action
from ingest.db import adhoc_sql
from ingest.db.database import Database
from ingest.db.engine import Connection, Error, Statement, TransactionException
from ingest.db.held_snapshot import HeldSnapshot, begin
from ingest.db.parsed import ParsedStatements
from ingest.db.query_reader import (
    ANSWER_BYTES,
    HOLD_SECONDS,
    QUERY_SECONDS,
    Answer,
    Format,
    OwnerStatus,
    Query,
    Row,
    allow_for_load,
)
from ingest.db.snapshot import write_snapshot
from ingest.errors import QueryRefused, QueryTimeout, ReadOnlyServer, SnapshotExpired

T = TypeVar("T")
Result = tuple[list[str], list[tuple[Any, ...]]]
"""Columns and rows."""


class LocalReader:
    """Uses a new cursor for each read, so that any thread may call it."""

    def __init__(
        self,
        database: Database,
        since: datetime | None = None,
        query_seconds: float = QUERY_SECONDS,
        carry_out: Callable[[Action[Any]], Any] | None = None,
    ) -> None:
        self.path: Path = database.path
        self.owner = OwnerStatus(os.getpid(), since, "command")
        self._database = database
        self._query_seconds = query_seconds
        self._carry_out = carry_out
        self._mine = threading.local()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self.run_consistent([(name, values)])[0]

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return next(iter(self.rows(name, **values)), None)

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        def work(con: Connection, held: bool) -> list[Result]:
            return run_consistent(con, self._database.statements, queries, _fetch_all, held=held)

        results = self._read(work)
        return [[dict(zip(names, row, strict=True)) for row in rows] for names, rows in results]

    def store_derived(self, statements: Sequence[Query], /) -> None:
        """This reader sees what it stored, also in its snapshot."""
        self._database.store_derived(statements)
        held: HeldSnapshot | None = getattr(self._mine, "held", None)
        if held is not None and held.held and held.moment == self._database.commits.count:
            held.renew(begin(self._database.reader()), held.moment)

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        def work(con: Connection, held: bool) -> Answer:
            return adhoc_sql.run_select(con, text, limit, held=held, most_bytes=ANSWER_BYTES)

        return self._read(work)

    def copy(self, form: Format, /) -> Path:
        return self._database.with_memory_retry(lambda: self._write_snapshot(form))

    def act(self, action: Action[T], /) -> T:
        """Carry out an action on this thread."""
        if self._carry_out is None:
            raise ReadOnlyServer("This process has the database open only for reading.")
        result: T = self._carry_out(action)
        return result

    def _write_snapshot(self, form: Format) -> Path:
        with self._database.reader() as con:
            return write_snapshot(con, self._database.spool, form)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Run all queries of this thread inside the block on one snapshot."""
        held, moment = HeldSnapshot(), self._database.commits.count
        held.hold(begin(self._database.reader()), allow_for_load(HOLD_SECONDS), moment)
        self._mine.held = held
        try:
            yield
        finally:
            self._mine.held = None
            held.end()

    def _read(self, work: Callable[[Connection, bool], T]) -> T:
        held: HeldSnapshot | None = getattr(self._mine, "held", None)
        if held is not None and not held.left:
            held.invalidate()
        try:
            return self._database.with_memory_retry(lambda: self._once(work, held))
        except BaseException:
            if held is not None:
                held.invalidate()
            raise

    def _once(self, work: Callable[[Connection, bool], T], held: HeldSnapshot | None) -> T:
        if held is None:
            with self._database.reader() as con:
                return self._timed(lambda: work(con, False), con)
        if held.held is None:
            raise SnapshotExpired
        shared = held.held
        try:
            return self._timed(lambda: work(shared, True), shared)
        except Error:
            # The failed statement ended the transaction. A new one shows the same snapshot if
            # nothing was committed since; otherwise the caller must begin again.
            if held.moment == self._database.commits.count:
                held.renew(begin(self._database.reader()), held.moment)
            else:
                held.invalidate()
            raise

    def _timed(self, work: Callable[[], T], con: Connection) -> T:
        overdue = threading.Event()

        def interrupt() -> None:
            overdue.set()
            con.interrupt()

        seconds = allow_for_load(self._query_seconds)
        timer = threading.Timer(seconds, interrupt)
        timer.daemon = True
        timer.start()
        try:
            return work()
        except (Error, QueryRefused):
            if overdue.is_set():
                raise QueryTimeout(seconds) from None
            raise
        finally:
            timer.cancel()


def _fetch_all(names: list[str], result: Connection) -> Result:
    return names, result.fetchall()


def run_consistent(
    con: Connection,
    statements: ParsedStatements,
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
            result = con.execute(_parsed(statements, con, name), values)
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


def _parsed(statements: ParsedStatements, con: Connection, name: str) -> Statement:
    try:
        return statements.named(con, name)
    except (KeyError, OSError):
        raise QueryRefused(
            f"There is no query named {name}.", "Use the same version of Tailboard everywhere."
        ) from None
