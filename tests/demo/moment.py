"""The story's now: all its times are said from there."""

from datetime import timedelta

from tests.build.line import START_MS

NOW_MS = START_MS + 20 * 86_400_000


def ago_ms(**ago: float) -> int:
    """So long before now (days=…, hours=…, minutes=…), or after it where that is negative."""
    return NOW_MS - round(timedelta(**ago).total_seconds() * 1000)
