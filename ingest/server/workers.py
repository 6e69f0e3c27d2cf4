"""A few threads that run blocking work for the event loop.

Short, because it is only that: not a `ThreadPoolExecutor`, because the interpreter waits at exit
for the threads of one, and a query that ignores its interrupt must not keep the owner from ending.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class WorkerThreads:
    """Starts a thread when work arrives and all others are busy, up to `most`."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._work: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0
        """Idle threads less the waiting work."""

    def run(self, work: Callable[[], T]) -> "Future[T]":
        future: Future[T] = Future()
        self._work.put((work, future))
        with self._lock:
            self._free -= 1
            if self._free < 0 and self._threads < self._most:
                self._threads += 1
                self._free += 1
                threading.Thread(
                    target=self._run, name=f"{self._name}-{self._threads}", daemon=True
                ).start()
        return future

    def close(self) -> None:
        """End each thread after the work that was given to it."""
        with self._lock:
            for _ in range(self._threads):
                self._work.put(None)

    def _run(self) -> None:
        while (job := self._work.get()) is not None:
            work, future = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                    future.set_exception(error)
            # What the result holds must not live until the next work arrives.
            del job, work, future
            with self._lock:
                self._free += 1
