"""Answers for the screens: questions are asked on threads of their own, never on the drawing loop.

A `Question` is a pure function of what can be read; it touches no widget. Promises that several
asked `together` see one moment, that what nobody waits for any more is not told, that an owner's
end only delays an answer, and that a question which also asks git keeps only its like waiting.
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
from ingest.db.query_reader import QueryReader
from ingest.errors import OwnerGone, TailboardError
from ingest.pipeline.action_messages import deliver
from ingest.server.client import DatabaseClient
from tui.supervisor import Supervisor

T = TypeVar("T")
K = TypeVar("K")

Question = Callable[[QueryReader], T]
THREADS: Final = 4


class QueryFailure(Struct, frozen=True):
    """Why a question has no answer."""

    code: str
    message: str
    hint: str
    details: str = ""
    """For whoever reports it: where in the program, and nothing of what was read."""


class QueryResult(Struct, Generic[T], frozen=True):
    value: T


Answer = QueryResult[Any] | QueryFailure


class _Job:
    """What one of our threads is to do, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.future: Future[Any] = Future()


class QueryRunner:
    def __init__(self, caretaker: Supervisor) -> None:
        self.caretaker = caretaker
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._slow: SimpleQueue[_Job | None] = SimpleQueue()
        """What may hang elsewhere than at the owner, on one thread of its own."""
        self._lock = threading.Lock()
        self._at_work: dict[_Job, int] = {}
        """Which thread is at which job."""
        # Daemons: who quits does not wait for an answer that is still on its way.
        queues = dict.fromkeys(map(str, range(THREADS)), self._jobs) | {"slow": self._slow}
        for name, jobs in queues.items():
            threading.Thread(
                target=self._work, args=[jobs], name=f"feed-{name}", daemon=True
            ).start()

    def close(self) -> None:
        for _ in range(THREADS):
            self._jobs.put(None)
        self._slow.put(None)

    async def ask(self, question: Question[T], *, slow: bool = False) -> T:
        """The answer; raises what the question raised. `slow` where git is asked, too."""
        return await self._run(lambda: self._read(question), self._slow if slow else self._jobs)

    async def answer(self, question: Question[Any], *, slow: bool = False) -> Answer:
        """The answer, or why there is none."""
        try:
            return QueryResult(await self.ask(question, slow=slow))
        except Exception as error:  # noqa: BLE001 - told in the pane that asked
            return failure_of(error)

    async def run_consistent(
        self, questions: Mapping[K, Question[Any]]
    ) -> AsyncIterator[tuple[K, Answer]]:
        """Each answer as it comes, all of them about one moment, unless one of them failed."""
        loop = asyncio.get_running_loop()
        answers: asyncio.Queue[tuple[K, Answer] | None] = asyncio.Queue()
        gone = threading.Event()

        def tell(one: tuple[K, Answer] | None) -> None:
            loop.call_soon_threadsafe(answers.put_nowait, one)

        def job() -> None:
            rest = dict(questions)
            try:
                self._in_one_moment(rest, tell, gone)
            finally:
                if not gone.is_set():
                    tell(None)

        at = _Job(job)
        self._jobs.put(at)
        try:
            while (one := await answers.get()) is not None:
                yield one
        finally:
            gone.set()
            self._give_up(at)

    async def act(self, name: str, /, **values: object) -> dict[str, Any]:
        """Have the owner carry out an action exactly once, also if it ends before it answers."""
        job = _Job(lambda: deliver(self.caretaker.remote, name, values))
        self._jobs.put(job)
        # Never given up: what was said is done, whether anybody waits for it or not.
        done: dict[str, Any] = await asyncio.wrap_future(job.future)
        return done

    async def _run(self, work: Callable[[], T], jobs: SimpleQueue[_Job | None]) -> T:
        job = _Job(work)
        jobs.put(job)
        try:
            found: T = await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._give_up(job)
            raise
        return found

    def _give_up(self, job: _Job) -> None:
        """Nobody waits for it any more: have the owner stop, and the thread free for another."""
        with self._lock:
            thread = self._at_work.get(job)
            if thread is not None:
                self.caretaker.give_up(thread)

    # ── on a thread of ours ─────────────────────────────────────────────────────────────────────

    def _work(self, jobs: SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            with self._lock:
                self._at_work[job] = threading.get_ident()
            result, error = None, None
            try:
                result = job.work()
            except BaseException as raised:  # noqa: BLE001 - it is for whoever asked
                error = raised
            with self._lock:
                del self._at_work[job]
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)

    def _read(self, question: Question[T]) -> T:
        remote = self.caretaker.remote()
        while True:
            try:
                return question(remote)
            except OwnerGone:
                # Reading changes nothing, so the next owner is asked the same.
                remote = self.caretaker.remote(remote)

    def _in_one_moment(
        self,
        rest: dict[K, Question[Any]],
        tell: Callable[[tuple[K, Answer]], None],
        gone: threading.Event,
    ) -> None:
        remote: DatabaseClient | None = None
        try:
            remote = self.caretaker.remote()
            with remote.snapshot():
                for key in list(rest):
                    if gone.is_set():
                        return
                    tell((key, QueryResult(rest[key](remote))))
                    del rest[key]
        except Exception:  # noqa: BLE001 - told below, by the question it belongs to
            for key, question in rest.items():
                if gone.is_set():
                    return
                try:
                    tell((key, QueryResult(self._read(question))))
                except Exception as error:  # noqa: BLE001
                    tell((key, failure_of(error)))


def failure_of(error: BaseException) -> QueryFailure:
    """The error as people are told it. What is no error of ours is a mistake of ours."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    if isinstance(error, TailboardError):
        code, message, hint = error.code, error.message, error.hint
        return QueryFailure(code, message, hint, f"[{code}] {message}\n{hint}\n{trace}")
    if isinstance(error, Exception):
        log.unexpected(error)
    name = type(error).__name__
    sentence = f"This part of the screen met an error of the program's own: {name}."
    hint = "The rest goes on. Press y to copy the details for a report."
    # Not the text of the error: it may quote what was read.
    return QueryFailure(name, sentence, hint, f"{name}\n{trace}")
