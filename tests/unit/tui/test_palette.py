"""Names in the palette are plain text."""

from textual.fuzzy import Matcher

from tui.screens.palette import highlighted


def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    assert highlighted(Matcher("evil"), "[/evil] [b]").plain == "[/evil] [b]"
