"""The lanes of a session: what ran when, a line for each kind of work, with a cursor that shows
where the timeline is. It is drawn again only if a column of it changed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from ingest.sessions.spans import GAP, TURNS, Lane, Scale, scale
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.times import duration
from tui.charts import BAR
from tui.widgets.themed_view import ThemedView

MAX_LANES: Final = 9
NAME_COLUMNS: Final = 13
_BORDER: Final = 2
MARGIN: Final = 4
"""Columns of its border and padding."""
_SHORT: Final = 600
"""Seconds of activity up to which times have seconds."""
_RANKS: Final = ("failed", "stalled", "running", "open", "waiting", "interrupted")
"""Where spans share a column, the state that is shown: the first of these that one has."""
_TONES: Final = {TURNS: "blue", "commands": "cyan", "edits": "magenta"}
"""Of what has ended well, by lane."""


class LanesPicture(Struct, frozen=True):
    """The lanes as they are drawn. Made on a query thread: a session may have 100,000 calls."""

    columns: int
    names: list[str]
    tones: list[list[str]]
    """The tone of each column of each lane; empty where nothing ran."""
    axis: str
    times: Scale


EMPTY: Final = LanesPicture(0, [], [], "", Scale([]))


def draw_lanes(lanes: Sequence[Lane], columns: int) -> LanesPicture:
    lanes = lanes[:MAX_LANES]
    times = scale(lanes, columns)
    tones = [tones_of(lane, times, columns) for lane in lanes]
    return LanesPicture(columns, [lane.name for lane in lanes], tones, axis(times, columns), times)


class Lanes(ThemedView, can_focus=False):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lanes--cursor", "lanes--name"}
    DEFAULT_CSS = """
    Lanes {
        display: none;
        height: auto;
        border: round $pane-border;
        border-title-color: $foreground-muted;
        padding: 0 1;
        scrollbar-size: 0 0;
        & > .lanes--name { color: $foreground-muted; }
        & > .lanes--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
    }
    """

    class TimePicked(Message):
        """A click on a time."""

        def __init__(self, moment: datetime) -> None:
            super().__init__()
            self.moment = moment

    def __init__(self) -> None:
        super().__init__()
        self.picture = EMPTY
        self._cursor: datetime | None = None
        self._column = -1

    def on_mount(self) -> None:
        self.border_title = "Lanes"

    def set_picture(self, picture: LanesPicture) -> None:
        if picture == self.picture:
            return
        self.picture = picture
        height = len(picture.names) + 1 + _BORDER
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self._column = -1
        self._move_cursor()
        self.refresh()

    def set_cursor(self, moment: datetime | None) -> None:
        self._cursor = moment
        self._move_cursor()

    def _move_cursor(self) -> None:
        at, times = self._cursor, self.picture.times
        column = times.column(at) if at is not None and times.segments else -1
        if column != self._column:
            self._column = column
            self.refresh()

    # ── drawing ───────────────────────────────────────────────────────────────────────────────────

    def render_line(self, y: int) -> Strip:
        base = self.style_of()
        width = self.scrollable_content_region.width
        names = self.picture.names
        if y == len(names):
            dim = base + self.foreground_of("lanes--name")
            text = self.picture.axis if names else "Nothing has run yet."
            return Strip([Segment(" " * NAME_COLUMNS + text, dim)]).adjust_cell_length(width, base)
        if not 0 <= y < len(names):
            return Strip.blank(width, base)
        name = names[y][: NAME_COLUMNS - 1].ljust(NAME_COLUMNS)
        segments = [Segment(name, base + self.foreground_of("lanes--name"))]
        for x, tone in enumerate(self.picture.tones[y]):
            text = BAR if tone else " "
            style = base + self.tone_style(tone) if tone else base
            if x == self._column:
                style = self._cursor_style(style, text)
                text = text if tone else "│"
            segments.append(Segment(text, style))
        return Strip(segments).simplify().adjust_cell_length(width, base)

    def _cursor_style(self, style: Style, text: str) -> Style:
        cursor = self.style_of("lanes--cursor")
        return Style(color=cursor.color if text == " " else style.color, bgcolor=cursor.bgcolor)

    # ── the mouse ─────────────────────────────────────────────────────────────────────────────────

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        moment = self.picture.times.moment(offset.x - NAME_COLUMNS) if offset is not None else None
        if moment is not None:
            self.post_message(self.TimePicked(moment))


def tones_of(lane: Lane, times: Scale, columns: int) -> list[str]:
    """The tone of each column."""
    states = [""] * columns
    for span in lane.spans if times.segments else ():
        first = times.column(span.start)
        for x in range(first, min(columns, max(first, times.column(span.end)) + 1)):
            states[x] = _more_important(states[x], span.state)
    done = _TONES.get(lane.name, "dim")
    tones = {state: STATE_STYLES.get(state, UNKNOWN).color or "bold" for state in set(states)}
    return [(tones[state] if state in _RANKS else done) if state else "" for state in states]


def _more_important(before: str, state: str) -> str:
    ranks = {each: rank for rank, each in enumerate(_RANKS)}
    if not before or ranks.get(state, len(ranks)) < ranks.get(before, len(ranks)):
        return state or "completed"
    return before


def axis(times: Scale, columns: int) -> str:
    """The times at which the pieces begin, and how long the gaps between them are, as far as there
    is room."""
    cells = [" "] * columns
    free = 0
    seconds = sum((each.end - each.start).total_seconds() for each in times.segments)
    form = "%H:%M:%S" if seconds < _SHORT else "%H:%M"
    for i, segment in enumerate(times.segments):
        if i:
            before = times.segments[i - 1]
            gap = f"⋯{duration((segment.start - before.end).total_seconds()).split(' 0 ')[0]}"
            at = segment.x - GAP
            if at >= free and at + len(gap) < columns:
                cells[at : at + len(gap)] = gap
                free = at + len(gap) + 1
        label = f"{segment.start.replace(tzinfo=UTC).astimezone():{form}}"
        at = max(segment.x, free)
        if at + len(label) <= min(columns, segment.x + max(segment.width, len(label))):
            cells[at : at + len(label)] = label
            free = at + len(label) + 1
    if times.segments:
        last = times.segments[-1]
        label = f"{last.end.replace(tzinfo=UTC).astimezone():{form}}"
        at = last.x + last.width - len(label)
        if at >= free:
            cells[at : at + len(label)] = label
    return "".join(cells)
