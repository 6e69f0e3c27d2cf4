"""Where other processes leave what is to be done, and where the writing thread finds it.

One writer means one thread that changes the database: orders wait here until that thread comes by,
between two commits. What it is still reading is never entered by an order that says it must not be.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

Handler = Callable[[dict[str, Any]], dict[str, Any]]
"""Carries out an order with these values, and says what came of it."""


class UnknownCommand(Exception):
    """Nobody here carries out orders of this name."""

    code = "desk.unknown"
    hint = "Use the same version everywhere; or wait until that process has ended."

    def __init__(self, name: str) -> None:
        self.message = f"The process that has the database open does not know how to do {name!r}."
        super().__init__(self.message)


class CommandQueue:
    """Orders of others, each answered once: with its outcome, or with what went wrong."""

    def __init__(self) -> None:
        self.at_any_time: dict[str, Handler] = {}
        """May be carried out between any two commits."""
        self.at_rest: dict[str, Handler] = {}
        """Only while nothing is being read."""
        self.reading: dict[str, Handler] = {}
        """Change nothing, and so keep nobody else waiting: on the thread of whoever asks."""
        self.bell: Callable[[], None] = lambda: None
        """Called, from any thread, when an order comes in."""
        self._lock = threading.Lock()
        self._orders: deque[tuple[str, dict[str, Any], Future[dict[str, Any]]]] = deque()
        self._closed = False

    def submit(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """Leave an order, and wait for what comes of it. `EOFError` if nobody comes by any more."""
        if name in self.reading:
            return self.reading[name](values)
        if name not in self.at_any_time and name not in self.at_rest:
            raise UnknownCommand(name)
        outcome: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._closed:
                raise EOFError
            self._orders.append((name, values, outcome))
        self.bell()
        return outcome.result()

    def run_pending(self, *, at_rest: bool) -> int:
        """Carry out what waits, on this thread; how many orders that were."""
        with self._lock:
            handlers = self.at_any_time | self.at_rest if at_rest else self.at_any_time
            ready = [order for order in self._orders if order[0] in handlers]
            for order in ready:
                self._orders.remove(order)
        for name, values, outcome in ready:
            try:
                outcome.set_result(handlers[name](values))
            except Exception as error:  # noqa: BLE001
                # Told to whoever ordered it: the owner goes on with its own work.
                outcome.set_exception(error)
            except BaseException:
                outcome.set_exception(EOFError())
                raise
        return len(ready)

    def close(self) -> None:
        """Nobody comes by any more: what still waits was not done, and is told so."""
        with self._lock:
            self._closed = True
            orders, self._orders = self._orders, deque()
        for _, _, outcome in orders:
            outcome.set_exception(EOFError())
