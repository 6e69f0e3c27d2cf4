"""What is written to the terminal: no control characters, and only ASCII if asked for."""

from pathlib import Path

import pytest
import textual
from rich.segment import Segment
from textual.color import Color

from ingest.text.sanitize import width
from tui.output_sanitizer import OutputSanitizer

BLACK = Color(0, 0, 0)
TEXTUAL_SOURCES = ("scrollbar.py", "_border.py", "renderables/bar.py", "command.py")
"""Files of Textual with the characters that it draws itself."""


def sanitized(text: str, *, ascii: bool) -> str:
    return OutputSanitizer(ascii=ascii).apply([Segment(text)], BLACK)[0].text


@pytest.mark.parametrize("ascii", [False, True])
def test_control_characters_are_removed(ascii: bool) -> None:
    assert "\x1b" not in sanitized("a\x1b[31mb\x9bc", ascii=ascii)


@pytest.mark.parametrize("file", TEXTUAL_SOURCES)
def test_characters_drawn_by_textual_have_an_ascii_replacement_of_the_same_width(file: str) -> None:
    source = (Path(textual.__file__).parent / file).read_text(encoding="utf-8")
    for character in {each for each in source if not each.isascii()}:
        replacement = sanitized(character, ascii=True)
        assert replacement.isascii()
        assert "?" not in replacement, character
        assert len(replacement) == width(character)
