"""A count of the commits of an open database, for whoever waits to hear that something changed,
and when everything is looked at next, for whoever waits for that.

Promises that a wait ends soon after the next commit. What changed is for a query to say.
"""

import threading
import time


class CommitCounter:
    def __init__(self) -> None:
        self._beaten = threading.Condition()
        self.beats = 0
        self.sweep_at: float | None = None
        """When the next sweep of everything is due, by the clock that only counts on."""

    @property
    def sweep_in(self) -> float | None:
        """Seconds until then."""
        return None if self.sweep_at is None else max(0.0, self.sweep_at - time.monotonic())

    def increment(self) -> None:
        """Something was committed; or whoever waits is to stop waiting."""
        with self._beaten:
            self.beats += 1
            self._beaten.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """The count, as soon as it is another than `seen`, and at the latest after so long."""
        with self._beaten:
            self._beaten.wait_for(lambda: self.beats != seen, seconds)
            return self.beats
