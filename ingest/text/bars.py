"""Bars and sparklines made of characters. Pure."""

from collections.abc import Sequence

LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-=+*#@"
WIDTH = 24


def bar(value: float, maximum: float, *, width: int = WIDTH, ascii: bool = False) -> str:
    """A bar as long as `value` is of `maximum`; at least one cell for a positive value."""
    if maximum <= 0 or value <= 0:
        return ""
    return ("#" if ascii else "█") * max(1, round(width * min(1.0, value / maximum)))


def sparkline(values: Sequence[float], *, ascii: bool = False) -> str:
    """One character per value, scaled to the highest value; the lowest level means zero."""
    levels = _ASCII_LEVELS if ascii else LEVELS
    maximum = max(values, default=0)
    if maximum <= 0:
        return levels[0] * len(values)
    return "".join(_level(value / maximum, levels) for value in values)


def _level(share: float, levels: str) -> str:
    # The lowest level is reserved for zero, so that small values differ from zero.
    return levels[0] if share <= 0 else levels[max(1, round(share * (len(levels) - 1)))]
