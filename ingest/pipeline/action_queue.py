"""Actions of clients, queued for the one thread that writes to the database.

The writing thread runs pending actions between two commits. Actions that must not run while files
are being read wait until nothing is.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ingest import log
from ingest.actions import Action
from ingest.pipeline.action_handlers import HANDLERS, ActionHandlers, When


class ActionQueue:
    """Every submitted action gets exactly one result or one exception."""

    def __init__(self, handlers: ActionHandlers) -> None:
        self._handlers = handlers
        self.wake: Callable[[], None] = lambda: None
        """Called from any thread when an action was queued."""
        self._lock = threading.Lock()
        self._pending: deque[tuple[Action[Any], Future[Any]]] = deque()
        self._closed = False

    def submit(self, action: Action[Any]) -> "Future[Any]":
        """Queue an action; return its future result. Raises `EOFError` once the queue is closed."""
        result: Future[Any] = Future()
        if HANDLERS[type(action)].when is When.READ_ONLY:
            result.set_result(self._handlers.carry_out(action))
            return result
        with self._lock:
            if self._closed:
                raise EOFError
            self._pending.append((action, result))
        self.wake()
        return result

    def run_pending(self, *, idle: bool) -> int:
        """Run the pending actions on this thread; returns how many."""
        with self._lock:
            ready, waiting = deque[tuple[Action[Any], Future[Any]]](), self._pending.copy()
            self._pending.clear()
            for pending in waiting:
                runs_now = idle or HANDLERS[type(pending[0])].when is not When.IDLE
                (ready if runs_now else self._pending).append(pending)
        for action, result in ready:
            try:
                result.set_result(self._handlers.carry_out(action))
            except Exception as error:  # noqa: BLE001
                # The caller gets the error; the owner goes on with its own work.
                log.unexpected(error)
                result.set_exception(error)
            except BaseException:
                result.set_exception(EOFError())
                raise
        return len(ready)

    def close(self) -> None:
        """Fail the pending actions with `EOFError`, and refuse new ones."""
        with self._lock:
            self._closed = True
            pending, self._pending = self._pending, deque()
        for _, result in pending:
            result.set_exception(EOFError())
