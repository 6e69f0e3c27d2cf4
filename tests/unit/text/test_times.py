"""Parsing of times that users type."""

import contextlib
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import InvalidTime
from ingest.text import times

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", datetime(2026, 11, 14, 12, 30)),
        ("-24h", datetime(2026, 11, 20, 12, 30)),
        ("90m", datetime(2026, 11, 21, 11, 0)),
        ("30s", datetime(2026, 11, 21, 12, 29, 30)),
        ("2w", datetime(2026, 11, 7, 12, 30)),
        ("now", datetime(2026, 11, 21, 12, 30)),
        ("today", datetime(2026, 11, 21)),
        ("Yesterday", datetime(2026, 11, 20)),
        ("2026-11-01", datetime(2026, 11, 1)),
        ("20261101", datetime(2026, 11, 1)),
        ("2026-11-01T14:00", datetime(2026, 11, 1, 14)),
        ("2026-11-01T14:00:00+02:00", datetime(2026, 11, 1, 12)),
        ("2026-11-01t14:00:00z", datetime(2026, 11, 1, 14)),
        ("1795248000", datetime(2026, 11, 21, 8)),
        ("1795248000000", datetime(2026, 11, 21, 8)),
    ],
)
def test_every_form_is_parsed(text: str, moment: datetime) -> None:
    assert times.since(text, NOW, UTC) == moment


def test_until_a_day_includes_that_day() -> None:
    assert times.until("2026-11-01", NOW, UTC) == datetime(2026, 11, 2)
    assert times.until("yesterday", NOW, UTC) == datetime(2026, 11, 21)
    assert times.until("24h", NOW, UTC) == times.since("24h", NOW, UTC)


def test_a_day_begins_at_midnight_of_the_zone_whatever_the_season() -> None:
    assert times.since("2026-11-01", NOW, BERLIN) == datetime(2026, 10, 31, 23)
    assert times.since("2026-07-01", NOW, BERLIN) == datetime(2026, 6, 30, 22)


def test_yesterday_is_relative_to_the_local_day() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    east = timezone(timedelta(hours=2))
    assert times.since("yesterday", late, east) == datetime(2026, 11, 20, 22)


def test_local_day_depends_on_the_zone() -> None:
    assert times.local_day(datetime(2026, 11, 20, 23, 30), BERLIN) == date(2026, 11, 21)


@pytest.mark.parametrize("text", ["", "soon", "7", "1234", "2026-13-01", "7 years", "d", "--"])
def test_invalid_time_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(InvalidTime, match="yesterday"):
        times.since(text, NOW, UTC)


@given(st.text(max_size=20))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    moment = None
    with contextlib.suppress(InvalidTime):
        moment = times.since(text, NOW, UTC)
    assert moment is None or moment.tzinfo is None
