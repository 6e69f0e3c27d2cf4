"""Runs the queries of clients: each on a worker thread with a cursor, a time limit and a turn.

A query is interrupted when its time is over or its client has disconnected. One that runs out of
memory is run again alone, with a higher memory limit.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ingest.db import adhoc_sql, snapshot
from ingest.db.database import Database, explain_and_mark
from ingest.db.engine import Connection as Cursor
from ingest.db.engine import Error
from ingest.db.held_snapshot import HeldSnapshot, begin
from ingest.db.local_reader import run_consistent
from ingest.db.query_reader import Format, Query, allow_for_load
from ingest.errors import DatabaseError, MemoryLimit, QueryRefused, QueryTimeout
from ingest.server import protocol
from ingest.server.workers import WorkerThreads

T = TypeVar("T")

CONCURRENT_QUERIES = 2
"""Named queries that run at the same time: one over all sessions takes most of the engine's memory
for a moment. Ad hoc SQL, which may take more, has as many turns of its own, so that screens do not
wait for it."""
_THREADS = 8
"""More than all turns together; the others begin snapshots and run actions that only read."""
_CHUNK = 512
"""Rows that are fetched from the engine at once."""
_INTERRUPT_SECONDS = 0.05
"""Between two interrupts: a query that is just starting ignores one."""
_MEMORY_RETRY_SECONDS = 0.05
"""The delay before a query that ran out of memory is retried."""


class QueryLimits(Struct, frozen=True):
    query_seconds: float
    copy_seconds: float
    memory_wait_seconds: float
    hold_seconds: float
    answer_bytes: int


class Caller:
    """The client of a query: its snapshot, and whether it is still there."""

    def __init__(self) -> None:
        self.snapshot = HeldSnapshot()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def disconnect(self) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


class _RunningQuery(Generic[T]):
    def __init__(self, database: Database, work: Callable[[Cursor], T], held: Cursor | None):
        self._database = database
        self._work = work
        self._held = held
        self._lock = threading.Lock()
        self._cursor: Cursor | None = None

    def run(self) -> T:
        cursor = self._held or self._database.reader()
        with self._lock:
            self._cursor = cursor
        try:
            return self._work(cursor)
        finally:
            with self._lock:
                self._cursor = None
            if cursor is not self._held:
                cursor.close()

    def interrupt(self) -> None:
        with self._lock:
            if self._cursor is not None:
                self._cursor.interrupt()


class Turns:
    """Lets a few queries run at the same time, or one query alone."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = asyncio.Semaphore(count)
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def take(self, *, alone: bool = False) -> AsyncIterator[None]:
        if not alone:
            async with self._free:
                yield
            return
        async with self._alone, AsyncExitStack() as taken:
            # One after the other: a task that is cancelled halfway gives back what it has.
            for _ in range(self._count):
                await taken.enter_async_context(self._free)
            yield


class Queries:
    """Belongs to the event loop's thread."""

    def __init__(self, database: Database, limits: QueryLimits) -> None:
        self._database = database
        self._limits = limits
        self._workers = WorkerThreads("server-worker", _THREADS)
        self._turns = Turns(CONCURRENT_QUERIES)
        self._statements = asyncio.Semaphore(CONCURRENT_QUERIES)
        self._copies = asyncio.Semaphore(CONCURRENT_QUERIES)
        self.running = 0
        self.answered = 0

    def close(self) -> None:
        self._workers.close()

    async def in_worker(self, work: Callable[[], T]) -> T:
        """Run something short, or something that its client does not cancel."""
        return await asyncio.wrap_future(self._workers.run(work))

    async def hold_snapshot(self, caller: Caller) -> None:
        moment = self._database.commits.count
        con = await self.in_worker(lambda: begin(self._database.reader()))
        caller.snapshot.hold(con, self._limits.hold_seconds, moment)

    async def run_named(self, caller: Caller, queries: list[Query]) -> bytes:
        held = caller.snapshot.held is not None

        def work(con: Cursor) -> bytes:
            tables = run_consistent(con, self._database.statements, queries, _packed, held=held)
            self.answered += 1
            return protocol.reply(protocol.PackedTables(tables))

        loop, alone = asyncio.get_running_loop(), False
        until = loop.time() + self._limits.memory_wait_seconds
        while True:
            try:
                async with self._turns.take(alone=alone):
                    return await self._run(caller, allow_for_load(self._limits.query_seconds), work)
            except (Error, DatabaseError) as error:
                if not self._is_memory_limit(error) or loop.time() >= until:
                    raise
                if alone and not await self.in_worker(self._database.raise_memory_limit):
                    await asyncio.sleep(_MEMORY_RETRY_SECONDS)
                alone = True
                if held:
                    # The failed statement ended the transaction. A new one shows the same snapshot
                    # if nothing was committed since; otherwise the client must begin again.
                    if caller.snapshot.moment != self._database.commits.count:
                        raise
                    moment = caller.snapshot.moment
                    con = await self.in_worker(lambda: begin(self._database.reader()))
                    caller.snapshot.renew(con, moment)

    async def run_sql(self, caller: Caller, text: str, limit: int | None) -> bytes:
        held = caller.snapshot.held is not None

        def work(con: Cursor) -> bytes:
            answer = adhoc_sql.run_select(
                con, text, limit, held=held, most_bytes=self._limits.answer_bytes
            )
            packed = protocol.packed(answer.columns, [answer.rows], more=answer.more)
            return protocol.reply(protocol.PackedTables([packed]))

        async with self._statements:
            return await self._run(caller, allow_for_load(self._limits.query_seconds), work)

    async def copy(self, caller: Caller, form: Format) -> bytes:
        """Write a copy to the spool. It shows the newest commit, also while a snapshot is held."""

        def work(con: Cursor) -> Path:
            return snapshot.write_snapshot(con, self._database.spool, form)

        while True:
            try:
                async with self._copies:
                    path = await self._run(caller, self._limits.copy_seconds, work, held=False)
                return protocol.reply(protocol.Copied(path.name))
            except (Error, DatabaseError) as error:
                if not self._is_memory_limit(error):
                    raise
                if not await self.in_worker(self._database.raise_memory_limit):
                    raise

    def _is_memory_limit(self, error: Error | DatabaseError) -> bool:
        if isinstance(error, Error):
            error = explain_and_mark(self._database.path, error)
        return isinstance(error, MemoryLimit)

    async def _run(
        self, caller: Caller, seconds: float, work: Callable[[Cursor], T], *, held: bool = True
    ) -> T:
        """Run `work` on a worker thread, in the caller's snapshot if `held`."""
        if caller.gone.done():
            raise EOFError
        query = _RunningQuery(self._database, work, caller.snapshot.held if held else None)
        done: asyncio.Future[Any] = asyncio.wrap_future(self._workers.run(query.run))
        self.running += 1
        overdue = False
        try:
            await asyncio.wait(
                {done, caller.gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            overdue = not done.done() and not caller.gone.done()
            while not done.done():
                query.interrupt()
                await asyncio.wait({done}, timeout=_INTERRUPT_SECONDS)
            result: T = done.result()
        except (Error, QueryRefused):
            if overdue:
                raise QueryTimeout(seconds) from None
            if caller.gone.done():
                raise EOFError from None
            raise
        else:
            return result
        finally:
            self.running -= 1


def _packed(columns: list[str], answer: Cursor) -> protocol.Packed:
    return protocol.packed(columns, iter(lambda: answer.fetchmany(_CHUNK), []))
