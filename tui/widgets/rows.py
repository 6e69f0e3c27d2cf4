"""Lines in columns, drawn: titles, marks, cells in their tones; a row stays as it was drawn last.

Which rows there are, and which of them is where, is for the subclass.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from ingest.text.columns import GAP
from tui.widgets.column import Column, Fitted, Line, fit, fitted_parts
from tui.widgets.listing import Key, View
from tui.widgets.toned import Toned

_KEPT: Final = 2000
"""Rows that stay drawn, seen or not."""
_MARK: Final = "▪ "


class Looks(NamedTuple):
    """All that says how a row looks; but for its width, which is that of all."""

    line: Line | None
    chosen: bool
    focused: bool
    marked: bool


class Rows(Toned):
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--title", "rows--cursor", "rows--cursor-away", "rows--mark",
    }  # fmt: skip
    DEFAULT_CSS = """
    Rows {
        & > .rows--title { color: $foreground-muted; text-style: bold; }
        & > .rows--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
        & > .rows--cursor-away { background: $surface-lighten-1; }
        & > .rows--mark { color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self, *, titles: bool, marks: bool, id: str | None) -> None:
        super().__init__(id=id)
        self.titles, self.marks = titles, marks
        self._fitted: list[Fitted] = []
        self._width = 0
        self._rows: dict[Key, tuple[Looks, Strip]] = {}

    @property
    def above(self) -> int:
        """Lines above the first row."""
        return 1 if self.titles else 0

    def notify_style_update(self) -> None:
        self._rows.clear()
        super().notify_style_update()

    def fit(self, columns: Sequence[Column]) -> None:
        """Have the columns fit the room there is now."""
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width = width
            # One column stays free on the right: what comes beside it is another pane.
            marks = len(_MARK) if self.marks else 0
            self._fitted = fit(columns, max(1, width - marks - 1))
            self._rows.clear()

    def fit_anew(self) -> None:
        """These will be other columns."""
        self._width = 0

    def column_at(self, x: int) -> Column | None:
        at = len(_MARK) if self.marks else 0
        for fitted in self._fitted:
            if at <= x < at + fitted.width:
                return fitted.column
            at += fitted.width + GAP
        return None

    def title_row(self, view: View) -> Strip:
        style = self.look("rows--title")
        segments = [Segment(" " * len(_MARK), style)] if self.marks else []
        for i, fitted in enumerate(self._fitted):
            column = fitted.column
            sign = ("↑" if view.reverse else "↓") if column.name == view.sort else ""
            parts = fitted_parts(column.title + sign, fitted)
            segments += [Segment(part.text, style) for part in parts]
            if i < len(self._fitted) - 1:
                segments.append(Segment(" " * GAP, style))
        return Strip(segments).adjust_cell_length(self._width, style)

    def blank_row(self) -> Strip:
        return Strip.blank(self._width, self.look())

    def row(self, key: Key, looks: Looks) -> Strip:
        """The row as it was drawn before, where nothing of it is another."""
        drawn = self._rows.get(key)
        if drawn is not None and drawn[0] == looks:
            return drawn[1]
        if len(self._rows) >= _KEPT:
            self._rows.clear()
        strip = self._drawn(looks)
        self._rows[key] = looks, strip
        return strip

    def _drawn(self, looks: Looks) -> Strip:
        base = self.look()
        if looks.chosen:
            base = self.look("rows--cursor" if looks.focused else "rows--cursor-away")
        segments: list[Segment] = []
        if self.marks:
            style = base + self.over("rows--mark") if looks.marked else base
            segments.append(Segment(_MARK if looks.marked else " " * len(_MARK), style))
        if looks.line is None:
            segments.append(Segment("…", base))
            return Strip(segments).adjust_cell_length(self._width, base)
        for i, fitted in enumerate(self._fitted):
            for part in fitted_parts(looks.line.cells[fitted.place], fitted):
                style = base if looks.focused or not part.tone else base + self.tone(part.tone)
                segments.append(Segment(part.text, style))
            if i < len(self._fitted) - 1:
                segments.append(Segment(" " * GAP, base))
        return Strip(segments).adjust_cell_length(self._width, base)
