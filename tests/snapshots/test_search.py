"""The search, in its states."""

from tests.app_harness import Stage
from tests.snapshots.conftest import Picture


def test_an_empty_question_says_what_can_be_asked(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "5")


def test_what_was_found_is_marked_in_its_line(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "5", *"test", "down", "down", "down")


def test_a_filter_is_completed(stage: Stage, picture: Picture, size: tuple[int, int]) -> None:
    picture(stage, size, "5", *"the", "space", *"st")


def test_what_is_not_there_says_how_to_go_on(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "5", *"nowhere")
