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

from ingest.codex.facts import PlanStep

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
    steps: list[PlanStep] = field(default_factory=list)
    """The steps of the newest revision."""
    dropped: list[MatchedStep] = field(default_factory=list)
    """Steps that a revision dropped, as last seen, the most recently dropped last."""

    def match(self, steps: Sequence[PlanStep]) -> list[MatchedStep]:
        """The steps of the next revision, each with its identity. An unchanged step is the same
        object as before.
        """
        if steps == self.steps:
            return self.newest
        who = _matched(self.newest, self.dropped, [step.text for step in steps], _closed(steps))
        before = {one.who: one for one in self.newest}
        matched = []
        for now, one in zip(steps, who, strict=True):
            step = before.get(-1 if one is None else one)
            if step is None or step.text != now.text or step.status != now.status:
                step = MatchedStep(self.known if one is None else one, now.text, now.status)
                self.known += one is None
            matched.append(step)
        current = {one.who for one in matched}
        if self.dropped or before.keys() - current:
            missing = [one for one in self.newest if one.who not in current]
            self.dropped = [one for one in self.dropped if one.who not in current] + missing
        self.newest, self.steps = matched, list(steps)
        return matched


def _closed(steps: Sequence[PlanStep]) -> list[bool]:
    return [step.status == "completed" for step in steps]


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
    for at, (previous, text) in enumerate(zip(before, texts, strict=False)):
        if previous.text == text:
            who[at] = free.pop(at).who
    if not free and not dropped:
        return
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, previous in free.items():
        places[normalized(previous.text)].append(index)
    again: defaultdict[str, list[MatchedStep]] = defaultdict(list)
    for previous in reversed(dropped):
        again[normalized(previous.text)].append(previous)
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
    old = {index: normalized(previous.text) for index, previous in free.items()}
    for at, text in enumerate(texts):
        if who[at] is not None:
            continue
        new = normalized(text)
        for index, words in old.items():
            if abs(index - at) <= _REACH and (score := similarity(words, new)):
                pairs.append((-score, abs(index - at), at, index))
    for _, _, at, index in sorted(pairs):
        if who[at] is None and index in free:
            who[at] = free.pop(index).who


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
    place_of: dict[int | None, int] = {previous.who: index for index, previous in enumerate(before)}
    if all(previous not in place_of for previous in who):
        return
    for at, end in _gaps(who):
        left = -1 if at == 0 else place_of.get(who[at - 1])
        right = len(before) if end == len(who) else place_of.get(who[end])
        if left is None or right is None or right - left - 1 != end - at:
            continue
        for new, index in zip(range(at, end), range(left + 1, right), strict=True):
            if index in free and (closed[new] or free[index].status != "completed"):
                who[new] = free.pop(index).who


def _gaps(who: list[int | None]) -> list[tuple[int, int]]:
    """The runs of unmatched steps, as half-open ranges."""
    gaps: list[tuple[int, int]] = []
    for at, name in enumerate(who):
        if name is None and gaps and gaps[-1][1] == at:
            gaps[-1] = gaps[-1][0], at + 1
        elif name is None:
            gaps.append((at, at + 1))
    return gaps


@lru_cache(maxsize=4096)
def normalized(text: str) -> str:
    """The text without differences in case, punctuation and white space."""
    words = utils.default_process(text[:_COMPARED_CHARS])
    return " ".join(words.split()) or text[:_COMPARED_CHARS]


def similarity(first: str, second: str) -> float:
    """Similarity of two normalized texts, 0 to 100; 0 below the threshold."""
    score = max(
        fuzz.ratio(first, second, score_cutoff=ALIKE),
        fuzz.token_sort_ratio(first, second, score_cutoff=ALIKE),
    )
    if not score and min(first.count(" "), second.count(" ")) >= _ENOUGH_WORDS - 1:
        return ALIKE if fuzz.token_set_ratio(first, second, score_cutoff=_SAME_WORDS) else 0.0
    return score
