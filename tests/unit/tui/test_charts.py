"""Charts made of lines of characters."""

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from tui import charts

VALUES = st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=300)


def whole_number(value: float) -> str:
    return f"{value:.0f}"


def plain(lines: list[Content]) -> list[str]:
    return [line.plain.rstrip() for line in lines]


@given(VALUES, st.integers(20, 200), st.integers(1, 9))
def test_a_chart_has_the_requested_size(values: list[float], width: int, height: int) -> None:
    short = [value % 10_000 for value in values]
    chart = charts.column_chart([short], whole_number, ("a", "b"), width, height)
    assert len(chart) == height + 2
    assert all(line.cell_length <= max(width, charts.MARGIN + 3) for line in chart)


@given(VALUES, st.integers(1, 9))
def test_small_values_are_visible_and_the_highest_reaches_the_top(
    values: list[float], height: int
) -> None:
    lines = charts.column_chart([values], whole_number, ("", ""), 400, height)
    lowest, highest = lines[height - 1].plain[charts.MARGIN :], lines[0].plain[charts.MARGIN :]
    assert lowest.strip() == "" if not any(values) else lowest.strip()
    assert ("█" in highest) == any(values)


def test_stacked_series_have_different_characters() -> None:
    lines = charts.column_chart([[2, 0, 1], [2, 4, 0]], whole_number, ("Mon", "Wed"), 23, 4)
    assert plain(lines) == [
        "      4 ▓▓▓▓ ▓▓▓▓",
        "        ▓▓▓▓ ▓▓▓▓",
        "      2 ████ ▓▓▓▓",
        "        ████ ▓▓▓▓ ████",
        "      0 ──────────────",
        "        Mon        Wed",
    ]


def test_a_second_chart_may_define_the_scale() -> None:
    lines = charts.column_chart([[4]], whole_number, ("", ""), 12, 2, scale_with=[[8]])
    assert plain(lines)[:2] == ["      8", "      4 ███"]


def test_neighbouring_columns_are_added_up_if_there_are_too_many() -> None:
    lines = charts.column_chart([[1] * 20], whole_number, ("", ""), charts.MARGIN + 10, 1)
    assert plain(lines)[0] == f"      2 {'█' * 10}"


def test_a_line_of_levels_shows_the_highest_of_neighbours_and_gaps() -> None:
    assert charts.level_line([0, 100, None, None, 50, 104], 100, 3).plain == "█ █"
    assert charts.level_line([0, 100, None, 50], 100, 9).plain == "▁█ ▅"


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_has_the_requested_width(share: float, width: int) -> None:
    shown = charts.share_bar(share, width).plain
    assert len(shown) == width
    assert ("▆" in shown) == (share > 0)
