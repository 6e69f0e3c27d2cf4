"""Runs a search query on the search index; the best hits come first.

A score is relevance (BM25) × kind × age; without words, the newest texts come first. If no text has
all words, those that no text has are looked for inside of longer ones, and then the texts with most
words are found. A process that has the database open first brings the index up to date.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest import log
from ingest.codex.request_text import letter_text
from ingest.db.commit_counter import CommitCounter
from ingest.db.query_reader import DerivedStore, QueryReader, Row
from ingest.db.search_changes import mark_damaged
from ingest.errors import IndexUnusable, MeaningUnavailable
from ingest.sessions.search.embedder import Embedder
from ingest.sessions.search.entries import call_text, digest
from ingest.sessions.search.excerpt import excerpt
from ingest.sessions.search.index import VERSION, Found, SearchIndex, State
from ingest.sessions.search.indexer import bring_up_to_date
from ingest.sessions.search.lag import Lag, index_lag
from ingest.sessions.search.matching import Matching, Scope
from ingest.sessions.search.meaning import (
    NEAREST,
    MeaningWriter,
    can_be_similar,
    fuse,
    is_exact,
    similar,
)
from ingest.sessions.search.query import Query
from ingest.sessions.search.words import Words, fold, words_of

LIMIT: Final = 20
CATCH_UP_SECONDS: Final = 10.0
"""How long a search without an owner may work on the index before it searches."""


class Hit(Struct, frozen=True, kw_only=True):
    """The fields of a hit in `search --json`, in their order."""

    id: str
    """What `tailboard get` takes: `SESSION@BYTE`."""
    session: str
    turn: int | None
    """The number that `show` gives the turn."""
    kind: str
    at: datetime | None
    excerpt: str
    score: float
    status: str | None
    tool: str | None
    project: str | None
    home: str
    source: int
    byte: int | None
    """Where its line begins in the source."""
    missing_words: tuple[str, ...] = ()
    """Words of the query that it does not have."""
    match: str = "all"
    """Whether it has `all` words of the query, `some`, or is `similar`."""
    anchor: str | None = None
    """Where the commit of its session stands: `reachable`, `elsewhere` or `gone`; for `at:here` and
    where similar texts are searched."""

    @property
    def commit_note(self) -> str | None:
        """Where that commit is, if not here: “commit gone”."""
        return None if self.anchor in (None, "reachable") else f"commit {self.anchor}"


class SearchResult(Struct, frozen=True):
    hits: list[Hit]
    total: int
    """The number of all hits."""
    lag: Lag = Lag()
    """What the index does not have yet."""


def search(
    access: QueryReader,
    query: Query,
    now: datetime,
    limit: int = LIMIT,
    offset: int = 0,
    embedder: Embedder | None = None,
    *,
    newest: bool = False,
) -> SearchResult:
    """`now` is naive UTC, as the database keeps time. With `embedder`, similar texts are found
    too, unless the `newest` texts come first."""
    if query.empty:
        return SearchResult([], 0)
    if isinstance(access, DerivedStore):
        bring_up_to_date(access, access.path, CATCH_UP_SECONDS)
    behind = index_lag(access, now)
    for _ in range(2):  # An index that was just replaced is opened again.
        try:
            index = _open(access.path, State.parse(behind.mark))
            if index is not None:
                embedder = None if newest else embedder
                return _search(access, index, query, now, limit, offset, behind, embedder, newest)
            break
        except IndexUnusable:
            _opened.pop(access.path, None)
    else:
        _mark_damaged(access.path, State.parse(behind.mark))
    return SearchResult([], 0, behind)


def _search(
    access: QueryReader,
    index: SearchIndex,
    query: Query,
    now: datetime,
    limit: int,
    offset: int,
    behind: Lag,
    embedder: Embedder | None,
    newest: bool,
) -> SearchResult:
    newest = newest or not query.words
    scope, hidden = _scope(access, query), _hidden(access, query)
    matching = Matching(index, query, scope, hidden)
    if query.words and not matching.words:
        return SearchResult([], 0, behind)  # Only punctuation.
    near = _similar(access, query, scope, hidden, embedder)
    # What is similar is put among the first texts that have the words.
    wanted, skipped = (max(NEAREST, offset + limit), 0) if near else (limit, offset)
    least = len(matching.words)
    found, total = index.search(matching.of(least), wanted, skipped, now, newest=newest)
    if not total and matching.words:
        matching.widen(lambda part: index.search(part, 1, 0, now)[1] > 0)
        least -= len(matching.absent)
        while not total and least > 0:
            found, total = index.search(matching.of(least), wanted, skipped, now, newest=newest)
            least -= 1
        least += 1
    partial = least < len(matching.words)
    only_similar: set[Found] = set()
    if near:
        fused = fuse(found, near, exact=is_exact(query))
        total += sum(one.similar for one in fused)
        fused = fused[offset : offset + limit]
        found = [one.found for one in fused]
        only_similar = {one.found for one in fused if one.similar}
    page = _Page(access, found)
    hits = []
    for place in found:
        similar_only = place in only_similar
        hit = page.hit(place, query, matching, partial and not similar_only)
        if hit is not None:
            hits.append(replace(hit, match="similar") if similar_only else hit)
    return SearchResult(hits, total - (len(found) - len(hits)), behind)


def _similar(
    access: QueryReader,
    query: Query,
    scope: Scope | None,
    hidden: Scope | None,
    embedder: Embedder | None,
) -> list[Found]:
    if embedder is None or not can_be_similar(query):
        return []
    if isinstance(access, DerivedStore):
        MeaningWriter(access, CommitCounter(), embedder).run(CATCH_UP_SECONDS)
    sources = None if scope is None else scope.sources
    try:
        return similar(access, embedder, query, sources, hidden.sources if hidden else [])
    except MeaningUnavailable as error:
        log.suppressed("Searching similar texts", error)
        return []


def _scope(access: QueryReader, query: Query) -> Scope | None:
    tagged = None
    if query.tags:
        tagged = [row["session"] for row in access.rows("tags.tagged", tags=query.tags)]
    if query.here or query.within is not None:
        within = set(query.within or ())
        tagged = [id_ for id_ in within if tagged is None or id_ in set(tagged)]
    if tagged is None and not (query.projects or query.branches or query.sessions):
        return None
    return _sessions(access, query.projects, query.branches, query.sessions, tagged)


def _hidden(access: QueryReader, query: Query) -> Scope | None:
    return _sessions(access, (), (), (), query.hidden) if query.hidden else None


def _sessions(
    access: QueryReader,
    projects: Sequence[str],
    branches: Sequence[str],
    sessions: Sequence[str],
    tagged: Sequence[str] | None,
) -> Scope:
    rows = access.rows(
        "search.scope", projects=projects, branches=branches, sessions=sessions, tagged=tagged
    )
    return Scope(
        [row["source"] for row in rows if row["source"] is not None],
        [row["thread"] for row in rows if row["source"] is None],
    )


class _Page:
    """What the database knows of the found texts."""

    def __init__(self, access: QueryReader, found: list[Found]) -> None:
        self._places: dict[int, Row] = {}
        self._texts: dict[tuple[int, int], list[Row]] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        if not found:
            return
        sources = sorted({place.source for place in found})
        lines = {
            "sources": sources,
            "bytes": sorted({place.byte for place in found if not place.is_kept}),
        }
        turns = sorted({place.turn for place in found})
        places, numbers, *texts = access.run_consistent(
            [
                ("search.places", {"sources": sources}),
                ("search.turns", {"sources": sources, "turns": turns}),
                ("search.messages", lines),
                ("search.calls", lines),
            ]
        )
        for row in places:
            self._places[row["source"]] = row
        for rows in texts:
            for row in rows:
                self._texts.setdefault((row["source"], row["byte"]), []).append(row)
        self._numbers = {(row["source"], row["turn"]): row["number"] for row in numbers}

    def hit(self, place: Found, query: Query, matching: Matching, partial: bool) -> Hit | None:
        """The hit, or None if its text is gone meanwhile."""
        where = self._places.get(place.source)
        if where is None:
            return None
        status, tool, kind = None, None, place.kind
        thread = where["session"]
        if place.is_kept and place.shown is not None:
            text, status = place.shown.text or "", place.shown.status
        else:
            row = self._row(place)
            if row is None:
                return None
            text = _text(row)
            if "tool" in row:
                status, tool = row["status"], row["tool"]
                if kind == "call":
                    kind = _kind(row, query, matching)
        if place.shown is not None and place.shown.thread is not None:
            thread = place.shown.thread.partition(":")[2]
        if thread is None:
            return None
        missing: tuple[str, ...] = ()
        if partial:
            there = indexed_words(text)
            missing = tuple(term.written for term in matching.words if not term.is_in(there))
        byte = place.byte if place.byte >= 0 else None
        return Hit(
            id=thread if byte is None else f"{thread}@{byte}",
            session=thread,
            turn=self._numbers.get((place.source, place.turn)),
            kind=kind,
            at=place.time,
            excerpt=excerpt(letter_text(text), query.words),
            score=round(place.score, 4),
            status=status,
            tool=tool,
            project=where["project"],
            home=where["home"],
            source=place.source,
            byte=byte,
            missing_words=missing,
            match="some" if missing else "all",
        )

    def _row(self, place: Found) -> Row | None:
        rows = self._texts.get((place.source, place.byte), [])
        # A script calls tools, and a line may hold several texts.
        return next((row for row in rows if digest(_text(row)) == place.digest), None)


def _text(row: Row) -> str:
    if "tool" in row:
        return call_text(row["command"], row["output_head"], row["output_tail"])
    text: str = row["text"]
    return text


def _kind(row: Row, query: Query, matching: Matching) -> str:
    """Whether a call was found as a command or by its output."""
    wanted = {"command", "output"}.intersection(query.kinds)
    if len(wanted) == 1:
        return wanted.pop()
    if not matching.words:
        return "command"
    return "command" if matching.words[0].is_in(indexed_words(row["command"] or "")) else "output"


def indexed_words(text: str) -> list[str]:
    """All words as which a text is indexed, in their order."""
    return words_of("\n".join([text, *Words(fold(text)).names]))


_opened: dict[Path, tuple[int, SearchIndex]] = {}
_opening = threading.Lock()


def _open(database: Path, stored: State | None) -> SearchIndex | None:
    """The index of this database as it is now; opening it once is enough. None if it is not there
    yet."""
    if stored is None:
        return None
    with _opening:
        number, index = _opened.get(database, (0, None))
        folder = stored.folder(database)
        try:
            inode = folder.stat().st_ino
        except OSError:
            return None
        if index is None or (index.folder, number) != (folder, inode):
            index = SearchIndex.open(folder)
            _opened[database] = (inode, index)
        else:
            index.reload()
        state = index.state()
        return index if state is not None and state.is_same_index(stored) else None


def _mark_damaged(database: Path, stored: State | None) -> None:
    """One of another version is replaced anyway, and may be no more than incomplete for us."""
    if stored is not None and stored.version == VERSION:
        mark_damaged(stored.folder(database))
