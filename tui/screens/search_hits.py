"""The results of a search as a list, with an excerpt around the match of each. Pure."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ingest.db.query_reader import QueryReader
from ingest.projects.git.search_anchors import load_anchors_here, narrowed_to_here
from ingest.sessions.search.embedder import Embedder
from ingest.sessions.search.excerpt import excerpt, marks
from ingest.sessions.search.lag import Lag
from ingest.sessions.search.query import Query, parse
from ingest.sessions.search.search import Hit, search
from ingest.sessions.timeline import TimelineKind, TimelinePosition
from ingest.text.sanitize import one_line
from ingest.text.state_style import STATE_STYLES
from ingest.text.times import age
from tui.widgets.column import Cell, Column, ListRow, Styled
from tui.widgets.listing import ViewState

MAX_HITS: Final = 200
"""More words give fewer hits."""
_TIMELINE_KINDS: Final = {
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


def position_of(hit: Hit) -> TimelinePosition | None:
    """The position of a hit in the timeline of its session."""
    kind = _TIMELINE_KINDS.get(hit.kind)
    return (
        TimelinePosition(hit.source, hit.byte, kind)
        if kind and hit.byte is not None and hit.turn
        else None
    )


class Hits:
    """The filter of the view is the query."""

    columns = (
        Column("kind", "Kind", 9, sorts=False),
        Column("text", "Match", 24, grow=1, sorts=False),
        Column("project", "Project", 10, sorts=False, drop_order=1),
        Column("at", "When", 5, right=True, sorts=False, drop_order=2),
    )

    def __init__(self, clock: Callable[[], datetime], embedder: Embedder | None = None) -> None:
        self.clock = clock
        self.embedder = embedder
        self.project: str | None = None
        """The project that hits are limited to, if the query names none."""
        self.total = 0
        self.lag = Lag()
        self.excerpt_width = 80
        self._rows: dict[Hit, ListRow] = {}

    def parse(self, words: str) -> Query:
        return parse(words, self.clock().replace(tzinfo=UTC))

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Hit]:
        now, query = self.clock(), self.parse(view.filter)
        if self.project is not None and not query.empty and not query.projects:
            query = replace(query, projects=(self.project,))
        if query.here:
            folder = Path.cwd()
            folders = [str(each) for each in (folder, *folder.parents)]
            known = reader.first_row("projects.here", folders=folders)
            project = known["label"] if known else ""
            query = narrowed_to_here(query, load_anchors_here(reader, project, folder, os.environ))
        result = search(reader, query, now, MAX_HITS, embedder=self.embedder)
        self.total = result.total
        self.lag = result.lag
        # The score decreases with age. Without it, a hit is the same key in each refresh.
        hits = [replace(hit, score=0.0) for hit in result.hits]
        self._rows = {hit: _row(hit, query, now, self.excerpt_width) for hit in hits}
        return hits

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Hit]
    ) -> Mapping[Hit, ListRow]:
        return {key: self._rows[key] for key in keys if key in self._rows}


def _row(hit: Hit, query: Query, now: datetime, width: int) -> ListRow:
    style = STATE_STYLES.get(hit.status or "")
    glyph = Styled(f"{style.glyph} ", style.color) if style else ""
    missing = f" without: {', '.join(hit.missing_words)}" if hit.missing_words else ""
    room = max(8, width - (2 if style else 0) - len(missing))
    text = excerpt(one_line(hit.excerpt), query.words, room)
    match = (glyph, *_marked(text, query), Styled(missing, "dim"))
    cells: tuple[Cell | tuple[Cell, ...], ...] = (
        Styled(f" {hit.kind}", "cyan"), match, Styled(hit.project or "", "bold"),
        Styled(age(hit.at, now), "dim"),
    )  # fmt: skip
    return ListRow(hit, cells, text=hit.excerpt, id=hit.session)


def _marked(text: str, query: Query) -> list[Cell]:
    parts: list[Cell] = []
    at = 0
    for start, end in marks(text, query.words):
        parts += [text[at:start], Styled(text[start:end], "yellow")]
        at = end
    return [part for part in (*parts, text[at:]) if part]
