"""A window too small for anything: a sentence is written to it, and no screen.

Textual fails to wrap text in no columns, wherever that happens. So screens are never laid out in
fewer columns and rows than `SMALLEST`, however small the window is.
"""

import textwrap
from typing import Final

from rich.control import Control
from rich.segment import Segment, Segments
from textual.geometry import Size

SMALLEST: Final = Size(24, 6)


def laid_out(window: Size) -> Size:
    """The size that screens are laid out in."""
    return Size(max(window.width, SMALLEST.width), max(window.height, SMALLEST.height))


def is_too_small(window: Size) -> bool:
    return laid_out(window) != window


def sentence(window: Size) -> Segments:
    """What is written instead; only ASCII, because no filter sees it."""
    lines = textwrap.wrap("The window is too small.", max(1, window.width))
    written = [Control.home().segment, Control.clear().segment]
    for row, line in enumerate(lines[: window.height]):
        written += [Control.move_to(0, row).segment, Segment(line)]
    return Segments(written)
