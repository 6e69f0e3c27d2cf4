"""Pictures of figures out of characters: columns, courses and bars, as wide as is asked for. Pure.

What a colour tells a sign tells too: each of several things in one column has a fill of its own.
"""

from collections.abc import Callable, Sequence
from typing import Final

from textual.content import Content

from ingest.text import bars
from ingest.text.bars import LEVELS
from tui import content

FILLS: Final = (("█", "blue"), ("▓", "cyan"), ("▒", "magenta"), ("░", "yellow"))
"""Of the things in a column, from the bottom: a sign, and its tone."""
MARGIN: Final = 8
"""Columns to the left of a picture, for how much its top is."""

Say = Callable[[float], str]
Ends = tuple[str, str]
"""What stands below the first and the last column."""


def columns(
    series: Sequence[Sequence[float]],
    say: Say,
    ends: Ends,
    width: int,
    height: int,
    beside: Sequence[Sequence[float]] = (),
) -> list[Content]:
    """Columns of several things on top of each other, one in each of `series`.

    What stands `beside` it has the same scale.
    """
    room = max(1, width - MARGIN)
    stacks = _stacks(series, room)
    most = max((sum(stack) for stack in (*stacks, *_stacks(beside, room))), default=0.0)
    each = min(9, max(1, room // max(1, len(stacks))))
    gap = 1 if each > 2 else 0
    lines = []
    for row in range(height, 0, -1):
        cells = [_cell(stack, most, row, height, each - gap) for stack in stacks]
        lines.append(_label(say(most), row == height) + Content(" " * gap).join(cells))
    return [*lines, *_axis(ends, each * len(stacks) - gap)]


def course(values: Sequence[float], say: Say, ends: Ends, width: int, height: int) -> list[Content]:
    """One thing over time, each value as high as it is of the highest."""
    room = max(1, width - MARGIN)
    spread = _stretched(values, room)
    most = max(spread)
    lines = []
    for row in range(height, 0, -1):
        signs = "".join(_part(value, most, row, height) for value in spread)
        lines.append(_label(say(most), row == height) + content.block(signs, "blue"))
    return [*lines, *_axis(ends, room)]


def bar(share: float, width: int, tone: str = "blue") -> Content:
    """A share of 1; what is there at all is at least one sign long."""
    filled = bars.bar(share, 1, width=width)
    return content.block(filled, tone) + content.block("·" * (width - len(filled)), "dim")


def _label(text: str, shown: bool) -> Content:
    return content.block(f"{text if shown else '':>{MARGIN - 1}} ", "dim")


def _axis(ends: Ends, room: int) -> list[Content]:
    left, right = ends
    gap = max(1, room - len(left) - len(right))
    margin = " " * MARGIN
    return [
        content.block(margin + "─" * room, "dim"),
        content.block(f"{margin}{left}{' ' * gap}{right}", "dim"),
    ]


def _cell(stack: Sequence[float], most: float, row: int, height: int, wide: int) -> Content:
    """What one column shows in one line of the picture."""
    total = sum(stack)
    if len(stack) == 1:
        return content.block(_part(total, most, row, height) * wide, FILLS[0][1])
    # That thing is shown which the middle of the line belongs to. Of little there is a line too.
    middle = (row - 0.5) / height * most
    if total > 0 and (middle <= total or row == 1):
        reached = 0.0
        for (sign, tone), value in zip(FILLS, stack, strict=False):
            reached += value
            if value > 0 and reached >= min(middle, total):
                return content.block(sign * wide, tone)
    return Content(" " * wide)


def _part(value: float, most: float, row: int, height: int) -> str:
    """How much of one line a value fills; what is there at all shows in the lowest."""
    if most <= 0 or value <= 0:
        return " "
    steps = max(1, round(value / most * height * len(LEVELS)))
    here = steps - (row - 1) * len(LEVELS)
    return " " if here <= 0 else LEVELS[min(here, len(LEVELS)) - 1]


def _stacks(series: Sequence[Sequence[float]], room: int) -> list[tuple[float, ...]]:
    return list(zip(*(_added(values, room) for values in series), strict=True))


def _added(values: Sequence[float], room: int) -> list[float]:
    """At most as many as there is room for; of too many, those in a row are added up."""
    each = max(1, -(-len(values) // room))
    return [sum(values[at : at + each]) for at in range(0, len(values), each)]


def _stretched(values: Sequence[float], room: int) -> list[float]:
    """Exactly as many as there is room for; of too many, the highest of those in a row."""
    count = len(values)
    places = range(room)
    if count <= room:
        return [values[place * count // room] if count else 0.0 for place in places]
    return [max(values[place * count // room : (place + 1) * count // room]) for place in places]
