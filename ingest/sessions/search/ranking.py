"""How much a text counts in a search by its kind and its age. How its words count is up to the
engine. Pure."""

from datetime import datetime, timedelta
from typing import Final

_WEIGHTS: Final = {
    "prompt": 1.0, "answer": 0.8, "call": 0.65, "file": 0.7, "script": 0.2, "self": 0.1,
}  # fmt: skip
_OTHER_WEIGHT: Final = 0.9
_MICROSECOND: Final = timedelta(microseconds=1)
_HALF_LIFE: Final = timedelta(days=365) // _MICROSECOND
"""After this time a text counts half as much."""
_UNIX_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as the database keeps time
_EPOCH: Final = (datetime(2026, 1, 1) - _UNIX_EPOCH) // _MICROSECOND  # noqa: DTZ001
_AT_EPOCH: Final = 16.0
"""How much a prompt of the epoch counts. The engine can tell factors from 1 to 1023 apart: texts of
four years before the epoch until six years after it."""
_LEAST_FACTOR: Final = 1.0
_GREATEST_FACTOR: Final = 1023.0


def age_factor(time: int | None) -> float:
    """How much a prompt of this time counts, in microseconds since 1970."""
    if time is None:
        return _LEAST_FACTOR
    lives = (time - _EPOCH) / _HALF_LIFE
    # Comparisons take half of the time of `min` and `max`, and this runs for every indexed text.
    lives = -30.0 if lives < -30.0 else min(lives, 30.0)
    return _AT_EPOCH * float(2.0**lives)


def weight(kind: str, time: int | None) -> float:
    """What the engine makes a factor of kind and age: it multiplies by log2(2 + weight)."""
    factor = _WEIGHTS.get(kind, _OTHER_WEIGHT) * age_factor(time)
    if factor < _LEAST_FACTOR:
        factor = _LEAST_FACTOR
    elif factor > _GREATEST_FACTOR:
        factor = _GREATEST_FACTOR
    return float(2.0**factor - 2.0)


def micros(time: datetime) -> int:
    return (time - _UNIX_EPOCH) // _MICROSECOND


def time_from(number: int) -> datetime:
    return _UNIX_EPOCH + number * _MICROSECOND
