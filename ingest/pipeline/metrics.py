"""Metrics of the running owner: counters, taken as one sample a minute.

Pure: the clock is an argument, and the owner stores the samples. If nothing happened there is no
sample, so that an idle Tailboard writes nothing.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from ingest.pipeline.job import JobDone
from ingest.pipeline.scan import TrackedFile

EVERY_SECONDS = 60.0


class Counts(Struct):
    """Counters since the last sample."""

    landings: int = 0
    batches: int = 0
    failures: int = 0
    batch_seconds: float = 0.0
    slowest_seconds: float = 0.0
    bytes_read: int = 0
    bytes_new: int = 0
    lines: int = 0
    facts: int = 0
    nothing_new: int = 0
    begun: int = 0
    appended: int = 0
    reread: int = 0
    rewritten: int = 0


class Sample(Counts, kw_only=True):
    """One row of `samples`."""

    time: datetime
    seconds: float
    version: str
    behind_bytes: int
    stale_sources: int
    database_bytes: int
    unchanged: int


class Metrics:
    """Counters of one owner."""

    def __init__(self, version: str, now: datetime) -> None:
        self._version = version
        self._since = now
        self._counts = Counts()
        self._unchanged = 0
        self._behind: dict[int, int] = {}
        """Unread bytes by source; only sources that have any."""
        self._last_backlog = (0, 0)

    @property
    def behind_bytes(self) -> int:
        return sum(self._behind.values())

    def record_scan(self, sources: int, changed: Iterable[TrackedFile]) -> None:
        """Count a scan of `sources` files, of which `changed` have to be opened."""
        opened = list(changed)
        self._unchanged += sources - len(opened)
        self.set_behind(opened)

    def set_behind(self, sources: Iterable[TrackedFile]) -> None:
        """Update the unread bytes of these sources."""
        for source in sources:
            if source.behind:
                self._behind[source.id] = source.behind
            else:
                self._behind.pop(source.id, None)

    def record_batches(self, ended: Iterable[JobDone]) -> None:
        """Count the batches that one commit ended, failed ones included."""
        counts = self._counts
        counts.landings += 1
        for done in ended:
            counts.batches += 1
            counts.batch_seconds += done.seconds
            counts.slowest_seconds = max(counts.slowest_seconds, done.seconds)
            counts.bytes_read += done.bytes_read
            counts.lines += done.tally.lines
            counts.facts += done.facts
            self._count_outcome(done)
            self._update_behind(done)

    def _update_behind(self, done: JobDone) -> None:
        left = self._behind.get(done.source, 0) - max(0, done.cursor.offset - done.start)
        if done.outcome == "read" and done.more and left > 0:
            self._behind[done.source] = left
        elif done.outcome in ("read", "empty"):
            self._behind.pop(done.source, None)

    def _count_outcome(self, done: JobDone) -> None:
        counts = self._counts
        match done.outcome:
            case "failed":
                counts.failures += 1
            case "empty":
                counts.nothing_new += 1
            case "rewritten":
                counts.rewritten += 1
            case _:
                counts.bytes_new += max(
                    0, done.cursor.offset - (0 if done.replaces else done.start)
                )
                if done.replaces:
                    counts.reread += 1
                elif done.start:
                    counts.appended += 1
                else:
                    counts.begun += 1

    def due(self, now: datetime) -> bool:
        return (now - self._since).total_seconds() >= EVERY_SECONDS

    def take_sample(self, now: datetime, database_bytes: int) -> Sample | None:
        """The counters since the last sample, reset by this; None if nothing happened."""
        backlog = (self.behind_bytes, len(self._behind))
        nothing = self._counts == Counts() and backlog == self._last_backlog
        counts, unchanged = replace(self._counts), self._unchanged
        seconds = max(0.0, (now - self._since).total_seconds())
        self._counts, self._unchanged, self._since = Counts(), 0, now
        if nothing:
            return None
        self._last_backlog = backlog
        return Sample(
            *(getattr(counts, name) for name in Counts.__struct_fields__),
            time=now,
            seconds=seconds,
            version=self._version,
            behind_bytes=backlog[0],
            stale_sources=backlog[1],
            database_bytes=database_bytes,
            unchanged=unchanged,
        )
