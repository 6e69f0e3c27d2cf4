"""Debounces change hints: a burst of hints is served once, and constant hints are not starved.

The first hint after a pause is due at once, so that a single line is read without delay. Later
hints are gathered until `quiet` seconds passed without one, or the first of them has waited
`longest` seconds. Pure; the clock (monotonic seconds) is an argument.
"""

import math
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from msgspec import Struct

Key = TypeVar("Key", bound=Hashable)

QUIET = 0.1
LONGEST = 0.25


class _Waiting(Struct):
    first: float
    last: float
    at_once: bool
    """The key was not served within the last `quiet` seconds, so it is due immediately."""


class Debounce(Generic[Key]):
    """Debounces hints by key; keys are independent of each other."""

    def __init__(self, quiet: float = QUIET, longest: float = LONGEST) -> None:
        self.quiet = quiet
        self.longest = max(quiet, longest)
        self._waiting: dict[Key, _Waiting] = {}
        self._served: dict[Key, float] = {}

    def hint(self, keys: Iterable[Key], now: float) -> None:
        for key in keys:
            waiting = self._waiting.get(key)
            if waiting is None:
                served = self._served.get(key, -math.inf)
                self._waiting[key] = _Waiting(now, now, now - served >= self.quiet)
            else:
                waiting.last = now

    def due(self, now: float) -> list[Key]:
        """Remove and return the keys that are due, in the order of their first hint."""
        ready = [key for key in self._waiting if now >= self._at(key)]
        for key in ready:
            del self._waiting[key]
            self._served[key] = now
        self._served = {key: at for key, at in self._served.items() if now - at < self.quiet}
        return ready

    def wait(self, now: float) -> float | None:
        """Seconds until a key is due; None if there are no hints."""
        times = [self._at(key) for key in self._waiting]
        return max(0.0, min(times) - now) if times else None

    def _at(self, key: Key) -> float:
        waiting = self._waiting[key]
        if waiting.at_once:
            return waiting.first
        return min(waiting.last + self.quiet, waiting.first + self.longest)
