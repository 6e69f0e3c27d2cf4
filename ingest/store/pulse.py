"""A count of the commits of an open database, for whoever waits to hear that something changed.

Promises that a wait ends soon after the next commit. What changed is for a query to say.
"""

import threading


class Pulse:
    def __init__(self) -> None:
        self._beaten = threading.Condition()
        self.beats = 0

    def beat(self) -> None:
        """Something was committed; or whoever waits is to stop waiting."""
        with self._beaten:
            self.beats += 1
            self._beaten.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """The count, as soon as it is another than `seen`, and at the latest after so long."""
        with self._beaten:
            self._beaten.wait_for(lambda: self.beats != seen, seconds)
            return self.beats
