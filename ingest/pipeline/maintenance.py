"""Maintenance between two rounds of the owner: background jobs, and pruning by age.

Everything here is off unless the settings enable it. A database error is not reported from here:
the next round of reading meets the same error and reports it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from ingest import log
from ingest.actions import Prune
from ingest.db.database import Database
from ingest.db.prune import prune
from ingest.errors import DatabaseError
from ingest.text.times import Clock

PRUNE_EVERY: Final = timedelta(days=1)


class Job(Protocol):
    @property
    def kind(self) -> str: ...

    def step(self) -> float | None:
        """Save finished work, and start the next; does not block. Returns after how many seconds it
        goes on, if it has more to do."""

    def close(self) -> None:
        """End, with what is unfinished left for the next time."""


class Maintenance:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: Sequence[Job],
        retention: timedelta,
    ) -> None:
        self.database = database
        self.clock = clock
        self.jobs = jobs
        self.retention = retention
        """Older history is pruned; zero disables pruning."""
        self._pruned_at: datetime | None = None

    def step(self) -> float | None:
        """Returns after how many seconds the next step is due, if one is."""
        waits = list[float]()
        for job in self.jobs:
            with log.suppress(f"The background job {job.kind}", DatabaseError):
                if (wait := job.step()) is not None:
                    waits.append(wait)
        with log.suppress("Pruning old history", DatabaseError):
            if self.retention:
                self._prune(self.clock())
        return min(waits, default=None)

    def close(self) -> None:
        for job in self.jobs:
            with log.suppress(f"Ending the background job {job.kind}", DatabaseError):
                job.close()

    def _prune(self, now: datetime) -> None:
        if self._pruned_at is None or now - self._pruned_at >= PRUNE_EVERY:
            self._pruned_at = now
            # Only the history of finished batches: facts are pruned by `tailboard prune` alone.
            action = Prune(before=now - self.retention, actor="auto", reason="retention_days")
            prune(self.database, action, now)
