"""What is on disk against what was read: one sweep, by names and sizes, without opening a file.

It keeps the list of sources true (new, moved, archived, compressed, missing) and says which of
them have something new, the newest first. An absent file only changes its state: what was read of
it stays.
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

if TYPE_CHECKING:  # Who only looks needs no engine.
    from ingest.db.database import Database


LISTS = (Kind.HISTORY, Kind.SESSION_INDEX)
"""What is no rollout. Codex cuts its history at the head, so it is read before all else."""


class TrackedFile(Struct):
    """A source as the database knows it, and as it was seen last."""

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
    """Whether it was found when it was looked for last."""
    has_error: bool = False
    """Whether an error is noted that its next success has to clear."""
    hung: bool = False
    """Whether that error is a reader that hung on it, or died of it."""
    partial: int = 0
    lines: int = 0
    stored: int = 0
    rejected: int = 0
    blank: int = 0
    rewrites: int = 0
    seen: Seen = UNSEEN

    @property
    def behind(self) -> int:
        """Bytes still to be read; of a compressed file, as far as that can be told unopened."""
        if not self.present or is_unchanged(self.cursor, self.seen):
            return 0
        if self.representation is Representation.ZST:
            return self.size
        return max(0, self.size - self.cursor.offset - self.partial)


class ScanResult(Struct):
    """All that is followed in all homes, and what is new in it."""

    sources: list[TrackedFile]
    changed: list[TrackedFile]
    """Those that have to be opened, the newest first."""
    problems: list[tuple[str, Problem]]

    @property
    def behind_bytes(self) -> int:
        return sum(source.behind for source in self.changed)

    def oldest_unread_seconds(self, now: datetime) -> float:
        """How long ago the file was changed that waits longest."""
        waiting = [source.mtime_ns for source in self.changed if source.behind]
        return max(0.0, now.timestamp() - min(waiting) / 1e9) if waiting else 0.0


def scan_and_register(
    database: "Database", homes: Iterable[Home], now: str, *, keep: bool = True
) -> ScanResult:
    """Look at all homes. With `keep`, the list of sources is brought up to date."""
    return _scan(database, homes, _Registry(database, now) if keep else None)


def scan_only(reading: NamedQueries, homes: Iterable[Home]) -> ScanResult:
    """Look at all homes, and keep nothing of it: for who may only read."""
    return _scan(reading, homes, None)


def _scan(reading: NamedQueries, homes: Iterable[Home], keeper: "_Registry | None") -> ScanResult:
    sources: list[TrackedFile] = []
    problems: list[tuple[str, Problem]] = []
    for home in homes:
        found = discovery.scan(home.path)
        problems += [(home.id, problem) for problem in found.problems]
        before = known(reading, home)
        if found.found and not before and keeper is not None and keeper.moved(home, found):
            before = known(reading, home)
        first = not before
        new, changed = _compare(before, _newest_id(reading), home, found)
        sources += [*before.values(), *new]
        if keeper is not None:
            keeper.sources(home, new, changed, first=first)
            keeper.problems(home, found.problems)
    return ScanResult(sources, in_order(sources), problems)


def in_order(sources: list[TrackedFile]) -> list[TrackedFile]:
    """Those that have to be opened: lists before rollouts, then the newest first."""
    changed = [
        source for source in sources if source.present and not is_unchanged(source.cursor, source.seen)
    ]
    return sorted(changed, key=lambda source: (source.name.kind not in LISTS, -source.mtime_ns))


def known(database: NamedQueries, home: Home) -> dict[SourceName, TrackedFile]:
    """What the database follows in this home."""
    return {
        source.name: source
        for source in (
            _from_row(home, row) for row in database.rows("registry.sources", home=home.id)
        )
    }


def refresh(followed: dict[SourceName, TrackedFile], found: FoundSource) -> TrackedFile | None:
    """Bring one known source up to what was found now; None for one that is not known."""
    source = followed.get(found.name)
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
    followed: dict[SourceName, TrackedFile],
    found: FoundSource,
    now: str,
) -> TrackedFile:
    """Take up what was found under one name: a new source, or one that may have moved."""
    source = followed.get(found.name)
    if source is None:
        source = _from_found(_newest_id(database) + 1, home, found)
        followed[found.name] = source
        with database.transaction():
            if len(followed) == 1:
                database.run("registry.add_home", id=home.id, path=storable(str(home.path)))
            database.run("registry.add_sources", sources=_rows([source]), now=now)
        return source
    place = _place(source)
    refresh(followed, _best(home, source, found))
    if _place(source) != place:
        with database.transaction():
            database.run("registry.update_sources", sources=_rows([source]), now=now)
    return source


def _best(home: Home, source: TrackedFile, found: FoundSource) -> FoundSource:
    """Of a file that was hinted at and the one that is followed under its name, the source."""
    if found.path == source.path:
        return found
    followed = discovery.find(home.path, source.path)
    return found if followed is None else discovery.preferred(found, followed)


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
    """Whether a whole root is out of reach: then nothing is missing, it only cannot be seen."""
    roots = (ProblemCode.NO_HOME, ProblemCode.NO_SESSIONS, ProblemCode.UNREADABLE)
    return any(problem.code in roots for problem in problems)


def _newest_id(database: NamedQueries) -> int:
    row = database.one("registry.newest_source")
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
        troubled=row["error_code"] is not None,
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
    """Writes down what a look at the homes found."""

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
                database.run("registry.add_sources", sources=_rows(new), now=now)
            if changed:
                database.run("registry.update_sources", sources=_rows(changed), now=now)

    def moved(self, home: Home, found: discovery.Discovery) -> bool:
        """Whether this is a home that lay elsewhere: what is known of it then goes on here. Read as
        another one, everything in it would count twice."""
        database = self._database
        threads = {one.name.thread for one in found.found} - {""}
        for other in database.rows("registry.other_homes", home=home.id):
            # Where a link was left behind, the old path leads to this home.
            if os.path.realpath(other["path"]) == other["path"] and os.path.exists(other["path"]):
                continue
            old = {"home": home.id, "old": other["id"]}
            rows = database.rows("registry.sources", home=other["id"])
            if threads.isdisjoint(row["thread"] for row in rows):
                continue
            with database.transaction():
                database.run("registry.move_sources", **old)
                database.run("registry.move_notes", **old)
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
