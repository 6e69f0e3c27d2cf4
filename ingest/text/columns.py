"""Which columns of a table fit, and how narrow the others become. Pure.

Used by the tables of the command line and by the lists of the dashboard. Short, because both use
nothing else in common.
"""

from collections.abc import Iterable, Sequence

GAP = 2
"""Blanks between two columns."""


def kept_columns(widths: Sequence[int], spare: Sequence[int], available: int | None) -> list[int]:
    """The columns that fit: of those with a `spare` above 0, the highest are left out first."""
    shown = list(range(len(widths)))
    while available is not None and shown and total(widths[i] for i in shown) > available:
        last = max(shown, key=lambda i: spare[i])
        if not spare[last]:
            break
        shown.remove(last)
    return shown


def shrink(widths: list[int], least: Sequence[int], available: int | None) -> None:
    """Narrow the columns that can give most, down to their least width, until all fit."""
    excess = 0 if available is None else total(widths) - available
    while excess > 0 and widths:
        widest = max(range(len(widths)), key=lambda i: widths[i] - least[i])
        if widths[widest] <= least[widest]:
            return
        widths[widest] -= 1
        excess -= 1


def total(widths: Iterable[int]) -> int:
    """The width of the columns and the gaps between them."""
    listed = list(widths)
    return sum(listed) + GAP * max(0, len(listed) - 1)
