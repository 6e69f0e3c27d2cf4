"""The journal, in its states."""

from tests.app_harness import Stage
from tests.snapshots.conftest import Picture


def test_the_newest_day_is_told_beside_the_days(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "4")


def test_a_session_is_told_when_the_cursor_is_on_it(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "4", "j")


def test_what_a_log_says_is_drawn_as_text(stage: Stage, picture: Picture) -> None:
    picture(stage, (120, 40), "4", "j", "j", "j")


def test_on_a_narrow_screen_enter_shows_the_page_alone(stage: Stage, picture: Picture) -> None:
    picture(stage, (80, 24), "4", "j", "enter")


def test_export_asks_which_one(stage: Stage, picture: Picture) -> None:
    picture(stage, (120, 40), "4", "j", "space", "e")


def test_an_empty_journal_says_what_will_be_here(empty_stage: Stage, picture: Picture) -> None:
    picture(empty_stage, (80, 24), "4")
