"""Commands of clients, queued for the one thread that writes to the database.

The writing thread runs pending commands between two commits. Commands that must not run while
files are being read (`when_idle`) wait until nothing is.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ingest import log
from ingest.errors import UnknownCommand

Handler = Callable[[dict[str, Any]], dict[str, Any]]
"""Runs a command with these values and returns its reply."""


class CommandQueue:
    """Every submitted command gets exactly one reply or one exception."""

    def __init__(self) -> None:
        self.at_any_time: dict[str, Handler] = {}
        """Handlers that may run between any two commits."""
        self.when_idle: dict[str, Handler] = {}
        """Handlers that run only while no file is being read."""
        self.read_only: dict[str, Handler] = {}
        """Read-only handlers: they run on the thread of the caller and block nobody."""
        self.wake: Callable[[], None] = lambda: None
        """Called from any thread when a command was queued."""
        self._lock = threading.Lock()
        self._pending: deque[tuple[str, dict[str, Any], Future[dict[str, Any]]]] = deque()
        self._closed = False

    def submit(self, name: str, values: dict[str, Any]) -> Future[dict[str, Any]]:
        """Queue a command; return its future reply. Raises `EOFError` once the queue is closed."""
        reply: Future[dict[str, Any]] = Future()
        if name in self.read_only:
            reply.set_result(self.read_only[name](values))
            return reply
        if name not in self.at_any_time and name not in self.when_idle:
            raise UnknownCommand(
                f"The process that has the database open does not know the command {name!r}."
            )
        with self._lock:
            if self._closed:
                raise EOFError
            self._pending.append((name, values, reply))
        self.wake()
        return reply

    def run_pending(self, *, idle: bool) -> int:
        """Run the pending commands on this thread; returns how many."""
        with self._lock:
            handlers = self.at_any_time | self.when_idle if idle else self.at_any_time
            ready = [command for command in self._pending if command[0] in handlers]
            for command in ready:
                self._pending.remove(command)
        for name, values, reply in ready:
            try:
                reply.set_result(handlers[name](values))
            except Exception as error:  # noqa: BLE001
                # The caller gets the error; the owner goes on with its own work.
                log.unexpected(error)
                reply.set_exception(error)
            except BaseException:
                reply.set_exception(EOFError())
                raise
        return len(ready)

    def close(self) -> None:
        """Fail the pending commands with `EOFError`, and refuse new ones."""
        with self._lock:
            self._closed = True
            pending, self._pending = self._pending, deque()
        for _, _, reply in pending:
            reply.set_exception(EOFError())
