"""Bars and lines of text: a share as a bar, a course as one character a value. Pure."""

from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-=+*#@"
WIDTH = 24


def bar(value: float, most: float, *, width: int = WIDTH, ascii: bool = False) -> str:
    """As long as the value is of the most; what is there at all is at least one character."""
    if most <= 0 or value <= 0:
        return ""
    return ("#" if ascii else "█") * max(1, round(width * min(1.0, value / most)))


def sparkline(values: Sequence[float], *, ascii: bool = False) -> str:
    """The values in their order, each as high as it is of the highest; nothing is lowest."""
    levels = _ASCII_LEVELS if ascii else _LEVELS
    most = max(values, default=0)
    if most <= 0:
        return levels[0] * len(values)
    return "".join(_level(value / most, levels) for value in values)


def _level(share: float, levels: str) -> str:
    # Only nothing has the lowest level, so that little can be told from nothing.
    return levels[0] if share <= 0 else levels[max(1, round(share * (len(levels) - 1)))]
