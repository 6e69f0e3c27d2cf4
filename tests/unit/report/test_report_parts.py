"""Bars, sparklines, classes and periods of a report."""

from datetime import UTC, datetime

import pytest

from ingest.errors import InvalidPeriod
from ingest.report.disk import record_class, sum_by_class
from ingest.report.period import parse_period
from ingest.report.report import MAX_BUCKETS, bucket_seconds
from ingest.text.numbers import bar, sparkline

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


def test_a_bar_is_proportional_and_never_empty_for_a_positive_share() -> None:
    assert bar(5, 10, width=10) == "█" * 5
    assert bar(1, 1_000_000, width=10) == "█"
    assert bar(0, 10) == bar(3, 0) == ""
    assert bar(20, 10, width=4, ascii=True) == "####"


def test_a_sparkline_distinguishes_small_values_from_zero() -> None:
    assert sparkline([0, 1, 1000]) == "▁▂█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
    assert sparkline([0, 1, 1000], ascii=True).isascii()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("replayed", "replayed history"),
        ("?event_msg/new_thing", "unknown records"),
        ("response_item/function_call_output", "tool output"),
        ("response_item/function_call", "tool calls"),
        ("response_item/image_generation_call", "images"),
        ("response_item/reasoning", "reasoning"),
        ("event_msg/user_message", "messages"),
        ("event_msg/token_count", "token counts"),
        ("event_msg/task_started", "other events"),
    ],
)
def test_kinds_of_records_belong_to_classes(kind: str, name: str) -> None:
    assert record_class(kind) == name


def test_classes_add_up_and_the_largest_comes_first() -> None:
    kinds = [
        {"kind": "event_msg/user_message", "lines": 1, "bytes": 10},
        {"kind": "response_item/message", "lines": 2, "bytes": 20},
        {"kind": "response_item/reasoning", "lines": 1, "bytes": 50},
        {"kind": "replayed", "lines": 0, "bytes": 0},
    ]
    found = [(one.name, one.lines, one.bytes) for one in sum_by_class(kinds)]
    assert found == [("reasoning", 1, 50), ("messages", 3, 30)]


def test_a_period_is_a_duration_a_day_or_a_version() -> None:
    assert parse_period("0.91.0", NOW, UTC).version == "0.91.0"
    assert parse_period("v0.91.0-alpha.2", NOW, UTC).version == "0.91.0-alpha.2"
    day = parse_period("2026-11-01", NOW, UTC)
    assert (day.since, day.until) == (datetime(2026, 11, 1), datetime(2026, 11, 2))
    stretch = parse_period("2026-11-01..2026-11-03", NOW, UTC)
    assert (stretch.since, stretch.until) == (datetime(2026, 11, 1), datetime(2026, 11, 4))
    assert parse_period("..yesterday", NOW, UTC).since is None
    assert parse_period("7d..", NOW, UTC).until is None


@pytest.mark.parametrize("text", ["", "..", "soon", "7d", "2026-11-03..2026-11-01", "1d..now..x"])
def test_an_invalid_period_is_reported(text: str) -> None:
    with pytest.raises(InvalidPeriod, match="is not a valid period"):
        parse_period(text, NOW, UTC)


@pytest.mark.parametrize("seconds", [0, 60, 3600, 86_400, 400 * 86_400, 40_000 * 86_400])
def test_the_number_of_intervals_fits_into_a_line(seconds: float) -> None:
    assert seconds / bucket_seconds(seconds) <= MAX_BUCKETS
