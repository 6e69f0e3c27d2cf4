"""The insights, in their states."""

from tests.app_harness import Stage
from tests.snapshots.conftest import Picture


def test_what_was_spent_and_how_it_ran(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "6")


def test_two_periods_stand_side_by_side(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "6", "t", "t", "t", "c", "tab", "G")


def test_where_nothing_was_read_nothing_is_drawn(
    empty_stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(empty_stage, size, "6")
