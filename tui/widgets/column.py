"""The columns of a list: which there is room for, how wide each is, how a line is cut. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from ingest.text.columns import kept_columns, total
from ingest.text.sanitize import one_line, truncate, width
from ingest.text.units import age


class Styled(NamedTuple):
    text: str
    tone: str = ""


class Age(NamedTuple):
    """How long ago something was; it is told anew while time passes."""

    text: str
    since: datetime


def age_of(since: datetime | None, now: datetime) -> "Age | None":
    return None if since is None else Age(age(since, now), since)


Cell = str | int | Styled | Age | None


class Column(Struct, frozen=True):
    name: str
    """What sorting calls it."""
    title: str
    width: int
    """At least; a column that grows takes its share of what is left over."""
    right: bool = False
    grow: int = 0
    spare: int = 0
    """Left out where there is no room for all, the highest first; 0 always stays."""
    sorts: bool = True


class Fitted(NamedTuple):
    place: int
    """Of the column among all, and of its cell in a line."""
    column: Column
    width: int


def fit(columns: Sequence[Column], room: int) -> list[Fitted]:
    """The columns that fit, with the width each has."""
    kept = kept_columns(
        [column.width for column in columns], [column.spare for column in columns], room
    )
    over = room - total(columns[i].width for i in kept)
    shares = sum(columns[i].grow for i in kept)
    widths = {}
    for i in kept:
        share = columns[i].grow
        more = over * share // shares if shares and over > 0 else 0
        widths[i] = columns[i].width + more
    growing = [i for i in kept if columns[i].grow]
    if growing:
        # What division left over, or what is missing, is the last one's that can give or take.
        rest = room - total(widths.values())
        widths[growing[-1]] = max(1, widths[growing[-1]] + rest)
    return [Fitted(i, columns[i], widths[i]) for i in kept]


def cell(value: Cell) -> Styled:
    """Any cell as safe text with its tone."""
    if isinstance(value, Age):
        value = Styled(value.text, "dim")
    text, tone = value if isinstance(value, Styled) else (value, "")
    shown = "" if text is None else f"{text:,}" if isinstance(text, int) else text
    # Blanks around it are ours: the drawing of a tree, or the gap to the next part.
    before = len(shown) - len(shown.lstrip(" "))
    after = len(shown) - len(shown.rstrip(" ")) if before < len(shown) else 0
    return Styled(" " * before + one_line(shown) + " " * after, tone)


def padded(text: str, fitted: Fitted) -> str:
    """The text as wide as its column."""
    text = truncate(text, fitted.width)
    room = " " * (fitted.width - width(text))
    return room + text if fitted.column.right else text + room


class Line(Struct, frozen=True):
    """One row of a list: who it is, and what its cells show."""

    key: Any
    """Its identity; hashable, and the same from one look to the next."""
    cells: tuple[Cell | tuple[Cell, ...], ...]
    """One a column; a cell may be made of parts with a tone each."""
    text: str = ""
    """What `copy` copies; the cells where nothing is said."""
    id: str = ""
    """What `copy-id` copies."""
    above: Any = None
    """In a tree, the key of the line it hangs on."""
    closed: bool | None = None
    """Whether what hangs on it is hidden; None where nothing does."""

    def aged(self, now: datetime) -> "Line":
        """The line at this moment: itself, where no age in it reads otherwise."""
        cells = tuple(age_of(one.since, now) if isinstance(one, Age) else one for one in self.cells)
        return self if cells == self.cells else replace(self, cells=cells)

    def copied(self) -> str:
        if self.text:
            return self.text
        shown = ("".join(part.text for part in parts_of(one)) for one in self.cells)
        return "  ".join(text for text in shown if text)


def parts_of(value: Cell | tuple[Cell, ...]) -> list[Styled]:
    """The parts of a cell, safe."""
    if isinstance(value, tuple) and not isinstance(value, Styled | Age):
        return [cell(part) for part in value]
    return [cell(value)]


def fitted_parts(value: Cell | tuple[Cell, ...], fitted: Fitted) -> list[Styled]:
    """The parts of a cell, cut and padded to the width of its column."""
    parts = parts_of(value)
    if len(parts) == 1:
        return [Styled(padded(parts[0].text, fitted), parts[0].tone)]
    shown, room = [], fitted.width
    for part in parts:
        text = truncate(part.text, room)
        room -= width(text)
        shown.append(Styled(text, part.tone))
        if room <= 0:
            break
    blank = Styled(" " * max(0, room))
    return [blank, *shown] if fitted.column.right else [*shown, blank]
