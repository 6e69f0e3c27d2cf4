"""Snapshots of the journal screen."""

from tests.app_harness import AppHarness
from tests.snapshots.conftest import Picture


def test_journal_of_the_newest_day(
    harness: AppHarness, picture: Picture, size: tuple[int, int]
) -> None:
    picture(harness, size, "4")


def test_hostile_text_in_the_journal_is_plain_text(harness: AppHarness, picture: Picture) -> None:
    picture(harness, (120, 40), "4", "j", "j", "j")


def test_narrow_journal_shows_one_pane(harness: AppHarness, picture: Picture) -> None:
    picture(harness, (80, 24), "4", "j", "enter")


def test_export_asks_which_journal(harness: AppHarness, picture: Picture) -> None:
    picture(harness, (120, 40), "4", "j", "space", "e")


def test_empty_journal(empty_harness: AppHarness, picture: Picture) -> None:
    picture(empty_harness, (80, 24), "4")
