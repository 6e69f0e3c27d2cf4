"""The timeline of a session as a list, one row for each entry. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from ingest.db.query_reader import QueryReader
from ingest.sessions.timeline import (
    Moment,
    TimelineKind,
    TimelinePosition,
    Tools,
    load_moments,
    load_order,
)
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.times import duration
from tui.filters import parse
from tui.widgets.column import Cell, Column, ListRow, Styled
from tui.widgets.listing import ViewState

_TONES: Final = {
    TimelineKind.TURN: "title",
    TimelineKind.FILE: "cyan",
    TimelineKind.PLAN: "magenta",
    TimelineKind.AGENT: "cyan",
    TimelineKind.EVENT: "dim",
}
_MAX_CHARS: Final = 400
"""Of a row; the pane beside the list shows the full text."""


class Timeline:
    columns = (
        Column("time", "Time", 8, sorts=False, drop_order=1),
        Column("who", "Who", 10, sorts=False),
        Column("what", "What", 20, grow=1, sorts=False),
        Column("took", "Took", 7, right=True, sorts=False, drop_order=2),
    )

    def __init__(self, home: str, session: str) -> None:
        self.home, self.session = home, session
        self.tools = Tools.SHORT

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[TimelinePosition]:
        filtered = bool(view.filter)
        words = parse(view.filter)
        entries = load_order(reader, self.home, self.session, self.tools, words=filtered)
        shown = [entry.at for entry in entries if not filtered or words.matches(entry.text)]
        return shown[::-1] if view.reverse else shown

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[TimelinePosition]
    ) -> Mapping[TimelinePosition, ListRow]:
        moments = load_moments(reader, self.home, self.session, keys)
        return {at: _row(moment) for at, moment in moments.items()}


def _row(moment: Moment) -> ListRow:
    at = moment.at
    if at.part:
        cells: tuple[Cell | tuple[Cell, ...], ...] = (
            "", "", (Styled("  │ ", "dim"), Styled(moment.head[:_MAX_CHARS], "dim")), "",
        )  # fmt: skip
        return ListRow(at, cells, text=moment.head)
    style = STATE_STYLES.get(moment.state, UNKNOWN)
    kind = TimelineKind(at.what)
    tone = _TONES.get(kind, "bold" if moment.name == "you" else "")
    glyph = Styled(f"{style.glyph} ", style.color) if moment.state else ""
    indent = "" if kind is TimelineKind.TURN else "  "
    text = Styled(moment.head[:_MAX_CHARS], tone if kind is not TimelineKind.MESSAGE else "")
    cells = (
        Styled(f"{moment.time:%H:%M:%S}" if moment.time else "", "dim"),
        Styled(moment.name, tone),
        (indent, glyph, text),
        Styled(duration(moment.seconds), "dim"),
    )
    return ListRow(at, cells, text=moment.body, id=f"{at.source}:{at.byte}")
