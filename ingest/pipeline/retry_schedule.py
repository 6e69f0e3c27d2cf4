"""Retries failed and snoozed batches at their retry time instead of at the next full sweep."""

import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ingest.batches.retry_policy import Mode
from ingest.db.database import Database


class RetrySchedule:
    """Call `refresh` whenever a retry time may have changed; then `wait` and `due`."""

    def __init__(
        self,
        database: Database,
        mode: Mode,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._database = database
        self._mode = mode
        self._clock = clock
        self._monotonic = monotonic
        self._at = math.inf
        self.refresh()

    def refresh(self) -> None:
        row = self._database.first_row("queue.next_due", mode=self._mode)
        at: datetime | None = row["at"] if row else None
        self._at = math.inf
        if at is not None:
            self._at = self._monotonic() + max(0.0, (at - self._clock()).total_seconds())

    def wait(self) -> float:
        """Seconds until a batch is due."""
        return max(0.0, self._at - self._monotonic())

    def due(self) -> list[Path]:
        """The files whose batches are to be retried now."""
        if self._monotonic() < self._at:
            return []
        self._at = math.inf
        rows = self._database.rows(
            "queue.due_paths", mode=self._mode, now=self._clock().isoformat()
        )
        return [Path(row["path"]) for row in rows]
