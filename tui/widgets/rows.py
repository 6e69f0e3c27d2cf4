"""Draws list rows in columns: titles, marks and toned cells. Drawn rows are cached.

The subclass defines which rows exist, and their positions.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ingest.text.columns import GAP
from tui.widgets.column import Column, FittedColumn, ListRow, fit, fitted_parts
from tui.widgets.listing import Key, ViewState
from tui.widgets.themed_view import ThemedView

_CACHED_STRIPS: Final = 2000
_MARK: Final = "▪ "


class RowState(NamedTuple):
    """Everything a drawn row depends on, except the width, which all rows share."""

    row: ListRow | None
    at_cursor: bool
    focused: bool
    marked: bool


def spanned(fitted: Sequence[FittedColumn]) -> Sequence[FittedColumn]:
    """The first column with the room of all others but the last, and the last."""
    if len(fitted) < 2:
        return fitted
    first, *between, last = fitted
    width = first.width + sum(GAP + each.width for each in between)
    return [first._replace(width=width), last]


class Rows(ThemedView):
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--title", "rows--cursor", "rows--cursor-bar", "rows--cursor-unfocused", "rows--mark",
    }  # fmt: skip
    DEFAULT_CSS = """
    Rows {
        & > .rows--title { color: $foreground-muted; text-style: bold; }
        & > .rows--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
        & > .rows--cursor-bar {
            background: $block-cursor-background;
            color: $block-cursor-foreground 60%;
        }
        & > .rows--cursor-unfocused { background: $surface-lighten-1; }
        &:nocolor > .rows--cursor-unfocused { text-style: underline; }
        & > .rows--mark { color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self, *, titles: bool, marks: bool, id: str | None) -> None:
        super().__init__(id=id)
        self.titles, self.marks = titles, marks
        self._fitted: list[FittedColumn] = []
        self._fitted_width = 0
        self._strips: dict[Key, tuple[RowState, Strip]] = {}

    @property
    def title_height(self) -> int:
        """Lines above the first row."""
        return 1 if self.titles else 0

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def fit(self, columns: Sequence[Column]) -> None:
        """Fit the columns to the current width of the widget."""
        width = self.scrollable_content_region.width
        if width != self._fitted_width:
            self._fitted_width = width
            # One column on the right stays blank, as a gap to the next pane.
            marks = len(_MARK) if self.marks else 0
            self._fitted = fit(columns, max(1, width - marks - 1))
            self._strips.clear()

    def invalidate_fit(self) -> None:
        """Call when the list gets other columns."""
        self._fitted_width = 0

    def column_at(self, x: int) -> Column | None:
        start = len(_MARK) if self.marks else 0
        for fitted in self._fitted:
            if start <= x < start + fitted.width:
                return fitted.column
            start += fitted.width + GAP
        return None

    def title_strip(self, view: ViewState) -> Strip:
        style = self.style_of("rows--title")
        segments = [Segment(" " * len(_MARK), style)] if self.marks else []
        for i, fitted in enumerate(self._fitted):
            column = fitted.column
            arrow = ("↑" if view.reverse else "↓") if column.name == view.sort else ""
            parts = fitted_parts(column.title + arrow, fitted)
            segments += [Segment(part.text, style) for part in parts]
            if i < len(self._fitted) - 1:
                segments.append(Segment(" " * GAP, style))
        return Strip(segments).adjust_cell_length(self._fitted_width, style)

    def blank_strip(self) -> Strip:
        return Strip.blank(self._fitted_width, self.style_of())

    def row_strip(self, key: Key, state: RowState) -> Strip:
        """The drawn row, from the cache if its state has not changed."""
        cached = self._strips.get(key)
        if cached is not None and cached[0] == state:
            return cached[1]
        if len(self._strips) >= _CACHED_STRIPS:
            self._strips.clear()
        strip = self._draw_row(state)
        self._strips[key] = state, strip
        return strip

    def _part_style(self, tone: str, state: RowState) -> Style:
        """The row under the cursor has no tones; only its bars are not as bright as its text."""
        if state.focused:
            return self.foreground_of("rows--cursor-bar") if tone == "bar" else Style.null()
        return self.tone_style(tone) if tone else Style.null()

    def _draw_row(self, state: RowState) -> Strip:
        base = self.style_of()
        if state.at_cursor:
            base = self.style_of("rows--cursor" if state.focused else "rows--cursor-unfocused")
        segments: list[Segment] = []
        if self.marks:
            style = base + self.foreground_of("rows--mark") if state.marked else base
            segments.append(Segment(_MARK if state.marked else " " * len(_MARK), style))
        if state.row is None:
            segments.append(Segment("…", base))
            return Strip(segments).adjust_cell_length(self._fitted_width, base)
        columns = spanned(self._fitted) if state.row.spans else self._fitted
        for i, fitted in enumerate(columns):
            segments += [
                Segment(part.text, base + self._part_style(part.tone, state))
                for part in fitted_parts(state.row.cells[fitted.column_index], fitted)
            ]
            if i < len(columns) - 1:
                segments.append(Segment(" " * GAP, base))
        return Strip(segments).adjust_cell_length(self._fitted_width, base)
