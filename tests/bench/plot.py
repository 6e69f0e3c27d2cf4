"""Bar charts of plain characters on one scale."""

from msgspec import Struct

WIDTH = 44


class Bar(Struct, frozen=True):
    label: str
    value: float
    shown: str


def bars(title: str, rows: list[Bar]) -> str:
    """One bar per row; the longest has the full width."""
    most = max(row.value for row in rows)
    wide = max(len(row.label) for row in rows)
    lines = [
        f"  {row.label:<{wide}} |{'#' * round(WIDTH * row.value / most):<{WIDTH}}| {row.shown}"
        for row in rows
    ]
    return "\n".join([title, *lines])
