"""Which batches an ingest run may read.

None while a user paused the queue; one source at a time while an error paused it; never a batch
that is held back (failed, dead, cancelled, snoozed). The queue is queried once when a run starts.
"""

import os
from typing import Any

from ingest.batches.retry_policy import PAUSED_BY_USER, Mode
from ingest.db import queue
from ingest.db.database import Database
from ingest.pipeline.scan import TrackedFile

Place = tuple[int, int, int]
"""Source, generation and byte at which a batch begins."""


class BatchFilter:
    def __init__(self, database: Database, mode: Mode, now: str) -> None:
        self._database = database
        self._now = now
        queue.wake_due(database, mode, now)
        rows = database.rows("queue.held_back")
        self._held = {(row["source"], row["generation"], row["start"]): row for row in rows}
        self._suspects = {
            (row["source"], row["generation"], row["start"])
            for row in database.rows("queue.suspects")
        }
        self._waiting = {
            (row["source"], row["generation"], row["start"]): row["id"]
            for row in database.rows("queue.waiting")
        }
        self.decided = {row["batch"] for row in database.rows("queue.decided")}
        """Batches with a decision of a user, restored from the log after the database was lost."""
        codes = [row["code"] for row in database.rows("queue.pauses")]
        self.stopped = PAUSED_BY_USER if PAUSED_BY_USER in codes else None
        """The code of the pause that forbids reading anything."""
        self.probing = bool(codes) and self.stopped is None
        """An error paused the queue. One source is read to find out whether the cause is gone."""

    def is_suspect(self, source: TrackedFile) -> bool:
        """Whether a process died while it read this source's next batch."""
        return _place(source) in self._suspects

    def wake_changed(self, sources: list[TrackedFile]) -> None:
        """Retry dead batches whose file has changed."""
        woken = []
        for source in sources:
            row = self._held.get(_place(source))
            if row is not None and _file_changed(row, source):
                woken.append(row["id"])
                self._waiting[_place(source)] = row["id"]
                del self._held[_place(source)]
        queue.retry_changed(self._database, woken, self._now)

    def waiting(self, place: Place) -> str | None:
        """The id of the pending batch that begins there. It may differ from the computed id if the
        id of its home has changed since."""
        return self._waiting.get(place)

    def admits(self, source: TrackedFile) -> bool:
        """Whether the source's next batch is not held back."""
        return _place(source) not in self._held

    def holds_back(self, claim: queue.Claim) -> bool:
        """Whether a user decided about this batch. If so, it is stored in the state they chose."""
        if claim.id not in self.decided:
            return False
        queue.apply_decision(self._database, claim, self._now)
        return True

    def resume(self) -> None:
        """End the pause after a batch was read successfully."""
        self.probing = False
        queue.resume(self._database)

    def pause_code(self) -> str | None:
        """The code of a pause that a user ordered since this run started; None if there is none."""
        codes = {row["code"] for row in self._database.rows("queue.pauses")}
        return PAUSED_BY_USER if PAUSED_BY_USER in codes else None


def _place(source: TrackedFile) -> Place:
    return (source.id, source.cursor.generation, source.cursor.offset)


def _file_changed(row: dict[str, Any], source: TrackedFile) -> bool:
    """Whether the file of a dead batch has changed (or became readable) since the failure."""
    code = row["error_code"] or ""
    if row["state"] != "dead" or not code.startswith("source."):
        return False
    if code == "source.unreadable":
        return os.access(source.path, os.R_OK, effective_ids=True)
    return bool(row["finish"] != source.size)
