"""The last look at what is drawn, just before it leaves: no control character passes, and with
`TAILBOARD_ASCII=1` only ASCII does, column for column.

All text is made harmless where it becomes `Content` (`safe.py`); this holds even where that was
forgotten.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from ingest.text.state_style import STATE_STYLES


def _pairs(signs: str, twins: str) -> dict[int, str]:
    return dict(zip(map(ord, signs), twins, strict=True))


_ACTS: Final = dict.fromkeys([*range(32), *range(127, 160)], "�")
_TWINS: Final[dict[int, str]] = {
    **{ord(look.glyph): look.ascii for look in STATE_STYLES.values()},
    **_pairs("│┃▌▐▏▎▕║─━═▁▔▂▃▄▅▆▇█▀", "||||||||---__..-=+*##"),
    # Of the library's own scroll bars, frames and palette.
    **_pairs("▉▊▋▍╍╏╸╺", "||||-|--"),
    **dict.fromkeys(map(ord, "╔╗╚╝▖▗▘▙▛▜▝▟"), "+"),
    ord("🔎"): "> ",
    **_pairs("▓▒░", "%+."),
    **_pairs("▰▱…·•–—→←↓↑▸▾▶▼◂☠‖", "#-~-*--><v^>v>v<X="),
    **dict.fromkeys(map(ord, "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛"), "+"),
    **_pairs("’‘“”×±▪■□⏎↵", "''\"\"x+##o<<"),
}


class OutputSanitizer(LineFilter):
    def __init__(self, *, ascii: bool) -> None:
        super().__init__()
        self._twins: Mapping[int, str] = _TWINS if ascii else {}
        self._ascii = ascii

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(_is_fine(segment.text, ascii=self._ascii) for segment in segments):
            return segments
        return [
            segment if segment.control else Segment(self._passed(segment.text), segment.style)
            for segment in segments
        ]

    def _passed(self, text: str) -> str:
        text = text.translate(_ACTS)
        if not self._ascii or text.isascii():
            return text
        return "".join(map(self._twin, text))

    def _twin(self, character: str) -> str:
        if character.isascii():
            return character
        found = self._twins.get(ord(character))
        if found is not None:
            return found
        if unicodedata.combining(character):
            return ""
        return "??" if unicodedata.east_asian_width(character) in "WF" else "?"


def _is_fine(text: str, *, ascii: bool) -> bool:
    return text.isascii() and text.isprintable() if ascii else text.isprintable()
