"""What leaves for the terminal: nothing that acts, and with ASCII asked for nothing else."""

from pathlib import Path

import pytest
import textual
from rich.segment import Segment
from textual.color import Color

from ingest.text.sanitize import width
from tui.output_sanitizer import OutputSanitizer

BLACK = Color(0, 0, 0)
DRAWN = ("scrollbar.py", "_border.py", "renderables/bar.py", "command.py")
"""Where the library keeps what it draws by itself."""


def passed(text: str, *, ascii: bool) -> str:
    return OutputSanitizer(ascii=ascii).apply([Segment(text)], BLACK)[0].text


@pytest.mark.parametrize("ascii", [False, True])
def test_what_acts_does_not_leave(ascii: bool) -> None:
    assert "\x1b" not in passed("a\x1b[31mb\x9bc", ascii=ascii)


@pytest.mark.parametrize("file", DRAWN)
def test_all_that_the_library_draws_has_a_twin_as_wide_as_it_is(file: str) -> None:
    source = (Path(textual.__file__).parent / file).read_text(encoding="utf-8")
    for sign in {one for one in source if not one.isascii()}:
        twin = passed(sign, ascii=True)
        assert twin.isascii()
        assert "?" not in twin, sign
        assert len(twin) == width(sign)
