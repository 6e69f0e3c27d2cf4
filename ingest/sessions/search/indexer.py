"""Brings the search index up to date: in the background in the owner, or in a command without one.

The database lists which ranges of lines changed. They are indexed in slices, the newest first;
only then the database forgets them, so that after a crash a slice is indexed once more.

An index of another version, or one that a person wants built again, is searched and brought up to
date until another one is complete that is built beside it. Then one transaction makes that the one
in use: which folder is the index is said by the mark in the database. An index that is missing,
damaged or of another database is replaced by an empty one at once.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from msgspec import Struct, field
from msgspec.structs import replace

from ingest import log
from ingest.db.query_reader import DerivedStore, NamedQueries, Query, Row
from ingest.db.search_changes import (
    FIRST,
    LAST,
    WANTED,
    TextRange,
    index_folder,
    mark_damaged,
    remove_index,
    request_rebuild,
)
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


class Work(Struct, frozen=True):
    """What is indexed with one commit."""

    parts: list[Slice]
    is_rebuild: bool
    """Whether only the index that is built beside the one in use lacks it."""

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


class _Target:
    """An index that is brought up to date, and its state."""

    def __init__(self, index: SearchIndex, state: State) -> None:
        self.index = index
        self.state = state

    def update(self, parts: Sequence[Slice], access: NamedQueries) -> None:
        ranges = [changed for part in parts for changed in part.ranges]
        threads = [thread for part in parts for thread in part.threads(access)]
        entries = (entry for part in parts for entry in part.entries(access))
        state = replace(self.state, number=self.state.number + 1)
        self.index.update(ranges, threads, entries, state)
        self.state = state


class Indexer:
    """Indexes texts for one database. `index` may run in any thread, all else in the one that owns
    the database.
    """

    def __init__(self, store: DerivedStore, path: Path) -> None:
        self.store = store
        self.path = path
        self._used: _Target | None = None
        """The index that is searched."""
        self._next: _Target | None = None
        """The one that is built beside it."""
        self._changes: Iterator[list[Slice]] = iter(())
        self._unbuilt: Iterator[list[Slice]] | None = None

    def open(self) -> None:
        """Open the index in use and the one beside it; begin a new one if that is needed."""
        self.close()
        used, mark = self._marks()
        following = State.parse(mark)
        if used is not None:
            self._move_into_folder(used)
        remove_index(self.path, [state.index for state in (used, following) if state is not None])
        self._used, self._next = self._opened(used), self._opened(following)
        if self._used is None and self._next is not None:
            self._use_next()
            mark = None
        if self._used is None:
            self._begin(
                "set_mark", [("search_changes.clear", {}), ("search_changes.add_all", _all())]
            )
        elif (self._next or self._used).state.version != VERSION or (
            mark is not None and self._next is None
        ):
            self._begin("set_next", [("search_changes.rebuild_all", _all())])

    def _marks(self) -> tuple[State | None, str | None]:
        row = self.store.first_row("search_changes.marks") or {"mark": None, "next": None}
        return State.parse(row["mark"]), row["next"]

    def _opened(self, stored: State | None) -> _Target | None:
        if stored is None:
            return None
        try:
            index = SearchIndex.open(stored.folder(self.path))
            state = index.state()
            if state is not None and state.follows(stored):
                return _Target(index, state)
            reason = "The search index does not belong to the database."
        except IndexUnusable as error:
            reason = error.message
        if stored.version == VERSION:
            log.warning(f"{reason} It is built again.")
        return None

    def _move_into_folder(self, used: State) -> None:
        """Until there could be two, the index was in the folder that now has both."""
        folder = index_folder(self.path)
        if (folder / "meta.json").is_file():
            aside = folder.with_name(f"{folder.name}.{used.index}")
            folder.rename(aside)
            folder.mkdir(mode=0o700)
            aside.rename(used.folder(self.path))

    def _begin(self, mark: str, lists: list[Query]) -> None:
        """Begin an empty index. The database knows of it first: folders that it does not know are
        removed."""
        state = State(VERSION, uuid4().hex, 0)
        self.store.store_derived(
            [
                ("search_changes.unset_next", {}),
                ("search_changes.clear_rebuild", {}),
                *lists,
                (f"search_changes.{mark}", {"mark": state.mark}),
            ]
        )
        begun = _Target(SearchIndex.create(state.folder(self.path)), state)
        begun.update([], self.store)
        if mark == "set_mark":
            self._used, self._next = begun, None
        else:
            self._next = begun

    def _use_next(self) -> None:
        """Search the index that was built beside the other one, which is removed."""
        if self._next is not None:
            self.store.store_derived(
                [
                    ("search_changes.set_mark", {"mark": self._next.state.mark}),
                    ("search_changes.unset_next", {}),
                    ("search_changes.take_over", {}),
                    ("search_changes.clear_rebuild", {}),
                ]
            )
            if self._used is not None:
                self._used.index.close()
            self._used, self._next, self._unbuilt = self._next, None, None
            remove_index(self.path, [self._used.state.index])

    @property
    def is_damaged(self) -> bool:
        """Whether a reader found that it cannot be used."""
        return self._used is None or self._used.index.is_damaged

    def left(self) -> int:
        """How many bytes of the files are not indexed yet."""
        return sum(
            part.size
            for name in ("pending", "unbuilt")
            for part in slices(self.store.rows(f"search_changes.{name}"))
        )

    def take(self) -> Work | None:
        """What to index next: changes before what only the index beside the one in use lacks."""
        if self._marks()[1] == WANTED:
            self.open()
        parts = next(self._changes, None)
        if parts is None:
            self._changes = split_into_commits(self.store.rows("search_changes.pending"))
            parts = next(self._changes, None)
        if parts is not None:
            return Work(parts, is_rebuild=False)
        if self._next is None:
            return None
        if self._unbuilt is None:
            self._unbuilt = split_into_commits(self.store.rows("search_changes.unbuilt"))
        parts = next(self._unbuilt, None)
        if parts is not None:
            return Work(parts, is_rebuild=True)
        self._use_next()
        return None

    def index(self, work: Work) -> None:
        if self._used is None:
            raise IndexUnusable("it is not open.")
        if not work.is_rebuild:
            try:
                self._used.update(work.parts, self.store)
            except IndexUnusable:
                if self._used.state.version != VERSION:
                    # It cannot take what this version indexes: its successor is searched from now
                    # on, although it is not complete.
                    mark_damaged(self._used.index.folder)
                raise
        if self._next is not None:
            self._next.update(work.parts, self.store)

    def save(self, work: Work) -> None:
        """Have the database forget what is indexed now."""
        ids = [number for part in work.parts for number in part.ids]
        done: list[Query] = [
            (f"search_changes.{'built' if work.is_rebuild else 'done'}", {"ids": ids})
        ]
        if self._used is not None:
            done.append(("search_changes.set_mark", {"mark": self._used.state.mark}))
        if self._next is not None:
            done.append(("search_changes.set_next", {"mark": self._next.state.mark}))
        self.store.store_derived(done)

    def close(self) -> None:
        for target in (self._used, self._next):
            if target is not None:
                target.index.close()
        self._used = self._next = self._unbuilt = None
        self._changes = iter(())


def _all() -> dict[str, Any]:
    now = datetime.now(UTC).replace(tzinfo=None).isoformat()
    return {"start": FIRST, "finish": LAST, "now": now}


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
        done, total = 0, indexer.left() if progress is not None else 0
        while (work := indexer.take()) is not None:
            if (deadline and time.monotonic() > deadline) or (stop and stop.is_set()):
                break
            indexer.index(work)
            indexer.save(work)
            done += work.size
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
    request_rebuild(database)
    bring_up_to_date(database, database.path, progress=progress)
    row = database.first_row("search_changes.marks")
    state = State.parse(row["mark"] if row else None)
    return SearchIndex.open(state.folder(database.path)).size if state is not None else 0
