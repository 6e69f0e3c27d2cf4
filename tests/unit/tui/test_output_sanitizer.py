"""What is written to the terminal: no control characters, and only ASCII if asked for."""

import ast
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
import textual
from rich.segment import Segment
from textual.color import Color

import tui
from ingest.text.sanitize import width
from ingest.text.state_style import STATE_STYLES
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


def test_each_sign_of_the_dashboard_has_an_ascii_replacement_of_its_own() -> None:
    signs = {style.glyph for style in STATE_STYLES.values()} | set("↳▸▾│─┼▆▪↕")
    replacements = Counter(sanitized(sign, ascii=True) for sign in signs)
    assert {sign for sign, count in replacements.items() if count > 1} == set()


def test_no_ascii_replacement_is_that_of_a_state_or_missing() -> None:
    states = {style.glyph for style in STATE_STYLES.values()}
    taken = {sanitized(glyph, ascii=True) for glyph in states} | {"?"}
    drawn = set(chain.from_iterable(map(characters_drawn, Path(tui.__file__).parent.rglob("*.py"))))
    for sign in drawn - states - set("×\N{REPLACEMENT CHARACTER}"):
        assert sanitized(sign, ascii=True).strip() not in taken, sign


def characters_drawn(file: Path) -> set[str]:
    """The characters in the texts of a module that are not ASCII."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {each for text in texts if isinstance(text, str) for each in text if not each.isascii()}
