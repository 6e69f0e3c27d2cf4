"""Snapshots of the search screen."""

from tests.app_harness import AppHarness
from tests.snapshots.conftest import Picture


def test_empty_search_lists_the_filters(
    harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(harness, size, "5")


def test_filter_completion(harness: AppHarness, picture: Picture, size: tuple[int, int]) -> None:
    picture(harness, size, "5", *"the", "space", *"st")


def test_search_without_matches(
    harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(harness, size, "5", *"nowhere")
