"""What says nearly the same, told once. Pure.

A step that is lost is worse than one told twice: texts are alike only where their words are, or
where long ones differ in a few letters and in no number, path or name.
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
    """Each only once where several say nearly the same; the first stays, `together` with others."""
    kept: list[Thing] = []
    said: list[list[str]] = []
    for one in things:
        words = _words(text(one))
        at = next((i for i, other in enumerate(said) if _same(words, other)), None)
        if at is None:
            kept.append(one)
            said.append(words)
        else:
            kept[at] = together(kept[at], one)
    return kept


def near_duplicates(one: str, other: str) -> bool:
    """Whether the two say nearly the same."""
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
    """Numbers, paths and the like: nothing that differs in one of them is the same."""
    return [word for word in words if not word.isalpha()]
