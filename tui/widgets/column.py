"""Columns of a list: which fit, how wide each is, and how a cell is cut and padded. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from ingest.text.columns import kept_columns, total
from ingest.text.sanitize import one_line, truncate, width
from ingest.text.times import age


class Styled(NamedTuple):
    text: str
    tone: str = ""


class Age(NamedTuple):
    """How long ago something happened. The table updates the text as time passes."""

    text: str
    since: datetime


def age_of(since: datetime | None, now: datetime) -> "Age | None":
    return None if since is None else Age(age(since, now), since)


Cell = str | int | Styled | Age | None


class Column(Struct, frozen=True):
    name: str
    """Identifies the column in `ViewState.sort`."""
    title: str
    width: int
    """Minimum width; a column with `grow` also gets a share of the remaining width."""
    right: bool = False
    grow: int = 0
    drop_order: int = 0
    """Dropped when the list is too narrow, highest number first; 0 is never dropped."""
    sorts: bool = True


class FittedColumn(NamedTuple):
    column_index: int
    """Of the column in the list's columns, and of its cell in a row."""
    column: Column
    width: int


def fit(columns: Sequence[Column], available: int) -> list[FittedColumn]:
    """The columns that fit into `available` terminal columns, with their widths."""
    shown = kept_columns(
        [column.width for column in columns], [column.drop_order for column in columns], available
    )
    surplus = available - total(columns[i].width for i in shown)
    shares = sum(columns[i].grow for i in shown)
    widths = {}
    for i in shown:
        share = columns[i].grow
        extra = surplus * share // shares if shares and surplus > 0 else 0
        widths[i] = columns[i].width + extra
    growing = [i for i in shown if columns[i].grow]
    if growing:
        # The last growing column gets the remainder of the division, or gives up what is missing.
        remainder = available - total(widths.values())
        widths[growing[-1]] = max(1, widths[growing[-1]] + remainder)
    return [FittedColumn(i, columns[i], widths[i]) for i in shown]


def styled_cell(value: Cell) -> Styled:
    """Any cell as safe text with its tone."""
    if isinstance(value, Age):
        value = Styled(value.text, "dim")
    text, tone = value if isinstance(value, Styled) else (value, "")
    shown = "" if text is None else f"{text:,}" if isinstance(text, int) else text
    # `one_line` strips blanks. Leading and trailing ones are ours: tree indentation and gaps.
    before = len(shown) - len(shown.lstrip(" "))
    after = len(shown) - len(shown.rstrip(" ")) if before < len(shown) else 0
    return Styled(" " * before + one_line(shown) + " " * after, tone)


class ListRow(Struct, frozen=True):
    """One row of a list: its key and its cells."""

    key: Any
    """Hashable, and the same in each refresh."""
    cells: tuple[Cell | tuple[Cell, ...], ...]
    """One for each column; a cell may consist of parts with a tone each."""
    text: str = ""
    """What `copy` copies; by default the text of the cells."""
    id: str = ""
    """What `copy-id` copies."""
    parent: Any = None
    """In a tree, the key of the parent row."""
    collapsed: bool | None = None
    """Whether its children are hidden; None if it has none."""
    spans: bool = False
    """Whether the first cell takes the room of all others but the last."""

    def with_current_ages(self, now: datetime) -> "ListRow":
        """The same row with its ages as of `now`; itself if no text changed."""
        cells = tuple(age_of(c.since, now) if isinstance(c, Age) else c for c in self.cells)
        return self if cells == self.cells else replace(self, cells=cells)

    def text_to_copy(self) -> str:
        if self.text:
            return self.text
        shown = ("".join(part.text for part in parts_of(cell)) for cell in self.cells)
        return "  ".join(text for text in shown if text)

    def visible_text(self) -> str:
        """All cells as one text, which filters search."""
        return " ".join(part.text for cell in self.cells for part in parts_of(cell))


def parts_of(value: Cell | tuple[Cell, ...]) -> list[Styled]:
    """The parts of a cell as safe text."""
    if isinstance(value, tuple) and not isinstance(value, Styled | Age):
        return [styled_cell(part) for part in value]
    return [styled_cell(value)]


def fitted_parts(value: Cell | tuple[Cell, ...], fitted: FittedColumn) -> list[Styled]:
    """The parts of a cell, cut and padded to the width of its column."""
    shown, remaining = [], fitted.width
    for part in parts_of(value):
        text = truncate(part.text, remaining)
        remaining -= width(text)
        shown.append(Styled(text, part.tone))
        if remaining <= 0:
            break
    blank = " " * max(0, remaining)
    if len(shown) == 1:
        # One segment: the padding takes the tone, too.
        (text, tone) = shown[0]
        return [Styled(blank + text if fitted.column.right else text + blank, tone)]
    return [Styled(blank), *shown] if fitted.column.right else [*shown, Styled(blank)]
