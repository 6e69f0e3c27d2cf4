"""Matches the steps of a plan between revisions: each `update_plan` call replaces the whole list.

Pure. A step keeps its identity while its plan is reordered, reworded, shortened or extended, and
matching revisions one by one gives the same result as matching them all at once. A step is matched
by its text, then by similarity, then by its position between matched steps.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct, field
from rapidfuzz import fuzz, utils

ALIKE: Final = 75.0
"""Similarity from which two texts are the same step, reworded."""
_SAME_WORDS: Final = 95.0
_ENOUGH_WORDS: Final = 3
"""From this many words on, texts match if one contains all words of the other."""
_COMPARED_CHARS: Final = 200
_REACH: Final = 20
"""How far from its position a reworded step is searched: bounds the cost of a hostile plan."""


class MatchedStep(Struct, frozen=True, gc=False):
    """A step of one revision, with its identity."""

    who: int
    """A number within this plan, assigned in order of first appearance."""
    text: str
    status: str


class StepMatcher(Struct):
    """Matches the steps of one plan over its revisions."""

    known: int = 0
    newest: list[MatchedStep] = field(default_factory=list)
    dropped: list[MatchedStep] = field(default_factory=list)
    """Steps that a revision dropped, as last seen, the most recently dropped last."""

    def match(self, steps: Sequence[tuple[str, str]]) -> list[MatchedStep]:
        """The steps of the next revision, each with its identity. An unchanged step is the same
        object as before.
        """
        if steps == [(one.text, one.status) for one in self.newest]:
            return self.newest
        who = _matched(self.newest, self.dropped, [text for text, _ in steps], _closed(steps))
        before = {one.who: one for one in self.newest}
        found = []
        for (text, status), one in zip(steps, who, strict=True):
            step = before.get(-1 if one is None else one)
            if step is None or step.text != text or step.status != status:
                step = MatchedStep(self.known if one is None else one, text, status)
                self.known += one is None
            found.append(step)
        here = {one.who for one in found}
        if self.dropped or before.keys() - here:
            gone = [one for one in self.newest if one.who not in here]
            self.dropped = [one for one in self.dropped if one.who not in here] + gone
        self.newest = found
        return found


def _closed(steps: Sequence[tuple[str, str]]) -> list[bool]:
    return [status == "completed" for _, status in steps]


def _matched(
    before: list[MatchedStep], dropped: list[MatchedStep], texts: list[str], closed: list[bool]
) -> list[int | None]:
    who: list[int | None] = [None] * len(texts)
    free = dict(enumerate(before))
    _same_text(before, dropped, texts, who, free)
    if None in who and free:
        _alike(free, texts, who)
    if None in who and free:
        _in_place(before, closed, who, free)
    return who


def _same_text(
    before: list[MatchedStep],
    dropped: list[MatchedStep],
    texts: list[str],
    who: list[int | None],
    free: dict[int, MatchedStep],
) -> None:
    for at, (one, text) in enumerate(zip(before, texts, strict=False)):
        if one.text == text:
            who[at] = free.pop(at).who
    if not free and not dropped:
        return
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in free.items():
        places[normalized(one.text)].append(place)
    again: defaultdict[str, list[MatchedStep]] = defaultdict(list)
    for one in reversed(dropped):
        again[normalized(one.text)].append(one)
    for at, text in enumerate(texts):
        if who[at] is not None:
            continue
        key = normalized(text)
        if places[key]:
            who[at] = free.pop(places[key].pop(0)).who
        elif again[key]:
            who[at] = again[key].pop(0).who


def _alike(free: dict[int, MatchedStep], texts: list[str], who: list[int | None]) -> None:
    pairs = []
    old = {place: normalized(one.text) for place, one in free.items()}
    for at, text in enumerate(texts):
        if who[at] is not None:
            continue
        new = normalized(text)
        for place, words in old.items():
            if abs(place - at) <= _REACH and (score := similarity(words, new)):
                pairs.append((-score, abs(place - at), at, place))
    for _, _, at, place in sorted(pairs):
        if who[at] is None and place in free:
            who[at] = free.pop(place).who


def _in_place(
    before: list[MatchedStep],
    closed: list[bool],
    who: list[int | None],
    free: dict[int, MatchedStep],
) -> None:
    """Match steps by position where two matched neighbours enclose as many new steps as old ones.

    A completed step never matches an open one; and if no step was matched at all, it is another
    plan.
    """
    place_of: dict[int | None, int] = {one.who: place for place, one in enumerate(before)}
    if all(one not in place_of for one in who):
        return
    for at, end in _gaps(who):
        left = -1 if at == 0 else place_of.get(who[at - 1])
        right = len(before) if end == len(who) else place_of.get(who[end])
        if left is None or right is None or right - left - 1 != end - at:
            continue
        for new, place in zip(range(at, end), range(left + 1, right), strict=True):
            if place in free and (closed[new] or free[place].status != "completed"):
                who[new] = free.pop(place).who


def _gaps(who: list[int | None]) -> list[tuple[int, int]]:
    """The runs of unmatched steps, as half-open ranges."""
    gaps: list[tuple[int, int]] = []
    for at, one in enumerate(who):
        if one is None and gaps and gaps[-1][1] == at:
            gaps[-1] = gaps[-1][0], at + 1
        elif one is None:
            gaps.append((at, at + 1))
    return gaps


@lru_cache(maxsize=4096)
def normalized(text: str) -> str:
    """The text without differences in case, punctuation and white space."""
    words = utils.default_process(text[:_COMPARED_CHARS])
    return " ".join(words.split()) or text[:_COMPARED_CHARS]


def similarity(one: str, other: str) -> float:
    """Similarity of two normalized texts, 0 to 100; 0 below the threshold."""
    score = max(
        fuzz.ratio(one, other, score_cutoff=ALIKE),
        fuzz.token_sort_ratio(one, other, score_cutoff=ALIKE),
    )
    if not score and min(one.count(" "), other.count(" ")) >= _ENOUGH_WORDS - 1:
        return ALIKE if fuzz.token_set_ratio(one, other, score_cutoff=_SAME_WORDS) else 0.0
    return score
