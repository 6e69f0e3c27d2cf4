"""One session: its timeline, and a moment of it."""

from tests.app_harness import Stage
from tests.snapshots.conftest import Picture


def test_a_session_is_shown_moment_by_moment(
    stage: Stage, picture: Picture, size: tuple[int, int]
) -> None:
    picture(stage, size, "j", "enter", "G", "k", "t")
