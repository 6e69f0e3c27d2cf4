"""What an owner does between rounds, besides reading: other work of the queue, and forgetting
what is old.

All are off unless the settings ask for them. A chore that fails because of the database is left
for later; the reading says what is wrong with it.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ingest.db.database import Database
from ingest.db.errors import StoreError
from ingest.db.prune import prune
from ingest.pipeline.background import BackgroundJob
from ingest.pipeline.run import Clock

PRUNE_EVERY: Final = timedelta(days=1)


class Maintenance:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        beside: Sequence[BackgroundJob[Any]],
        retention: timedelta,
    ) -> None:
        self.database = database
        self.clock = clock
        self.beside = beside
        self.retention = retention
        """What is older is forgotten; nothing is, where this is no time at all."""
        self._forgot: datetime | None = None

    def step(self) -> None:
        for one in self.beside:
            with contextlib.suppress(StoreError):
                one.step()
        with contextlib.suppress(StoreError):
            if self.retention:
                self._prune(self.clock())

    def close(self) -> None:
        for one in self.beside:
            with contextlib.suppress(StoreError):
                one.close()

    def _prune(self, now: datetime) -> None:
        if self._forgot is None or now - self._forgot >= PRUNE_EVERY:
            self._forgot = now
            # The history of finished work only: facts go when a person says so.
            prune(
                self.database,
                now - self.retention,
                facts=False,
                now=now,
                actor="auto",
                reason="retention_days",
            )
