"""What a question finds, as a list: a line for each hit, with the match in its line. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from ingest.db.query_reader import QueryReader
from ingest.sessions.search.excerpt import excerpt, marks
from ingest.sessions.search.query import Query, parse
from ingest.sessions.search.search import Hit, search
from ingest.sessions.timeline import TimelineKind, TimelinePosition
from ingest.text.sanitize import one_line
from ingest.text.state_style import STATE_STYLES
from ingest.text.units import age
from tui.widgets.column import Cell, Column, Line, Styled
from tui.widgets.listing import View

MOST: Final = 200
"""Hits that are listed; who wants to see more of them writes more words."""
_WHATS: Final = {
    "prompt": TimelineKind.MESSAGE,
    "answer": TimelineKind.MESSAGE,
    "command": TimelineKind.CALL,
    "output": TimelineKind.CALL,
    "script": TimelineKind.CALL,
    "self": TimelineKind.CALL,
    "step": TimelineKind.PLAN,
    "file": TimelineKind.FILE,
    "error": TimelineKind.TURN,
}


def place_of(hit: Hit) -> TimelinePosition | None:
    """Where in the timeline of its session a hit is."""
    what = _WHATS.get(hit.kind)
    return (
        TimelinePosition(hit.source, hit.byte, what)
        if what and hit.byte is not None and hit.turn
        else None
    )


class Hits:
    """The filter of the view is the question."""

    columns = (
        Column("kind", "Kind", 9, sorts=False),
        Column("text", "Match", 24, grow=1, sorts=False),
        Column("project", "Project", 10, sorts=False, spare=1),
        Column("at", "When", 5, right=True, sorts=False, spare=2),
    )

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.total = 0
        self.room = 80
        """Columns there are for an excerpt."""
        self._seen: dict[Hit, Line] = {}

    def asked(self, words: str) -> Query:
        return parse(words, self.clock().replace(tzinfo=UTC))

    def keys(self, reading: QueryReader, view: View) -> Sequence[Hit]:
        now, query = self.clock(), self.asked(view.filter)
        found = search(reading, query, now, MOST)
        self.total = found.total
        # How well a hit fits fades as time passes; it is the same hit nevertheless.
        hits = [replace(hit, score=0.0) for hit in found.hits]
        self._seen = {hit: _line(hit, query, now, self.room) for hit in hits}
        return hits

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Hit]) -> Mapping[Hit, Line]:
        return {key: self._seen[key] for key in keys if key in self._seen}


def _line(hit: Hit, query: Query, now: datetime, room: int) -> Line:
    look = STATE_STYLES.get(hit.status or "")
    sign = Styled(f"{look.glyph} ", look.color) if look else ""
    text = excerpt(one_line(hit.excerpt), query.words, room - (2 if look else 0))
    said = (sign, *_marked(text, query))
    cells: tuple[Cell | tuple[Cell, ...], ...] = (
        Styled(f" {hit.kind}", "cyan"), said, Styled(hit.project or "", "bold"),
        Styled(age(hit.at, now), "dim"),
    )  # fmt: skip
    return Line(hit, cells, text=hit.excerpt, id=hit.session)


def _marked(text: str, query: Query) -> list[Cell]:
    parts: list[Cell] = []
    at = 0
    for start, end in marks(text, query.words):
        parts += [text[at:start], Styled(text[start:end], "yellow")]
        at = end
    return [part for part in (*parts, text[at:]) if part]
