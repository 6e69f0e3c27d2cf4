"""The pipeline, in its states: batches and what is known of one, files, rejected lines, the log."""

from collections.abc import Iterator

import pytest

from tests.app_harness import Stage
from tests.sample_failures import troubled
from tests.snapshots.conftest import Picture


@pytest.fixture(scope="module")
def unwell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with troubled(tmp_path_factory.mktemp("unwell")) as stage:
        yield stage


def test_batches_that_need_somebody_come_first_with_their_story(
    unwell: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(unwell, size, "3")


def test_the_story_of_one_batch_on_a_narrow_screen(unwell: Stage, picture: Picture) -> None:
    picture(unwell, (80, 24), "3", "enter")


def test_the_kinds_of_errors(unwell: Stage, picture: Picture) -> None:
    picture(unwell, (120, 40), "3", "g")


def test_a_bulk_retry_says_how_many_and_names_five(unwell: Stage, picture: Picture) -> None:
    picture(unwell, (120, 40), "3", "slash", *"state:failed,dead", "enter", "R")


def test_files_with_something_wrong_come_first(
    unwell: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(unwell, size, "3", "right_square_bracket")


def test_a_rejected_line_is_shown_in_hexadecimal(
    unwell: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(unwell, size, "3", "right_square_bracket", "right_square_bracket", "enter")


def test_the_log_tells_what_people_did(
    unwell: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(unwell, size, "3", "left_square_bracket")


def test_an_empty_pipeline_says_what_will_be_there(empty_stage: Stage, picture: Picture) -> None:
    picture(empty_stage, (80, 24), "3")
