"""Charts made of characters: stacked columns, lines of levels and bars, of any width. Pure.

The series of a stacked column differ by character as well as by colour.
"""

from collections.abc import Callable, Sequence
from typing import Final

from textual.content import Content

from ingest.text import numbers
from ingest.text.numbers import LEVELS
from tui import content

FILLS: Final = (("█", "blue"), ("▓", "cyan"), ("▒", "magenta"), ("░", "yellow"))
"""Of the series in a column, from the bottom: a character and its tone."""
BAR: Final = "▆"
"""A piece of a horizontal bar."""
MARGIN: Final = 8
"""Terminal columns left of a chart, for the label of its top."""

Format = Callable[[float], str]
AxisLabels = tuple[str, str]
"""Below the first and the last column."""


def column_chart(
    series: Sequence[Sequence[float]],
    format_value: Format,
    axis_labels: AxisLabels,
    width: int,
    height: int,
    scale_with: Sequence[Sequence[float]] = (),
) -> list[Content]:
    """Stacked columns of several series, on a scale that also fits the series `scale_with`."""
    available = max(1, width - MARGIN)
    stacks = _stacks(series, available)
    top = max((sum(stack) for stack in (*stacks, *_stacks(scale_with, available))), default=0.0)
    per_column = min(9, max(1, available // max(1, len(stacks))))
    gap = 1 if per_column > 1 else 0
    ticks = {height, height // 2} if height % 2 == 0 else {height}
    lines = []
    for row in range(height, 0, -1):
        cells = [_cell(stack, top, row, height, per_column - gap) for stack in stacks]
        tick = format_value(row / height * top) if row in ticks else ""
        lines.append(_label(tick) + Content(" " * gap).join(cells))
    return [*lines, *_axis(axis_labels, per_column * len(stacks) - gap)]


def level_line(values: Sequence[float | None], top: float, width: int) -> Content:
    """One line with a character for each value, on a scale up to `top`; a gap for None. Neighbours
    share a character if there are more values than columns: the highest shows."""
    per_column = max(1, -(-len(values) // width))
    columns = [values[at : at + per_column] for at in range(0, len(values), per_column)]
    highest = (
        max((value for value in each if value is not None), default=None) for each in columns
    )
    text = "".join(
        " " if value is None else LEVELS[min(len(LEVELS) - 1, int(value / top * len(LEVELS)))]
        for value in highest
    )
    return content.block(text.ljust(min(width, len(columns))), "blue")


def bar(value: float, maximum: float, width: int) -> str:
    """A bar with a gap above it, so that bars below each other do not run together."""
    return numbers.bar(value, maximum, width=width).replace("█", BAR)


def share_bar(share: float, width: int, tone: str = "blue") -> Content:
    """A share of 1 as a bar. Any share above 0 is at least one character long."""
    filled = bar(share, 1, width)
    return content.block(filled, tone) + content.block("·" * (width - len(filled)), "dim")


def _label(tick: str) -> Content:
    return content.block(f"{tick:>{MARGIN - 1}} ", "dim")


def _axis(axis_labels: AxisLabels, available: int) -> list[Content]:
    left, right = axis_labels
    gap = max(1, available - len(left) - len(right))
    return [
        _label("0") + content.block("─" * available, "dim"),
        content.block(f"{' ' * MARGIN}{left}{' ' * gap}{right}", "dim"),
    ]


def _cell(stack: Sequence[float], top: float, row: int, height: int, width: int) -> Content:
    """The cell of one column in one line of the chart."""
    total = sum(stack)
    if len(stack) == 1:
        return content.block(_partial_block(total, top, row, height) * width, FILLS[0][1])
    # Shows the series at the middle of the line. Small columns are at least one line high.
    middle = (row - 0.5) / height * top
    if total > 0 and (middle <= total or row == 1):
        so_far = 0.0
        for (fill, tone), value in zip(FILLS, stack, strict=False):
            so_far += value
            if value > 0 and so_far >= min(middle, total):
                return content.block(fill * width, tone)
    return Content(" " * width)


def _partial_block(value: float, top: float, row: int, height: int) -> str:
    """How much of a line a value fills. Any value above 0 shows in the lowest line."""
    if top <= 0 or value <= 0:
        return " "
    steps = max(1, round(value / top * height * len(LEVELS)))
    in_line = steps - (row - 1) * len(LEVELS)
    return " " if in_line <= 0 else LEVELS[min(in_line, len(LEVELS)) - 1]


def _stacks(series: Sequence[Sequence[float]], available: int) -> list[tuple[float, ...]]:
    return list(zip(*(_summed(values, available) for values in series), strict=True))


def _summed(values: Sequence[float], available: int) -> list[float]:
    """At most `available` values: neighbours are added up if there are more."""
    per_column = max(1, -(-len(values) // available))
    return [sum(values[at : at + per_column]) for at in range(0, len(values), per_column)]
