"""The timeline of a session as a list: a line for each moment. Pure."""

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
from ingest.text.units import duration
from tui.widgets.column import Cell, Column, Line, Styled
from tui.widgets.listing import View, says

_TONES: Final = {
    TimelineKind.TURN: "title",
    TimelineKind.FILE: "cyan",
    TimelineKind.PLAN: "magenta",
    TimelineKind.AGENT: "cyan",
    TimelineKind.EVENT: "dim",
}
_HEAD: Final = 400
"""Characters of a line; the rest is in the pane beside it."""


class Timeline:
    columns = (
        Column("time", "Time", 8, sorts=False, spare=1),
        Column("who", "Who", 10, sorts=False),
        Column("what", "What", 20, grow=1, sorts=False),
        Column("took", "Took", 7, right=True, sorts=False, spare=2),
    )

    def __init__(self, home: str, session: str) -> None:
        self.home, self.session = home, session
        self.tools = Tools.SHORT

    def keys(self, reading: QueryReader, view: View) -> Sequence[TimelinePosition]:
        words = bool(view.filter)
        found = load_order(reading, self.home, self.session, self.tools, words=words)
        kept = [one.at for one in found if not words or says(one.text, view.filter)]
        return kept[::-1] if view.reverse else kept

    def lines(
        self, reading: QueryReader, view: View, keys: Sequence[TimelinePosition]
    ) -> Mapping[TimelinePosition, Line]:
        found = load_moments(reading, self.home, self.session, keys)
        return {at: _line(moment) for at, moment in found.items()}


def _line(moment: Moment) -> Line:
    at = moment.at
    if at.part:
        cells: tuple[Cell | tuple[Cell, ...], ...] = (
            "", "", (Styled("  │ ", "dim"), Styled(moment.head[:_HEAD], "dim")), "",
        )  # fmt: skip
        return Line(at, cells, text=moment.head)
    look = STATE_STYLES.get(moment.state, UNKNOWN)
    what = TimelineKind(at.what)
    tone = _TONES.get(what, "bold" if moment.name == "you" else "")
    sign = Styled(f"{look.glyph} ", look.color) if moment.state else ""
    indent = "" if what is TimelineKind.TURN else "  "
    said = Styled(moment.head[:_HEAD], tone if what is not TimelineKind.MESSAGE else "")
    cells = (
        Styled(f"{moment.time:%H:%M:%S}" if moment.time else "", "dim"),
        Styled(moment.name, tone),
        (indent, sign, said),
        Styled(duration(moment.seconds), "dim"),
    )
    return Line(at, cells, text=moment.body, id=f"{at.source}:{at.byte}")
