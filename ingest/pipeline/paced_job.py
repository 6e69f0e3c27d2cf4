"""Jobs that the owner does a little of between two rounds, in its own thread: what they derive is
small and in the database itself. `background.py` has those that run in a thread of their own.
"""

import time
from abc import ABC, abstractmethod
from typing import Final

from ingest.db.database import Database

_PAUSE: Final = 20
"""Pause after a step, in lengths of the step: reading and the dashboard go first."""
_QUIET_PAUSE: Final = 0.5
"""The same while nothing is read: after a first reading, thousands of sessions have no row."""
_STEP_SECONDS: Final = 0.4
"""A step delays new lines by so much at most; most take a third of it."""
_LEAST: Final = 20
_MOST: Final = 5000


class PacedJob(ABC):
    """The owner calls `step` between rounds and `close` at the end."""

    kind: str

    def __init__(self, database: Database) -> None:
        self.database = database
        self._next_at = 0.0
        """When the next step may begin."""
        self._commits = database.commits.count
        """Number of commits after the last step, which may have made one."""
        self._limit = _LEAST
        """How much the next step does. Each statement looks through all facts, so a step of few
        sessions may take as long as one of a thousand."""

    def step(self) -> float | None:
        began = time.monotonic()
        if began < self._next_at:
            return self._next_at - began
        is_quiet = self._commits == self.database.commits.count
        done = self.do_some(self._limit)
        ended = time.monotonic()
        took, self._commits = ended - began, self.database.commits.count
        if took > _STEP_SECONDS:
            self._limit = max(_LEAST, self._limit // 2)
        elif done == self._limit and took < _STEP_SECONDS / 3:
            self._limit = min(_MOST, self._limit * 2)
        pause = took * (_QUIET_PAUSE if is_quiet else _PAUSE)
        self._next_at = ended + pause
        return pause if done else None

    @abstractmethod
    def do_some(self, limit: int) -> int:
        """Derive so much at most, and return how much it was; 0 if nothing is left."""

    def close(self) -> None:  # noqa: B027 - complete as it is
        """Nothing is unfinished between two steps."""
