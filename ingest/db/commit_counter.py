"""Counts the commits of an open database, so that clients can wait for the next change."""

import threading
import time


class CommitCounter:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0
        self.sweep_at: float | None = None
        """When the next full sweep is due, as a value of `time.monotonic`."""

    @property
    def sweep_in(self) -> float | None:
        """Seconds until the next full sweep."""
        return None if self.sweep_at is None else max(0.0, self.sweep_at - time.monotonic())

    def increment(self) -> None:
        """Count a commit and wake all waiting threads."""
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until the count differs from `seen`, at most so many seconds; return the count."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, seconds)
            return self.count
