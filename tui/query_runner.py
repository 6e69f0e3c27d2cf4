"""Runs the queries of the screens on threads, never on the event loop.

A `Query` is a pure function of a `QueryReader` and touches no widget. Promises that the queries of
`run_consistent` see one snapshot, that a cancelled query delivers no result, that the end of the
owner only delays a result, and that slow queries, which run git, and calls of another machine delay
only others of their kind.
"""

import asyncio
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from ingest import log
from ingest.actions import Action
from ingest.db.query_reader import QueryReader
from ingest.errors import OwnerGone, TailboardError
from ingest.server.client import DatabaseClient
from tui.supervisor import Supervisor

T = TypeVar("T")
K = TypeVar("K")

Query = Callable[[QueryReader], T]
THREADS: Final = 4


class QueryFailure(Struct, frozen=True):
    """Why a query failed."""

    code: str
    message: str
    hint: str
    details: str = ""
    """For a bug report: the traceback without the text of the error, which may quote files."""


class QueryResult(Struct, Generic[T], frozen=True):
    value: T


Answer = QueryResult[Any] | QueryFailure


class _Job:
    """Work for a query thread, and its result."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.future: Future[Any] = Future()


class QueryRunner:
    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._slow: SimpleQueue[_Job | None] = SimpleQueue()
        """Queries that may hang outside the owner, on one thread of their own."""
        self._calls: SimpleQueue[_Job | None] = SimpleQueue()
        """Calls of another machine, on one thread of their own."""
        self._lock = threading.Lock()
        self._running: dict[_Job, int] = {}
        """The thread of each running job."""
        # Daemon threads: quitting does not wait for a running query.
        queues = dict.fromkeys(map(str, range(THREADS)), self._jobs) | {"slow": self._slow}
        queues["calls"] = self._calls
        for name, jobs in queues.items():
            threading.Thread(
                target=self._work, args=[jobs], name=f"query-{name}", daemon=True
            ).start()

    def close(self) -> None:
        for _ in range(THREADS):
            self._jobs.put(None)
        self._slow.put(None)
        self._calls.put(None)

    async def ask(self, query: Query[T], *, slow: bool = False) -> T:
        """The result of a query; raises its error. `slow` for queries that run git."""
        return await self._run(lambda: self._read(query), self._slow if slow else self._jobs)

    async def answer(self, query: Query[Any], *, slow: bool = False) -> Answer:
        """The result of a query, or why it failed."""
        try:
            return QueryResult(await self.ask(query, slow=slow))
        except Exception as error:  # noqa: BLE001 - shown in the pane
            return failure_of(error)

    async def call(self, work: Callable[[], T]) -> T:
        """The result of work that needs no database, and may wait for another machine. Without its
        caller it is not begun; once it runs, it ends by its own time limits.
        """
        job = _Job(work)
        self._calls.put(job)
        result: T = await asyncio.wrap_future(job.future)
        return result

    async def run_consistent(
        self, queries: Mapping[K, Query[Any]]
    ) -> AsyncIterator[tuple[K, Answer]]:
        """Each result as it arrives, all from one snapshot unless a query fails."""
        loop = asyncio.get_running_loop()
        results: asyncio.Queue[tuple[K, Answer] | None] = asyncio.Queue()
        cancelled = threading.Event()

        def deliver(result: tuple[K, Answer] | None) -> None:
            loop.call_soon_threadsafe(results.put_nowait, result)

        def job() -> None:
            left = dict(queries)
            try:
                self._run_on_snapshot(left, deliver, cancelled)
            finally:
                if not cancelled.is_set():
                    deliver(None)

        work = _Job(job)
        self._jobs.put(work)
        try:
            while (result := await results.get()) is not None:
                yield result
        finally:
            cancelled.set()
            self._cancel(work)

    async def act(self, action: Action[T]) -> T:
        """Have the owner carry out an action exactly once, also if it ends before it answers."""
        job = _Job(lambda: self._read(lambda database: database.act(action)))
        self._jobs.put(job)
        # Never cancelled: the action is carried out even if the caller was cancelled.
        result: T = await asyncio.wrap_future(job.future)
        return result

    async def _run(self, work: Callable[[], T], jobs: SimpleQueue[_Job | None]) -> T:
        job = _Job(work)
        jobs.put(job)
        try:
            found: T = await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._cancel(job)
            raise
        return found

    def _cancel(self, job: _Job) -> None:
        """The caller was cancelled: have the owner cancel the query, which frees the thread."""
        with self._lock:
            thread = self._running.get(job)
            if thread is not None:
                self.supervisor.cancel(thread)

    # ── on the query threads ──────────────────────────────────────────────────────────────────────

    def _work(self, jobs: SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            with self._lock:
                self._running[job] = threading.get_ident()
            result, error = None, None
            try:
                result = job.work()
            except BaseException as raised:  # noqa: BLE001 - raised again for the caller
                error = raised
            with self._lock:
                del self._running[job]
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)

    def _read(self, query: Query[T]) -> T:
        client = self.supervisor.client()
        while True:
            try:
                return query(client)
            except OwnerGone:
                # Queries change nothing, and actions are carried out at most once, so they can be
                # sent to the next owner.
                client = self.supervisor.client(client)

    def _run_on_snapshot(
        self,
        left: dict[K, Query[Any]],
        deliver: Callable[[tuple[K, Answer]], None],
        cancelled: threading.Event,
    ) -> None:
        client: DatabaseClient | None = None
        try:
            client = self.supervisor.client()
            with client.snapshot():
                for key in list(left):
                    if cancelled.is_set():
                        return
                    deliver((key, QueryResult(left[key](client))))
                    del left[key]
        except Exception:  # noqa: BLE001 - raised again below, by the query that failed
            for key, query in left.items():
                if cancelled.is_set():
                    return
                try:
                    deliver((key, QueryResult(self._read(query))))
                except Exception as error:  # noqa: BLE001
                    deliver((key, failure_of(error)))


def failure_of(error: BaseException) -> QueryFailure:
    """The error as it is shown. An error of an unknown type is unexpected."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    if isinstance(error, TailboardError):
        code, message, hint = error.code, error.message, error.hint
        return QueryFailure(code, message, hint, f"[{code}] {message}\n{hint}\n{trace}")
    if isinstance(error, Exception):
        log.unexpected(error)
    name = type(error).__name__
    sentence = f"Unexpected error in this part of the screen: {name}."
    hint = "The other parts are not affected. Press y to copy the details for a bug report."
    # Without the text of the error: it may quote files.
    return QueryFailure(name, sentence, hint, f"{name}\n{trace}")
