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
from ingest.sessions.session import title_of
from ingest.sessions.timeline import TimelineKind, TimelinePosition
from ingest.text.sanitize import one_line
from ingest.text.state_style import STATE_STYLES
from tui.widgets.column import Cell, Column, ListRow, Styled, age_of
from tui.widgets.listing import ViewState

MAX_HITS: Final = 200
"""More words give fewer hits."""
NEWEST: Final = "at"
"""The column by which hits are sorted if not by relevance."""
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
    """The filter of the view is the query. The best hits come first, or the newest."""

    columns = (
        Column("kind", "Kind", 8, sorts=False),
        Column("text", "Match", 20, grow=3, sorts=False),
        Column("session", "Session", 14, grow=1, sorts=False, drop_order=3),
        Column("project", "Project", 10, sorts=False, drop_order=2),
        Column("at", "When", 5, right=True, drop_order=1),
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
        self._titles: dict[str, str] = {}
        self._exit_codes: dict[tuple[int, int | None], int] = {}

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
        result = search(
            reader, query, now, MAX_HITS, embedder=self.embedder, newest=view.sort == NEWEST
        )
        self.total = result.total
        self.lag = result.lag
        # The score decreases with age. Without it, a hit is the same key in each refresh.
        hits = [replace(hit, score=0.0) for hit in result.hits]
        self._titles, self._exit_codes = _titles(reader, hits), _exit_codes(reader, hits)
        self._rows = {hit: self._row(hit, query, now) for hit in hits}
        return hits

    def title(self, hit: Hit) -> str:
        """The title of the session of a loaded hit."""
        return self._titles.get(hit.session, "")

    def exit_text(self, hit: Hit) -> str:
        """How the command of a loaded hit ended, if it failed."""
        code = self._exit_codes.get((hit.source, hit.byte))
        return f"exit {code}" if code else ""

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Hit]
    ) -> Mapping[Hit, ListRow]:
        return {key: self._rows[key] for key in keys if key in self._rows}

    def _row(self, hit: Hit, query: Query, now: datetime) -> ListRow:
        style = STATE_STYLES.get(hit.status or "")
        state = "".join(f"{part} " for part in (style and style.glyph, self.exit_text(hit)) if part)
        missing = f" without: {', '.join(hit.missing_words)}" if hit.missing_words else ""
        room = max(8, self.excerpt_width - len(state) - len(missing))
        text = excerpt(one_line(hit.excerpt), query.words, room)
        cells: tuple[Cell | tuple[Cell, ...], ...] = (
            Styled(hit.kind, "cyan"),
            (
                Styled(state, style.color if style else "dim"),
                *_marked(text, query),
                Styled(missing, "dim"),
            ),
            Styled(self.title(hit), "dim"),
            Styled(hit.project or "", "bold"),
            age_of(hit.at, now),
        )
        return ListRow(hit, cells, text=hit.excerpt, id=hit.session)


def _titles(reader: QueryReader, hits: Sequence[Hit]) -> dict[str, str]:
    """The titles of the sessions of these hits."""
    ids = sorted({hit.session for hit in hits})
    rows = reader.rows("sessions.titles", ids=ids) if ids else []
    return {row["id"]: title_of(row["title"]) or "" for row in rows}


def _exit_codes(reader: QueryReader, hits: Sequence[Hit]) -> dict[tuple[int, int | None], int]:
    """The exit codes of the commands of these hits, by their places."""
    calls = [hit for hit in hits if hit.tool and hit.byte is not None]
    if not calls:
        return {}
    rows = reader.rows(
        "search.exits",
        sources=sorted({hit.source for hit in calls}),
        bytes=sorted({hit.byte for hit in calls if hit.byte is not None}),
    )
    return {(row["source"], row["byte"]): row["exit_code"] for row in rows}


def _marked(text: str, query: Query) -> list[Cell]:
    parts: list[Cell] = []
    at = 0
    for start, end in marks(text, query.words):
        parts += [text[at:start], Styled(text[start:end], "yellow")]
        at = end
    return [part for part in (*parts, text[at:]) if part]
