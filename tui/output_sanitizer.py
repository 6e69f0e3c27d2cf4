"""Filters everything that is drawn: removes control characters, and with `TAILBOARD_ASCII=1`
replaces all other characters than ASCII, keeping the columns.

Text is already sanitized where it becomes `Content` (`content.py`). This is the second line of
defence.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from ingest.text.state_style import STATE_STYLES


def _pairs(characters: str, replacements: str) -> dict[int, str]:
    return dict(zip(map(ord, characters), replacements, strict=True))


_CONTROL_CHARACTERS: Final = dict.fromkeys([*range(32), *range(127, 160)], "�")
_TEXT: Final = _pairs("…⋯·•–—−’‘“”×±\u00a0", "~~-----''\"\"x+ ")
"""Characters of sentences and numbers, which nobody takes for signs."""
_ASCII: Final[dict[int, str]] = {
    **{ord(style.glyph): style.ascii for style in STATE_STYLES.values()},
    **_pairs("│┃▌▐▏▎▕║╎─━═╌", "|||||||||----"),
    # Bars, levels of charts and their fills: none is the sign of a state.
    **_pairs("▁▔▂▃▄▅▆▇█▀▓▒░▰▱", "__,,:%####%+:#-"),
    # Drawn by Textual: scroll bars, borders and the palette.
    **_pairs("▉▊▋▍╍╏╸╺", "||||-|--"),
    **dict.fromkeys(map(ord, "╔╗╚╝▖▗▘▙▛▜▝▟┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛"), "+"),
    ord("🔎"): "> ",
    **_pairs("→←↓↑↕↳▸▶▷▾▼◂◀◁⏎↵›▪■□☠", "><v^/\\>>>vv<<<<<>@#_X"),
    **_TEXT,
}


class OutputSanitizer(LineFilter):
    def __init__(self, *, ascii: bool) -> None:
        super().__init__()
        self._replacements: Mapping[int, str] = _ASCII if ascii else {}
        self._ascii = ascii

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(_is_safe(segment.text, ascii=self._ascii) for segment in segments):
            return segments
        return [
            segment if segment.control else Segment(self._sanitized(segment.text), segment.style)
            for segment in segments
        ]

    def _sanitized(self, text: str) -> str:
        text = text.translate(_CONTROL_CHARACTERS)
        if not self._ascii or text.isascii():
            return text
        return "".join(map(self._ascii_for, text))

    def _ascii_for(self, character: str) -> str:
        if character.isascii():
            return character
        replacement = self._replacements.get(ord(character))
        if replacement is not None:
            return replacement
        if unicodedata.combining(character):
            return ""
        return "??" if unicodedata.east_asian_width(character) in "WF" else "?"


def _is_safe(text: str, *, ascii: bool) -> bool:
    return text.isascii() and text.isprintable() if ascii else text.isprintable()
