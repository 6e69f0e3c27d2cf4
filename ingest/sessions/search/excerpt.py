"""The line of a text that matches a query best, and the matches in it. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

COLUMNS = 160
_FRAME = ("*** Begin Patch", "*** End Patch")
"""Lines of a patch that are never shown as an excerpt."""
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
    return [match.span() for match in pattern.finditer(line)] if pattern else []


def _found(line: str, words: Sequence[str]) -> list[str]:
    pattern = _pattern(tuple(words))
    return pattern.findall(line) if pattern else []


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    # Longer words first: if two begin alike, the longer one matches.
    ordered = sorted(filter(None, words), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None
