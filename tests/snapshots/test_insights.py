"""Snapshots of the insights screen."""

from tests.app_harness import AppHarness
from tests.snapshots.conftest import Picture


def test_comparison_of_two_periods(
    harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(harness, size, "6", "T", "T", "T", "B", "tab", "G")


def test_empty_insights(empty_harness: AppHarness, picture: Picture, size: tuple[int, int]) -> None:
    picture(empty_harness, size, "6")
