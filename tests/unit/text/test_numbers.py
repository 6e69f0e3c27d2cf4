"""Numbers, durations and ages for people."""

from datetime import datetime, timedelta

import pytest

from ingest.text.numbers import pluralize, size, tokens
from ingest.text.times import age, ago, duration


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024**3, "5.0 GiB")],
)
def test_size_uses_the_fitting_unit(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (9999, "9999"), (12_345, "12.3k"), (4_492_753, "4.5M"), (2 * 10**9, "2.0G")],
)
def test_token_counts_are_abbreviated(count: int, text: str) -> None:
    assert tokens(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.25, "0.2 s"),
        (42, "42 s"),
        (130, "2 m 10 s"),
        (47 * 60, "47 m"),
        (3 * 3600 + 10 * 60, "3 h 10 m"),
        (3 * 86_400, "3 d"),
        (729 * 86_400, "729 d"),
        (1461 * 86_400, "4 y"),
        (-5, "0.0 s"),
    ],
)
def test_duration_uses_the_fitting_unit(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_missing_time_is_shown_as_never() -> None:
    now = datetime(2026, 11, 21, 12)
    assert ago(None, now) == "never"
    assert ago(datetime(2026, 11, 21, 11, 59), now) == "1 m 0 s ago"


def test_one_is_singular() -> None:
    assert pluralize(1, "line") == "1 line"
    assert pluralize(1200, "line") == "1,200 lines"


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 s"), (0.05, "3 s"), (2.5, "2 m"), (190, "3 h"), (4320, "3 d")]
)
def test_an_age_fits_into_a_column(minutes: float, text: str) -> None:
    now = datetime(2026, 11, 21, 8)
    assert age(now - timedelta(minutes=minutes), now) == text
    assert age(now + timedelta(minutes=5), now) == "0 s"
    assert age(None, now) == ""
