"""The line of a text that matches a query best, and the matches in it. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

COLUMNS = 160
_FRAME = ("*** Begin Patch", "*** End Patch")
"""Lines of a patch that are never shown as an excerpt."""
_WORD = re.compile(r"[^\W_]+")
_LEAD = 0.25
"""Share of the columns before the match when the line is cut."""


def excerpt(text: str, words: Sequence[str], columns: int = COLUMNS) -> str:
    """The line with most of the words, cut around the first of them."""
    stripped = map(str.strip, text.splitlines())
    lines = [line for line in stripped if line and line not in _FRAME]
    line = max(
        lines, key=lambda one: len({match.lower() for match in _found(one, words)}), default=""
    )
    first = next((start for start, _ in marks(line, words)), 0)
    start = max(0, min(first - int(columns * _LEAD), len(line) - columns))
    end = start + columns
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"


def marks(line: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """The ranges of the words in a line, from left to right."""
    pattern = _pattern(tuple(words))
    return [match.span() for match in pattern.finditer(_plain(line))] if pattern else []


def _found(line: str, words: Sequence[str]) -> list[str]:
    pattern = _pattern(tuple(words))
    return pattern.findall(_plain(line)) if pattern else []


class _Plain(dict[int, str]):
    """Each character without its accents, as one character."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        parts = unicodedata.normalize("NFKD", char)
        self[code] = parts[0] if all(map(unicodedata.combining, parts[1:])) else char
        return self[code]


_PLAIN = _Plain()


def _plain(line: str) -> str:
    """The line without accents; all characters keep their places."""
    return line if line.isascii() else line.translate(_PLAIN)


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    # Longer words first: if two begin alike, the longer one matches.
    ordered = sorted(filter(None, words), key=len, reverse=True)
    return re.compile("|".join(map(_loose, ordered)), re.IGNORECASE) if ordered else None


def _loose(word: str) -> str:
    """A pattern of a word or phrase: what separates its words does not matter, as in the index."""
    parts = _WORD.findall(_plain(word))
    return r"[\W_]*".join(map(re.escape, parts)) or re.escape(word)
