"""Pictures of figures."""

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from tui import charts

VALUES = st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=300)


def said(value: float) -> str:
    return f"{value:.0f}"


def drawn(lines: list[Content]) -> list[str]:
    return [line.plain.rstrip() for line in lines]


@given(VALUES, st.integers(20, 200), st.integers(1, 9))
def test_a_picture_is_as_wide_and_high_as_was_asked_for(
    values: list[float], width: int, height: int
) -> None:
    short = [value % 10_000 for value in values]
    for made in (
        charts.columns([short], said, ("a", "b"), width, height),
        charts.course(short, said, ("a", "b"), width, height),
    ):
        assert len(made) == height + 2
        assert all(line.cell_length <= max(width, charts.MARGIN + 3) for line in made)


@given(VALUES, st.integers(1, 9))
def test_what_is_there_shows_and_the_most_reaches_the_top(values: list[float], height: int) -> None:
    made = charts.columns([values], said, ("", ""), 400, height)
    lowest, highest = made[height - 1].plain[charts.MARGIN :], made[0].plain[charts.MARGIN :]
    assert lowest.strip() == "" if not any(values) else lowest.strip()
    assert ("█" in highest) == any(values)


def test_things_on_top_of_each_other_have_fills_of_their_own() -> None:
    made = charts.columns([[2, 0, 1], [2, 4, 0]], said, ("Mon", "Wed"), 23, 4)
    assert drawn(made) == [
        "      4 ▓▓▓▓ ▓▓▓▓",
        "        ▓▓▓▓ ▓▓▓▓",
        "        ████ ▓▓▓▓",
        "        ████ ▓▓▓▓ ████",
        "        ──────────────",
        "        Mon        Wed",
    ]


def test_what_stands_beside_has_the_same_scale() -> None:
    made = charts.columns([[4]], said, ("", ""), 12, 2, beside=[[8]])
    assert drawn(made)[:2] == ["      8", "        ███"]


def test_of_too_many_columns_those_in_a_row_are_added_up() -> None:
    made = charts.columns([[1] * 20], said, ("", ""), charts.MARGIN + 10, 1)
    assert drawn(made)[0] == f"      2 {'█' * 10}"


def test_a_course_shows_the_highest_of_those_in_a_row() -> None:
    made = charts.course([0, 8, 0, 0, 4, 4], said, ("", ""), charts.MARGIN + 3, 1)
    assert drawn(made)[0] == "      8 █ ▄"


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_never_longer_than_its_room(share: float, width: int) -> None:
    shown = charts.bar(share, width).plain
    assert len(shown) == width
    assert ("█" in shown) == (share > 0)
