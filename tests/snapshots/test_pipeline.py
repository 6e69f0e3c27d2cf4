"""Snapshots of the pipeline screen: batches, files, rejected lines, the log."""

from collections.abc import Iterator

import pytest

from tests.app_harness import AppHarness
from tests.sample_failures import run_failing_harness
from tests.snapshots.conftest import Picture


@pytest.fixture(scope="module")
def failing_harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppHarness]:
    with run_failing_harness(tmp_path_factory.mktemp("failing")) as harness:
        yield harness


def test_batches_that_need_attention_come_first(
    failing_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(failing_harness, size, "3")


def test_details_of_a_batch_on_a_narrow_screen(
    failing_harness: AppHarness, picture: Picture
) -> None:
    picture(failing_harness, (80, 24), "3", "tab")


def test_batches_grouped_by_error(failing_harness: AppHarness, picture: Picture) -> None:
    picture(failing_harness, (120, 40), "3", "v")


def test_bulk_retry_asks_for_confirmation(failing_harness: AppHarness, picture: Picture) -> None:
    # Back to the top: on a busy machine the list is also loaded for a part of the filter.
    picture(failing_harness, (120, 40), "3", "slash", *"state:failed,dead", "enter", "home", "R")


def test_files_with_problems_come_first(
    failing_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(failing_harness, size, "3", "right_square_bracket")


def test_hex_dump_of_a_rejected_line(
    failing_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(failing_harness, size, "3", "right_square_bracket", "right_square_bracket", "enter")


def test_log_lists_actions_and_failures(
    failing_harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(failing_harness, size, "3", *["left_square_bracket"] * 3)


def test_empty_pipeline(empty_harness: AppHarness, picture: Picture) -> None:
    picture(empty_harness, (80, 24), "3")
