"""Merges items with nearly the same text. Pure.

Losing a step is worse than a duplicate: texts match only if their words are equal, or if long texts
differ in a few letters but in no number, path or name.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from rapidfuzz import fuzz

Thing = TypeVar("Thing")

_WORD = re.compile(r"[^\W_]+(?:[./_:-]+[^\W_]+)*")
_LITTLE = frozenset({"the", "a", "an", "of", "to", "and", "all"})
_LONG = 60
_CHARS = 400
_ALIKE = 95.0


def merge_near_duplicates(
    things: Iterable[Thing],
    text: Callable[[Thing], str],
    together: Callable[[Thing, Thing], Thing] = lambda kept, _: kept,
) -> list[Thing]:
    """Items without near duplicates; `together` merges a duplicate into the first one."""
    kept: list[Thing] = []
    kept_words: list[list[str]] = []
    for one in things:
        words = _words(text(one))
        at = next((i for i, other in enumerate(kept_words) if _same(words, other)), None)
        if at is None:
            kept.append(one)
            kept_words.append(words)
        else:
            kept[at] = together(kept[at], one)
    return kept


def near_duplicates(one: str, other: str) -> bool:
    """Whether the texts are nearly the same."""
    return _same(_words(one), _words(other))


def _words(text: str) -> list[str]:
    words = (word.lower() for word in _WORD.findall(text[:_CHARS]))
    return [_singular(word) for word in words if word not in _LITTLE] or [text[:_CHARS]]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and word.isalpha() else word


def _same(one: list[str], other: list[str]) -> bool:
    if one == other:
        return True
    if _names(one) != _names(other):
        return False
    whole, rest = " ".join(one), " ".join(other)
    return min(len(whole), len(rest)) >= _LONG and fuzz.ratio(whole, rest) >= _ALIKE


def _names(words: list[str]) -> list[str]:
    """Numbers, paths and names, which must be equal in near duplicates."""
    return [word for word in words if not word.isalpha()]
