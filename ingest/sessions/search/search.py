"""Runs a search query; the best hits come first.

There is no index: each query scans the stored texts, so new lines are found at once and storing
them costs nothing extra.
"""

from datetime import datetime

from msgspec import Struct

from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.search.excerpt import excerpt
from ingest.sessions.search.query import Query

LIMIT = 20


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


class SearchResult(Struct, frozen=True):
    hits: list[Hit]
    total: int
    """The number of all hits."""


def search(
    access: NamedQueries, query: Query, now: datetime, limit: int = LIMIT, offset: int = 0
) -> SearchResult:
    """`now` is naive UTC, as the database keeps time."""
    if query.empty:
        return SearchResult([], 0)
    tagged = None
    if query.tags:
        tagged = [row["session"] for row in access.rows("tags.tagged", tags=query.tags)]
    first, second, third, *others = (*query.words, "", "", "")
    rows = access.rows(
        "search.found",
        first=first,
        second=second,
        third=third,
        others=[word for word in others if word],
        without=query.without,
        projects=query.projects,
        branches=query.branches,
        sessions=query.sessions,
        hidden=query.hidden,
        tagged=tagged,
        kinds=query.kinds,
        tools=query.tools,
        statuses=query.statuses,
        since=query.since,
        until=query.until,
        broken=query.broken,
        now=now,
        limit=limit,
        offset=offset,
    )
    total = rows[0]["total"] if rows else 0
    return SearchResult([_hit(row, query) for row in rows if row["session"] is not None], total)


def _hit(row: Row, query: Query) -> Hit:
    byte = row["byte"]
    return Hit(
        id=row["session"] if byte is None else f"{row['session']}@{byte}",
        session=row["session"],
        turn=row["turn"],
        kind=row["kind"],
        at=row["time"],
        excerpt=excerpt(row["text"] or "", query.words),
        score=round(row["score"], 4),
        status=row["status"],
        tool=row["tool"],
        project=row["project"],
        home=row["home"],
        source=row["source"],
        byte=byte,
    )
