"""The heading of a session is fitted to its width."""

from ingest.projects.git.alignment import AlignmentState
from tests.build.session import session
from tui.screens.board_card import alignment_text
from tui.screens.session_heading import heading


def test_a_long_title_is_shortened_before_project_and_tokens() -> None:
    long = session(title="Explain every module of this program " * 3)
    shown = heading(long, 78).plain
    assert len(shown) <= 78
    assert "Explain every module" in shown
    assert shown.endswith("…  sample  0 tokens")


def test_where_little_room_is_left_the_tokens_go_before_the_checkout() -> None:
    long = session(title="Explain every module of this program " * 3)
    shown = heading(long, 64, alignment=alignment_text(AlignmentState.OTHER_BRANCH)).plain
    assert len(shown) <= 64
    assert shown.endswith("sample  checkout on another branch")
