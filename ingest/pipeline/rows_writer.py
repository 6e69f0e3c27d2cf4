"""Derives again, in the background of the owner, the rows that another version of the program
derived (`db/derived_rows.py`): those of the sessions that were active last first.
"""

import time
from collections.abc import Callable
from threading import Event
from typing import Final

from ingest.db.database import Database
from ingest.db.derived_rows import derive_outdated
from ingest.pipeline.paced_job import PacedJob

_TELL_EVERY: Final = 5.0
"""Seconds after which readers are told of the rows that were derived so far."""
_RUN_SOURCES: Final = 500


class RowsWriter(PacedJob):
    kind = "rows"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._current_at = -1
        """Number of commits when no row was outdated."""
        self._untold_since: float | None = None
        """Since when there are derived rows that readers were not told of."""

    def do_some(self, limit: int) -> int:
        commits = self.database.commits
        if self._current_at == commits.count:
            return 0
        done = derive_outdated(self.database, limit)
        is_current, now = not done, time.monotonic()
        if not is_current and self._untold_since is None:
            self._untold_since = now
        elif self._untold_since is not None and (
            is_current or now - self._untold_since >= _TELL_EVERY
        ):
            self._untold_since = None
            commits.increment()
        if is_current:
            self._current_at = commits.count
        return done

    def run(self, stop: Event, progress: Callable[[int, int], None] | None = None) -> None:
        """Derive all of them. `progress` gets the size of the files that are done, and of all."""
        while not stop.is_set() and derive_outdated(self.database, _RUN_SOURCES):
            if progress is not None:
                row = self.database.rows("derived_rows.undone")[0]
                progress(row["bytes"] - row["undone"], row["bytes"])
