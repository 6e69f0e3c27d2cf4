"""Jobs that the owner does a little of between two rounds, in its own thread: what they derive is
small and in the database itself. `background.py` has those that run in a thread of their own.
"""

import time
from abc import ABC, abstractmethod
from typing import Final

from ingest.db.database import Database

_SHARE: Final = 20
"""Steps may take one part in this many of the time, so that reading and the dashboard go first."""
_QUIET_SHARE: Final = 4
"""The same while nothing is read: after a first reading, thousands of sessions have no row."""


class PacedJob(ABC):
    """The owner calls `step` between rounds and `close` at the end."""

    kind: str

    def __init__(self, database: Database) -> None:
        self.database = database
        self._next_at = 0.0
        """When the next step may begin."""
        self._commits = -1
        """Number of commits at the last step."""

    def step(self) -> None:
        began = time.monotonic()
        if began >= self._next_at:
            self.do_some()
            ended = time.monotonic()
            commits = self.database.commits.count
            share = _QUIET_SHARE if commits == self._commits else _SHARE
            self._commits, self._next_at = commits, ended + (ended - began) * share

    @abstractmethod
    def do_some(self) -> None:
        """So little that the owner does not notice."""

    def close(self) -> None:  # noqa: B027 - complete as it is
        """Nothing is unfinished between two steps."""
