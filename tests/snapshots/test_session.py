"""A snapshot of the session screen."""

from tests.app_harness import AppHarness
from tests.snapshots.conftest import Picture


def test_session_timeline(harness: AppHarness, picture: Picture, size: tuple[int, int]) -> None:
    picture(harness, size, "j", "enter", "G", "k", "t")
