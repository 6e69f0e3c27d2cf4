"""What may be read in a drain: nothing while a person stopped the queue, one source at a time while
something else did, and never what is held back.

Looked up once when a drain begins. Whatever follows on a batch inside the drain asks here too.
"""

import os
from typing import Any

from ingest.batches.retry_policy import PAUSED_BY_USER, Mode
from ingest.db import queue
from ingest.db.database import Database
from ingest.pipeline.scan import TrackedFile

Place = tuple[int, int, int]
"""Source, generation and byte: where a batch begins."""


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
        """Batches that a person decided about, in a database that is lost since."""
        codes = [row["code"] for row in database.rows("queue.pauses")]
        self.stopped = PAUSED_BY_USER if PAUSED_BY_USER in codes else None
        """The code of the pause that keeps everything from being read."""
        self.probing = bool(codes) and self.stopped is None
        """Something stopped the queue: whether it is cured is found out with one source."""

    def is_suspect(self, source: TrackedFile) -> bool:
        """Whether somebody died of this source's next batch."""
        return _place(source) in self._suspects

    def wake_changed(self, sources: list[TrackedFile]) -> None:
        """Give up on giving up where a file is no longer the one that a batch failed on."""
        woken = []
        for source in sources:
            row = self._held.get(_place(source))
            if row is not None and _file_changed(row, source):
                woken.append(row["id"])
                self._waiting[_place(source)] = row["id"]
                del self._held[_place(source)]
        queue.wake(self._database, woken, self._now)

    def waiting(self, place: Place) -> str | None:
        """The batch that waits to be read from there. It keeps its id where the id of its home is
        another one than when it was made."""
        return self._waiting.get(place)

    def admits(self, source: TrackedFile) -> bool:
        """Whether the source's next batch is free to be read."""
        return _place(source) not in self._held

    def holds_back(self, found: queue.Claim) -> bool:
        """Whether a person decided about this batch; it then stands where they put it."""
        if found.id not in self.decided:
            return False
        queue.claim_piece(self._database, found, self._now)
        return True

    def resume(self) -> None:
        """Something was read: what stopped the queue is cured."""
        self.probing = False
        queue.resume(self._database)

    def pause_code(self) -> str | None:
        """Whether a person has stopped the queue while this drain is at work."""
        codes = {row["code"] for row in self._database.rows("queue.pauses")}
        return PAUSED_BY_USER if PAUSED_BY_USER in codes else None


def _place(source: TrackedFile) -> Place:
    return (source.id, source.cursor.generation, source.cursor.offset)


def _file_changed(row: dict[str, Any], source: TrackedFile) -> bool:
    """Whether the file that a batch was given up for is no longer the one it failed on."""
    code = row["error_code"] or ""
    if row["state"] != "dead" or not code.startswith("source."):
        return False
    if code == "source.unreadable":
        return os.access(source.path, os.R_OK, effective_ids=True)
    return bool(row["finish"] != source.size)
