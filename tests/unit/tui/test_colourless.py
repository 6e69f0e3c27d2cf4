"""Without colours: no colour is sent, and what stands out by its background is reversed."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tui.colourless import Colourless

SCREEN = Color.parse("#12151a")


def drawn(style: str) -> Style:
    (segment,) = Colourless().apply([Segment("text", Style.parse(style))], SCREEN)
    assert segment.style is not None
    return segment.style


def test_no_colour_is_left() -> None:
    for style in ("#ff0000 on #12151a", "bold #9da6b3 on #191d24", "red", "white on #2f5a8f"):
        found = drawn(style)
        assert found.color is None or found.color.is_default
        assert found.bgcolor is None or found.bgcolor.is_default


def test_the_row_under_the_cursor_is_reversed_and_a_faint_shade_is_not() -> None:
    assert drawn("white on #2f5a8f").reverse
    assert not drawn("white on #191d24").reverse
    assert drawn("bold white on #191d24").bold


def test_a_segment_without_a_style_stays_as_it_is() -> None:
    assert Colourless().apply([Segment("text")], SCREEN) == [Segment("text")]
