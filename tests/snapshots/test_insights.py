"""Snapshots of the insights screen."""

from tests.app_harness import AppHarness
from tests.snapshots.conftest import Picture


def test_comparison_of_two_periods(
    harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    to_charts = ("tab",) if size[0] > 80 else ()  # On a narrow screen, B goes there.
    picture(harness, size, "6", "T", "T", "T", "B", *to_charts, "G")


def test_empty_insights(empty_harness: AppHarness, picture: Picture, size: tuple[int, int]) -> None:
    picture(empty_harness, size, "6")
