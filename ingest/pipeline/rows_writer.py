"""Derives again, in the background of the owner, the rows that another version of the program
derived (`db/derived_rows.py`): those of the sessions that were active last first.
"""

from collections.abc import Callable
from threading import Event
from typing import Final

from ingest.db.database import Database
from ingest.db.derived_rows import derive_outdated
from ingest.pipeline.paced_job import PacedJob

_STEP_SOURCES: Final = 25
"""So few that the owner does not notice."""
_RUN_SOURCES: Final = 500


class RowsWriter(PacedJob):
    kind = "rows"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._current_at = -1
        """Number of commits when no row was outdated."""
        self._derived = False
        """Whether rows were derived that readers were not told of yet."""

    def do_some(self) -> None:
        commits = self.database.commits
        if self._current_at == commits.count:
            return
        if derive_outdated(self.database, _STEP_SOURCES):
            self._derived = True
            return
        if self._derived:
            self._derived = False
            commits.increment()
        self._current_at = commits.count

    def run(self, stop: Event, progress: Callable[[int, int], None] | None = None) -> None:
        """Derive all of them. `progress` gets the size of the files that are done, and of all."""
        while not stop.is_set() and derive_outdated(self.database, _RUN_SOURCES):
            if progress is not None:
                row = self.database.rows("derived_rows.undone")[0]
                progress(row["bytes"] - row["undone"], row["bytes"])
