"""Replaces the screen by a message if the terminal is too small for any layout. A module of its own
to keep `dashboard.py` short.

Textual fails to wrap text at a width of zero. So no screen is laid out smaller than `SMALLEST`,
however small the window is.
"""

import textwrap
from typing import Final

from rich.control import Control
from rich.segment import Segment, Segments
from textual.geometry import Size

SMALLEST: Final = Size(24, 6)


def layout_size(window: Size) -> Size:
    """The size for which screens are laid out."""
    return Size(max(window.width, SMALLEST.width), max(window.height, SMALLEST.height))


def is_too_small(window: Size) -> bool:
    return layout_size(window) != window


def too_small_message(window: Size) -> Segments:
    """What is drawn instead of the screen. Only ASCII: the output sanitizer does not see it."""
    lines = textwrap.wrap("The window is too small.", max(1, window.width))
    segments = [Control.home().segment, Control.clear().segment]
    for row, line in enumerate(lines[: window.height]):
        segments += [Control.move_to(0, row).segment, Segment(line)]
    return Segments(segments)
