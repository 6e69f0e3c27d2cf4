"""Counts the commits of an open database, so that clients notice the next change.

Short, because it is only the counter: the server sets `on_commit` and notifies its clients.
"""

import threading
import time
from collections.abc import Callable


class CommitCounter:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each commit, on the thread that made it."""
        self.sweep_at: float | None = None
        """When the next full sweep is due, as a value of `time.monotonic`."""

    @property
    def sweep_in(self) -> float | None:
        """Seconds until the next full sweep."""
        return None if self.sweep_at is None else max(0.0, self.sweep_at - time.monotonic())

    def increment(self) -> None:
        with self._lock:
            self.count += 1
        self.on_commit()
