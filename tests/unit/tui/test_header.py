"""The line above everything gets shorter in steps, the least important first, and never wraps."""

from datetime import datetime, timedelta

import pytest

from tui.summary import Summary
from tui.widgets.header import chips, shortened

NOW = datetime(2026, 11, 21, 14, 3)
BUSY = Summary(3, 1, 1, 1, fresh_at=NOW - timedelta(seconds=2), troubled=1, failed_batches=1)


def said(columns: int) -> str:
    found = chips(BUSY, "/home/dev/.codex", None, NOW, "14:03")
    return "  ".join(text.plain for text, _ in shortened(found, columns))


def test_where_there_is_room_everything_is_said() -> None:
    assert said(200) == (
        "tailboard  /home/dev/.codex  ● 3 running  ◐ 1 waiting  ◆ 1 stalled  ✗ 1 failed  "
        "│ behind 0 B · fresh 2 s  ✗ 1 failed batch  ✗ 1 unreadable  14:03"
    )


def test_the_place_goes_first_and_the_clock_last() -> None:
    assert said(120) == (
        "tailboard  ● 3 running  ◐ 1 waiting  ◆ 1 stalled  ✗ 1 failed  "
        "│ behind 0 B · fresh 2 s  ✗ 1 failed batch  14:03"
    )
    assert said(80).startswith("tailboard  ● 3 running  ◐ 1 waiting")


def test_where_it_is_short_what_failed_can_still_be_told_apart() -> None:
    assert "✗ 1  behind" in said(78)
    assert "✗ 1 batch" in said(78)


@pytest.mark.parametrize("columns", range(36, 200, 7))
def test_it_never_wraps_and_always_says_what_failed(columns: int) -> None:
    assert len(said(columns)) <= columns
    assert "✗ 1" in said(columns)
