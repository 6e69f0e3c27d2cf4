"""Formats numbers for people: sizes, counts, bars and sparklines. Pure."""

from collections.abc import Sequence

LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-=+*#@"
WIDTH = 24
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def size(count: int) -> str:
    number = float(count)
    for unit in _SIZES:
        if number < 1024 or unit == _SIZES[-1]:
            break
        number /= 1024
    return f"{count} B" if unit == "B" else f"{number:.1f} {unit}"


def tokens(count: int) -> str:
    if count < 10_000:
        return str(count)
    for divisor, unit in ((10**3, "k"), (10**6, "M")):
        if count < 1000 * divisor:
            return f"{count / divisor:.1f}{unit}"
    return f"{count / 10**9:.1f}G"


def pluralize(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("ry"):
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('ch', 's', 'x')) else 's'}"


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
