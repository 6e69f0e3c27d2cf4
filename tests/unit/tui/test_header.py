"""The header is shortened step by step, the least important parts first, and never wraps."""

from datetime import datetime, timedelta

import pytest

from ingest.sessions.limits import Limit
from tui.summary import Summary
from tui.widgets.header import chips, shortened

NOW = datetime(2026, 11, 21, 14, 3)
BUSY = Summary(3, 1, 1, 1, last_line_at=NOW - timedelta(seconds=2), unreadable=1, failed_batches=1)


def header(columns: int) -> str:
    parts = chips(BUSY, "/home/dev/.codex", None, NOW, "14:03")
    return "  ".join(text.plain for text, _ in shortened(parts, columns))


def test_wide_header_shows_everything() -> None:
    assert header(200) == (
        "tailboard  /home/dev/.codex  ● 3 running  ◐ 1 waiting  ◆ 1 stalled  ✗ 1 failed  "
        "│ behind 0 B · last line 2 s ago  ✗ 1 batch  ✗ 1 unreadable  14:03"
    )


def test_home_is_dropped_first_and_clock_last() -> None:
    assert header(125) == (
        "tailboard  ● 3 running  ◐ 1 waiting  ◆ 1 stalled  ✗ 1 failed  "
        "│ behind 0 B · last line 2 s ago  ✗ 1 batch  14:03"
    )
    assert header(80).startswith("tailboard  ● 3 running  ◐ 1 waiting")


def test_short_header_still_distinguishes_failed_sessions_from_failed_batches() -> None:
    assert "✗ 1  behind" in header(78)
    assert "✗ 1 batch" in header(78)


@pytest.mark.parametrize("columns", range(36, 200, 7))
def test_header_never_wraps_and_always_shows_failures(columns: int) -> None:
    assert len(header(columns)) <= columns
    assert "✗ 1" in header(columns)


def limit(name: str, used: float) -> Limit:
    resets_at = NOW + timedelta(hours=1)
    return Limit(name, 300, used, resets_at, None, NOW, None, "codex", None, "")


@pytest.mark.parametrize(
    ("used", "columns", "shown"),
    [
        (62.0, 130, "│ 5 h 62 % · week 18 %, resets "),
        (62.0, 40, None),
        (85.0, 40, "5 h 85 %"),
    ],
)
def test_limits_are_shown_where_there_is_room_or_where_they_are_nearly_used_up(
    used: float, columns: int, shown: str | None
) -> None:
    quiet = Summary(limits=(limit("5 h", used), limit("week", 18.0)))
    parts = chips(quiet, "/home/dev/.codex", None, NOW, "14:03")
    line = "  ".join(text.plain for text, _ in shortened(parts, columns))
    assert len(line) <= columns
    assert shown in line if shown else "%" not in line
