"""Formats numbers, durations and sizes for people. Pure."""

from datetime import datetime

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


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{max(0.0, seconds):.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s" if whole < 600 else f"{whole // 60} m"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    days = whole // 86_400
    return f"{days} d" if days < 730 else f"{days * 4 // 1461} y"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long before `now` this was; both are naive UTC."""
    return "never" if moment is None else f"{duration((now - moment).total_seconds())} ago"


def age(moment: datetime | None, now: datetime) -> str:
    """The age of `moment` in one unit, for a narrow column."""
    if moment is None:
        return ""
    seconds = max(0.0, (now - moment).total_seconds())
    number, unit = duration(seconds).split()[:2]
    return f"{number.split('.')[0]} {unit}"


def pluralize(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("ry"):
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('ch', 's', 'x')) else 's'}"
