"""Removes all colours, as NO_COLOR asks. What only its background tells from the rest, such as the
row under the cursor, is reversed instead.
"""

from functools import lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import NoColor

_CLEAR: Final = 0.12
"""Two backgrounds whose brightness differs by less are taken for one."""


class Colourless(NoColor):
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, style and _without_colours(style, background), control)
            for text, style, control in segments
        ]


@lru_cache(2048)
def _without_colours(style: Style, background: Color) -> Style:
    plain = style + NoColor.DEFAULT_COLORS
    return plain + Style(reverse=True) if _stands_out(style.bgcolor, background) else plain


def _stands_out(own: RichColor | None, background: Color) -> bool:
    if own is None or own.is_default:
        return False
    return abs(Color.from_rich_color(own).brightness - background.brightness) > _CLEAR
