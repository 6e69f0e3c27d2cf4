"""Snapshots of the board."""

from tests.app_harness import AppHarness
from tests.snapshots.conftest import Picture


def test_empty_board_says_what_to_do(
    empty_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(empty_harness, size)
