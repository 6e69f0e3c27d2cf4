"""A grid of terminal cells to draw boxes and lines on. Knows characters, not graphs.

Lines that turn or end in the same cell are joined there; where a line only crosses another, the
vertical one bridges the horizontal one. Later drawing covers earlier drawing.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct, field

from ingest.text.sanitize import width

_LEFT, _RIGHT, _UP, _DOWN = 1, 2, 4, 8
_ACROSS, _ALONG = _LEFT | _RIGHT, _UP | _DOWN
_JOINTS = {
    _LEFT | _DOWN: "┐",
    _LEFT | _UP: "┘",
    _RIGHT | _DOWN: "┌",
    _RIGHT | _UP: "└",
    _ACROSS | _DOWN: "┬",
    _ACROSS | _UP: "┴",
    _ALONG | _LEFT: "┤",
    _ALONG | _RIGHT: "├",
    _ACROSS | _ALONG: "┼",
}


class _Stroke(Struct, frozen=True):
    across: str
    along: str
    right: str
    """An arrow."""
    left: str


class _Pen(Struct, frozen=True):
    upper: str
    """The left and right corners of a box."""
    lower: str
    hard: _Stroke
    dashed: _Stroke
    leaving: str
    """Where a line leaves a box."""
    joints: dict[int, str]


_BOXES = _Pen("┌┐", "└┘", _Stroke("─", "│", "▶", "◀"), _Stroke("╌", "╎", "▷", "◁"), "├", _JOINTS)
_ASCII = _Pen(
    "++", "++", _Stroke("-", "|", ">", "<"), _Stroke(".", ":", ">", "<"), "+",
    dict.fromkeys(_JOINTS, "+"),
)  # fmt: skip

Point = tuple[int, int]
"""Column and row."""

_Span = tuple[int, int, int]
"""The row or column of a piece of line, and its start and end there."""


class _Lines(Struct):
    """All lines of one kind. Where two of them overlap, the cell is stored once."""

    stroke: _Stroke
    across: set[_Span] = field(default_factory=set)
    along: set[_Span] = field(default_factory=set)
    arrows: dict[Point, str] = field(default_factory=dict)
    plain: set[Point] = field(default_factory=set)
    """Where a line ends at a box without an arrow."""


class Canvas:
    """Draws boxes and lines. `line` and `box` may be called in any order; `lines` returns the
    picture.
    """

    def __init__(self, *, ascii: bool = False) -> None:
        self._pen = _ASCII if ascii else _BOXES
        self._dashed, self._hard = _Lines(self._pen.dashed), _Lines(self._pen.hard)
        self._corners: dict[Point, int] = defaultdict(int)
        self._leavings: set[Point] = set()
        self._boxes: list[tuple[int, int, int, str]] = []
        self.width = self._height = 0

    def line(self, path: Sequence[Point], *, dashed: bool, turned: bool) -> None:
        """Add a line from the side of a box, corner by corner, to the arrow at its end.

        A reversed line has its arrow at its start.
        """
        lines = self._dashed if dashed else self._hard
        for (x, y), (to_x, to_y) in pairwise(path):
            if y == to_y:
                lines.across.add((y, x, to_x))
            else:
                lines.along.add((x, min(y, to_y), max(y, to_y)))
        for before, corner, after in zip(path, path[1:], path[2:], strict=False):
            self._corners[corner] |= _towards(corner, before) | _towards(corner, after)
        self._leavings.add(path[0])
        x, y = path[0]
        if turned:
            lines.arrows[x + 1, y] = lines.stroke.left
            lines.plain.add(path[-1])
        else:
            lines.arrows[path[-1]] = lines.stroke.right
        self._reach(path[-1][0] + 1, max(y for _, y in path) + 1)

    def box(self, x: int, y: int, columns: int, text: str) -> None:
        """Add a box, three rows high, with the text in its middle row. The caller makes sure
        that it fits.
        """
        self._boxes.append((x, y, columns, text))
        self._reach(x + columns, y + 3)

    def _reach(self, columns: int, rows: int) -> None:
        self.width, self._height = max(self.width, columns), max(self._height, rows)

    def lines(self) -> tuple[str, ...]:
        grid = [[" "] * self.width for _ in range(self._height)]
        # Later drawing covers earlier drawing: a hard line a dashed one, a bridge what it crosses.
        for lines in (self._dashed, self._hard):
            for y, start, end in lines.across:
                grid[y][start + 1 : end] = [lines.stroke.across] * (end - start - 1)
        joints = {
            (x, y): mask | (_ACROSS if grid[y][x] != " " else 0)
            for (x, y), mask in self._corners.items()
        }
        for lines in (self._dashed, self._hard):
            for x, start, end in lines.along:
                for y in range(start + 1, end):
                    grid[y][x] = lines.stroke.along
                    if (x, y) in joints:
                        joints[x, y] |= _ALONG
        for (x, y), mask in joints.items():
            grid[y][x] = self._pen.joints[mask]
        self._end(grid)
        for x, y, columns, text in self._boxes:
            self._frame(grid, x, y, columns, text)
        return tuple("".join(row) for row in grid)

    def _end(self, grid: list[list[str]]) -> None:
        """Draw arrows last, so that a line that ends in the same cell does not cover them."""
        for lines in (self._dashed, self._hard):
            for x, y in lines.plain:
                grid[y][x] = lines.stroke.across
        for lines in (self._dashed, self._hard):
            for (x, y), arrow in lines.arrows.items():
                grid[y][x] = arrow

    def _frame(self, grid: list[list[str]], x: int, y: int, columns: int, text: str) -> None:
        pen, side = self._pen, self._pen.hard.along
        for row, corners in ((grid[y], pen.upper), (grid[y + 2], pen.lower)):
            row[x : x + columns] = [corners[0], *pen.hard.across * (columns - 2), corners[1]]
        # A wide character takes one item of the list; the next item is empty.
        middle = [text, *[""] * (width(text) - 1)] if text else []
        middle += [" "] * (columns - 2 - len(middle))
        leaving = (x + columns - 1, y + 1) in self._leavings
        grid[y + 1][x : x + columns] = [side, *middle, pen.leaving if leaving else side]


def _towards(corner: Point, other: Point) -> int:
    if other[0] != corner[0]:
        return _LEFT if other[0] < corner[0] else _RIGHT
    return _UP if other[1] < corner[1] else _DOWN
