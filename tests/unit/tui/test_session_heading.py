"""The heading of a session is fitted to its width."""

from tests.build.session import session
from tui.screens.session_heading import heading


def test_a_long_title_is_shortened_before_project_and_tokens() -> None:
    long = session(title="Explain every module of this program " * 3)
    shown = heading(long, 78).plain
    assert len(shown) <= 78
    assert "Explain every module" in shown
    assert shown.endswith("…  sample  0 tokens")
