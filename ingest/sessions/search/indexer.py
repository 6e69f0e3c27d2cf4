"""Brings the search index up to date: in the background in the owner, or in a command without one.

The database lists which ranges of lines changed. They are indexed in slices, the newest first;
only then the database forgets them, so that after a crash a slice is indexed once more. An index
that is missing, damaged or of another version or database is built again from all texts.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from msgspec import Struct, field
from msgspec.structs import replace

from ingest import log
from ingest.db.query_reader import DerivedStore, NamedQueries, Row
from ingest.db.search_changes import FIRST, LAST, TextRange, discard_index, remove_index
from ingest.errors import IndexUnusable
from ingest.sessions.search.entries import Entry
from ingest.sessions.search.index import VERSION, SearchIndex, State

if TYPE_CHECKING:
    from ingest.db.database import Database

_SLICE_BYTES: Final = 32 * 1024**2
"""How much of the files is loaded at once, which bounds memory."""
_SLICE_RANGES: Final = 200
_COMMIT: Final = 4
"""Slices that are indexed with one commit. Each commit makes a segment, and many small segments
take more room and have to be merged."""


class Slice(Struct):
    """Ranges whose texts are loaded at once."""

    ids: list[int] = field(default_factory=list)
    """The rows of the database that are done afterwards."""
    ranges: list[TextRange] = field(default_factory=list)
    size: int = 0
    """How many bytes of the files."""

    def entries(self, access: NamedQueries) -> Iterator[Entry]:
        values = {
            "sources": sorted({changed.source for changed in self.ranges}),
            "ranges": [
                {"source": changed.source, "start": changed.start, "finish": changed.finish}
                for changed in self.ranges
            ],
        }
        entries = [Entry(**row) for row in access.rows("search.texts", **values)]
        # Hits that fit equally well come in the order in which they were indexed.
        entries.sort(key=lambda entry: (entry.source, entry.byte, entry.kind, entry.text))
        yield from entries

    def threads(self, access: NamedQueries) -> list[str]:
        """Sessions of which only prompts were known until now."""
        sources = [changed.source for changed in self.ranges if changed.start <= 0]
        return [row["thread"] for row in access.rows("search.threads", sources=sources)]


def split_into_commits(pending: list[Row]) -> Iterator[list[Slice]]:
    """Split pending ranges into what is indexed with one commit each."""
    parts = slices(pending)
    while part := list(islice(parts, _COMMIT)):
        yield part


def slices(pending: list[Row]) -> Iterator[Slice]:
    """Split pending ranges; those of one source are joined."""
    by_source: dict[int, list[Row]] = {}
    for row in pending:
        by_source.setdefault(row["source"], []).append(row)
    part = Slice()
    for source, rows in by_source.items():
        ids = [row["id"] for row in rows]
        ranges = _joined([TextRange(source, row["start"], row["finish"]) for row in rows])
        end = rows[0]["byte"]
        for number, changed in enumerate(ranges):
            start = changed.start
            while True:
                first = max(0, start)
                rest = max(0, min(changed.finish, end) - first)
                room = _SLICE_BYTES - part.size
                if rest <= room:
                    break
                part.ranges.append(TextRange(source, start, first + room))
                part.size += room
                start = first + room
                yield part
                part = Slice()
            part.ranges.append(TextRange(source, start, changed.finish))
            part.size += rest
            if number == len(ranges) - 1:
                part.ids += ids
            if part.size >= _SLICE_BYTES or len(part.ranges) >= _SLICE_RANGES:
                yield part
                part = Slice()
    if part.ranges:
        yield part


def _joined(ranges: list[TextRange]) -> list[TextRange]:
    joined: list[TextRange] = []
    for changed in sorted(ranges):
        if joined and changed.start <= joined[-1].finish:
            last = joined.pop()
            changed = TextRange(last.source, last.start, max(last.finish, changed.finish))
        joined.append(changed)
    return joined


class Indexer:
    """Indexes texts for one database. `index` may run in any thread, all else in the one that owns
    the database.
    """

    def __init__(self, store: DerivedStore, path: Path) -> None:
        self.store = store
        self.path = path
        self._index: SearchIndex | None = None
        self._state = State(VERSION, "", 0)

    def open(self) -> None:
        """Open the index; if it is missing, damaged or not of this database, begin a new one."""
        row = self.store.first_row("search_changes.lag")
        stored = State.parse(row["mark"] if row else None)
        try:
            index = SearchIndex.open(self.path)
            state = index.state()
            if state is not None and state.version == VERSION and state.follows(stored):
                self._index, self._state = index, state
                return
            reason = "The search index does not belong to the database."
        except IndexUnusable as error:
            reason = error.message
        if stored is not None and stored.version == VERSION:
            log.warning(f"{reason} It is built again.")
        self.begin_new()

    def begin_new(self) -> None:
        """Begin an empty index, and list everything as not indexed."""
        self.close()
        remove_index(self.path)
        self._index = SearchIndex.create(self.path)
        self._state = State(VERSION, uuid4().hex, 1)
        self._index.update([], [], [], self._state)
        now = datetime.now(UTC).replace(tzinfo=None).isoformat()
        self.store.store_derived(
            [
                ("search_changes.clear", {}),
                ("search_changes.add_all", {"start": FIRST, "finish": LAST, "now": now}),
                ("search_changes.set_mark", {"mark": self._state.mark}),
            ]
        )

    @property
    def is_damaged(self) -> bool:
        """Whether a reader found that it cannot be used."""
        return self._index is None or self._index.is_damaged

    def pending(self) -> list[Row]:
        return self.store.rows("search_changes.pending")

    def index(self, parts: Sequence[Slice]) -> None:
        if self._index is None:
            raise IndexUnusable("it is not open.")
        ranges = [changed for part in parts for changed in part.ranges]
        threads = [thread for part in parts for thread in part.threads(self.store)]
        entries = (entry for part in parts for entry in part.entries(self.store))
        state = replace(self._state, number=self._state.number + 1)
        self._index.update(ranges, threads, entries, state)
        self._state = state

    def save(self, parts: Sequence[Slice]) -> None:
        """Have the database forget what is indexed now."""
        ids = [number for part in parts for number in part.ids]
        self.store.store_derived(
            [
                ("search_changes.done", {"ids": ids}),
                ("search_changes.set_mark", {"mark": self._state.mark}),
            ]
        )

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None


def bring_up_to_date(
    store: DerivedStore,
    path: Path,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Index what is pending, for so many seconds. `progress` gets the number of bytes of the files
    that are done, and of all.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    indexer = Indexer(store, path)
    try:
        indexer.open()
        work = list(split_into_commits(indexer.pending()))
        done, total = 0, sum(part.size for parts in work for part in parts)
        for parts in work:
            if (deadline and time.monotonic() > deadline) or (stop and stop.is_set()):
                break
            indexer.index(parts)
            indexer.save(parts)
            done += sum(part.size for part in parts)
            if progress is not None:
                progress(done, total)
    except IndexUnusable as error:
        # Another process works on it, or the disk is full: the next one continues.
        log.suppressed("Bringing the search index up to date", error)
    finally:
        indexer.close()


def rebuild(database: "Database", progress: Callable[[int, int], None]) -> int:
    """Build the index again, in the process that has the database open; return how many texts it
    has."""
    with database.transaction():
        discard_index(database)
    bring_up_to_date(database, database.path, progress=progress)
    return SearchIndex.open(database.path).size
