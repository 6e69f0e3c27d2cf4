"""Scans the homes by names and sizes, without opening a file, and compares with the database.

It updates the list of sources (new, moved, archived, compressed, missing) and returns those with
new content, newest first. A missing file only changes its state: its facts stay.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict

from ingest.batches.failure import READER_DIED
from ingest.db.query_reader import NamedQueries
from ingest.pipeline.homes import Home, storable
from ingest.pipeline.job import HUNG
from ingest.tail import discovery
from ingest.tail.cursor import START, Cursor, is_unchanged
from ingest.tail.discovery import FoundSource, Problem, ProblemCode
from ingest.tail.source import UNSEEN, Kind, Representation, Seen, SourceName

if TYPE_CHECKING:  # A client that only scans does not load DuckDB.
    from ingest.db.database import Database


LISTS = (Kind.HISTORY, Kind.SESSION_INDEX)
"""Index files. Codex trims its history at the head, so they are read before rollouts."""


class TrackedFile(Struct):
    """A source as stored in the database and as last seen on disk."""

    id: int
    home: str
    name: SourceName
    path: str
    representation: Representation
    archived: bool
    size: int
    mtime_ns: int
    state: str = "following"
    cursor: Cursor = START
    read: bool = False
    """Whether a cursor is stored."""
    present: bool = True
    """Whether the last scan found it."""
    has_error: bool = False
    """Whether an error is stored that the next success has to clear."""
    hung: bool = False
    """Whether that error is a reader that hung or died on it."""
    partial: int = 0
    lines: int = 0
    stored: int = 0
    rejected: int = 0
    blank: int = 0
    rewrites: int = 0
    completed: int = 0
    """How many of its batches have ended in this state."""
    completed_empty: int = 0
    superseded: int = 0
    seen: Seen = UNSEEN

    @property
    def behind(self) -> int:
        """Unread bytes; for a compressed file its size, because it is not opened for this."""
        if not self.present or is_unchanged(self.cursor, self.seen):
            return 0
        if self.representation is Representation.ZST:
            return self.size
        if self.cursor.size > 0:
            # By how much it has grown: the offset counts older parts of the file, too.
            return max(0, self.size - self.cursor.size)
        return max(0, self.size - self.cursor.offset - self.partial)


class ScanResult(Struct):
    """All sources of all homes, and those with new content."""

    sources: list[TrackedFile]
    changed: list[TrackedFile]
    """Those that have to be opened, newest first."""
    problems: list[tuple[str, Problem]]

    @property
    def behind_bytes(self) -> int:
        return sum(source.behind for source in self.changed)

    def oldest_unread_seconds(self, now: datetime) -> float:
        """Seconds since the last change of the file that has been unread longest."""
        waiting = [source.mtime_ns for source in self.changed if source.behind]
        return max(0.0, now.timestamp() - min(waiting) / 1e9) if waiting else 0.0


def scan_and_register(
    database: "Database", homes: Iterable[Home], now: str, *, keep: bool = True
) -> ScanResult:
    """Scan all homes. With `keep`, store the updated list of sources."""
    return _scan(database, homes, _Registry(database, now) if keep else None)


def scan_only(reading: NamedQueries, homes: Iterable[Home]) -> ScanResult:
    """Scan all homes without storing anything, for read-only callers."""
    return _scan(reading, homes, None)


def _scan(reading: NamedQueries, homes: Iterable[Home], registry: "_Registry | None") -> ScanResult:
    sources: list[TrackedFile] = []
    problems: list[tuple[str, Problem]] = []
    for home in homes:
        found = discovery.scan(home.path)
        problems += [(home.id, problem) for problem in found.problems]
        before = known(reading, home)
        if found.found and not before and registry is not None and registry.moved(home, found):
            before = known(reading, home)
        first = not before
        new, changed = _compare(before, _newest_id(reading), home, found)
        sources += [*before.values(), *new]
        if registry is not None:
            registry.sources(home, new, changed, first=first)
            registry.problems(home, found.problems)
    return ScanResult(sources, in_order(sources), problems)


def in_order(sources: list[TrackedFile]) -> list[TrackedFile]:
    """Those that have to be opened: index files first, then rollouts, newest first."""
    changed = [
        source
        for source in sources
        if source.present and not is_unchanged(source.cursor, source.seen)
    ]
    return sorted(changed, key=lambda source: (source.name.kind not in LISTS, -source.mtime_ns))


def known(database: NamedQueries, home: Home) -> dict[SourceName, TrackedFile]:
    """The stored sources of this home."""
    return {
        source.name: source
        for source in (
            _from_row(home, row) for row in database.rows("registry.sources", home=home.id)
        )
    }


def refresh(tracked: dict[SourceName, TrackedFile], found: FoundSource) -> TrackedFile | None:
    """Update a known source from what was found on disk; None if it is not known."""
    source = tracked.get(found.name)
    if source is not None:
        source.present = True
        source.path, source.representation = found.path, found.representation
        source.archived, source.size = found.archived, found.size
        source.mtime_ns, source.seen = found.mtime_ns, found.seen
        if source.state == "missing":
            source.state = "following"
    return source


def register(
    database: "Database",
    home: Home,
    tracked: dict[SourceName, TrackedFile],
    found: FoundSource,
    now: str,
) -> TrackedFile:
    """Store a found file: as a new source, or as an update of a known one that may have moved."""
    source = tracked.get(found.name)
    if source is None:
        source = _from_found(_newest_id(database) + 1, home, found)
        tracked[found.name] = source
        with database.transaction():
            if len(tracked) == 1:
                database.run("registry.add_home", id=home.id, path=storable(str(home.path)))
            database.run("registry.add_sources", sources=_rows([source]), now=now)
        return source
    place = _place(source)
    refresh(tracked, _best(home, source, found))
    if _place(source) != place:
        with database.transaction():
            database.run("registry.update_sources", sources=_rows([source]), now=now)
    return source


def _best(home: Home, source: TrackedFile, found: FoundSource) -> FoundSource:
    """The preferred one of a file that changed and the known file of the same name."""
    if found.path == source.path:
        return found
    tracked = discovery.find(home.path, source.path)
    return found if tracked is None else discovery.preferred(found, tracked)


def _place(source: TrackedFile) -> tuple[str, str, bool, str]:
    return (source.path, source.representation, source.archived, source.state)


def _compare(
    before: dict[SourceName, TrackedFile], newest: int, home: Home, found: discovery.Discovery
) -> tuple[list[TrackedFile], list[TrackedFile]]:
    """Bring what was known up to what was found; what is new, and what moved or changed."""
    gone = _unavailable(found.problems)
    changed: list[TrackedFile] = []
    new: list[TrackedFile] = []
    present: set[SourceName] = set()
    for one in found.found:
        present.add(one.name)
        source = before.get(one.name)
        if source is None:
            newest += 1
            source = _from_found(newest, home, one)
            new.append(source)
            continue
        seen = (*_place(source), source.size, source.mtime_ns)
        refresh(before, one)
        if (*_place(source), source.size, source.mtime_ns) != seen:
            changed.append(source)
    for name, source in before.items():
        if name not in present and source.state != "missing" and not gone:
            source.state = "missing"
            changed.append(source)
    return new, changed


def _unavailable(problems: list[Problem]) -> bool:
    """Whether a whole root cannot be read: then its files do not count as missing."""
    roots = (ProblemCode.NO_HOME, ProblemCode.NO_SESSIONS, ProblemCode.UNREADABLE)
    return any(problem.code in roots for problem in problems)


def _newest_id(database: NamedQueries) -> int:
    row = database.first_row("registry.newest_source")
    return int(row["id"]) if row else 0


def _from_found(number: int, home: Home, found: FoundSource) -> TrackedFile:
    return TrackedFile(
        number,
        home.id,
        found.name,
        found.path,
        found.representation,
        found.archived,
        found.size,
        found.mtime_ns,
        seen=found.seen,
    )


def _from_row(home: Home, row: dict[str, Any]) -> TrackedFile:
    source = TrackedFile(
        row["id"],
        home.id,
        SourceName(Kind(row["kind"]), row["thread"], row["segment"]),
        row["path"],
        Representation(row["representation"]),
        row["archived"],
        row["last_size"],
        row["last_mtime_ns"],
        row["last_state"],
        present=False,
        has_error=row["error_code"] is not None,
        hung=row["error_code"] in (HUNG, READER_DIED.code),
        seen=Seen(row["last_size"], row["last_mtime_ns"], 0, 0),
    )
    if row["generation"] is not None:
        source.read = True
        source.cursor = Cursor(
            row["generation"],
            row["byte"],
            row["head_len"],
            row["head_hash"],
            row["tail_hash"],
            row["size"],
            row["mtime_ns"],
            row["dev"],
            row["inode"],
        )
        source.partial, source.lines = row["partial"], row["lines"]
        source.stored, source.rejected = row["stored"], row["rejected"]
        source.blank, source.rewrites = row["blank"], row["rewrites"]
        source.completed, source.completed_empty = row["completed"], row["completed_empty"]
        source.superseded = row["superseded"]
    return source


def _rows(sources: list[TrackedFile]) -> list[dict[str, Any]]:
    return [
        {
            "id": source.id,
            "home": source.home,
            "kind": source.name.kind,
            "thread": source.name.thread,
            "segment": source.name.segment,
            "path": storable(source.path),
            "representation": source.representation,
            "archived": source.archived,
            "size": source.size,
            "mtime_ns": source.mtime_ns,
            "state": source.state,
        }
        for source in sources
    ]


class _Registry:
    """Stores the results of a scan."""

    def __init__(self, database: "Database", now: str) -> None:
        self._database = database
        self._now = now

    def sources(
        self, home: Home, new: list[TrackedFile], changed: list[TrackedFile], *, first: bool
    ) -> None:
        if not (new or changed):
            return
        database, now = self._database, self._now
        with database.transaction():
            if first:
                database.run("registry.add_home", id=home.id, path=storable(str(home.path)))
            if new:
                database.run_in_portions("registry.add_sources", "sources", _rows(new), now=now)
            if changed:
                rows = _rows(changed)
                database.run_in_portions("registry.update_sources", "sources", rows, now=now)
                database.run("session_rows.set_files", sources=[source.id for source in changed])

    def moved(self, home: Home, found: discovery.Discovery) -> bool:
        """Whether this home was moved from another path. If so, its sources are assigned to the new
        path: read as a second home, all of its facts would count twice."""
        database = self._database
        threads = {one.name.thread for one in found.found} - {""}
        for other in database.rows("registry.other_homes", home=home.id):
            # The old path may be a symbolic link to this home.
            if os.path.realpath(other["path"]) == other["path"] and os.path.exists(other["path"]):
                continue
            old = {"home": home.id, "old": other["id"]}
            rows = database.rows("registry.sources", home=other["id"])
            if threads.isdisjoint(row["thread"] for row in rows):
                continue
            with database.transaction():
                database.run("registry.move_sources", **old)
                database.run("session_rows.move_home", **old)
                database.run("session_rows.move_tasks", **old)
                database.run("registry.move_notes", **old)
                database.run("registry.move_roles", **old)
                database.run("registry.drop_problems", home=other["id"])
                database.run("registry.drop_home", home=other["id"])
                database.run("registry.add_home", id=home.id, path=storable(str(home.path)))
            return True
        return False

    def problems(self, home: Home, problems: list[Problem]) -> None:
        rows = [
            asdict(problem) | {"path": storable(problem.path), "code": str(problem.code)}
            for problem in problems
        ]
        database = self._database
        before = database.rows("registry.problems", home=home.id)
        if [(row["code"], row["path"]) for row in before] == [
            (row["code"], row["path"]) for row in rows
        ]:
            return
        with database.transaction():
            database.run("registry.drop_problems", home=home.id)
            if rows:
                database.run("registry.add_problems", home=home.id, problems=rows, now=self._now)
