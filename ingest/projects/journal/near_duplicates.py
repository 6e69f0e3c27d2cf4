"""Merges items with nearly the same text. Pure.

Losing a step is worse than a duplicate: texts match only if their words are equal, or if long texts
differ in a few letters but in no number, path or name.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct, field
from rapidfuzz import fuzz, process

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
    known = _Known()
    for one in things:
        at = known.find_or_add(_words(text(one)), len(kept))
        if at is None:
            kept.append(one)
        else:
            kept[at] = together(kept[at], one)
    return kept


class _Alike(Struct):
    """Long texts with the same names, and the place of each."""

    texts: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


class _Known(Struct):
    """The texts so far. Each is compared only with those with the same names, because a project has
    thousands."""

    places: dict[tuple[str, ...], int] = field(default_factory=dict)
    """By all words of a text."""
    long: dict[tuple[str, ...], _Alike] = field(default_factory=dict)
    """By the names in it."""

    def find_or_add(self, words: list[str], place: int) -> int | None:
        """The place of the first near duplicate; None if there is none, and the text is added."""
        whole, key = " ".join(words), tuple(words)
        found = [self.places[key]] if key in self.places else []
        alike = None
        if len(whole) >= _LONG:
            alike = self.long.setdefault(tuple(_names(words)), _Alike())
            near = process.extract(
                whole, alike.texts, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=None
            )
            found += [alike.places[at] for _, _, at in near]
        if found:
            return min(found)
        self.places[key] = place
        if alike is not None:
            alike.texts.append(whole)
            alike.places.append(place)
        return None


def _words(text: str) -> list[str]:
    words = (word.lower() for word in _WORD.findall(text[:_CHARS]))
    return [_singular(word) for word in words if word not in _LITTLE] or [text[:_CHARS]]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and word.isalpha() else word


def _names(words: list[str]) -> list[str]:
    """Numbers, paths and names, which must be equal in near duplicates."""
    return [word for word in words if not word.isalpha()]
