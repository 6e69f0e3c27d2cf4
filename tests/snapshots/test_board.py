"""The board, in its states."""

from tests.app_harness import Stage
from tests.snapshots.conftest import Picture


def test_the_board_shows_what_is_going_on(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size)


def test_an_empty_board_says_what_to_do(
    empty_stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(empty_stage, size)
