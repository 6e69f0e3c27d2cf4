"""Finds decisions that a message states: `Decision: …`, or "I chose … because …". Pure.

Only explicit statements count; questions and what was not decided do not.
"""

import re
from collections.abc import Iterator
from typing import Final

from ingest.projects.journal.near_duplicates import merge_near_duplicates

MENTIONED: Final = r"(?i)\bdeci(ded|sions?)\b|\b(chose|opted|picked|settled on|went with)\b"
"""A message without a match of this states no decision; `mentions_decision` in `db/views.sql` has
the same."""

_MENTIONS: Final = ("deci", "chose", "opted", "picked", "settled on", "went with")
"""One of these is in each match: finding none takes a tenth of the time of the pattern."""

_FENCED: Final = re.compile(r"^(`{3,}|~{3,}).*?(?:^\1|\Z)", re.DOTALL | re.MULTILINE)
_MARKS: Final = re.compile(r"\s*(?:(?:[-+*]|\d{1,3}[.)]|#{1,6}|>)\s+)*")
_LABEL: Final = re.compile(
    r"[*_]{0,3}(?:(?:key|main|design|final|our|my) )?(?:decisions?(?: made| taken)?|decided)"
    r"(?:[*_]{0,3}\s*(?::|—|–)[*_]{0,3}|(?P<heading>[*_]{0,3})$)\s*(?P<text>.*)",
    re.IGNORECASE,
)
_ITEM: Final = re.compile(r"\s*(?:[-+*]|\d{1,3}[.)])\s+(?P<text>\S.*)")
_SENTENCE: Final = re.compile(r"(?<=[.!?])[\"'”’)*_]*\s+(?=[\"'“‘(*_`]*[A-Z0-9])")
_WHO: Final = r"\b(?:I|we|I['’]ve|we['’]ve|I have|we have|you|the user)"
_DECIDED: Final = re.compile(
    rf"{_WHO} (?:also |then |therefore |finally |both )?decided (?:to|that|on|against|for|not)\b",
    re.IGNORECASE,
)
_CHOSE: Final = re.compile(
    rf"{_WHO} (?:also |then |therefore |finally |deliberately )?"
    r"(?:chose|picked|opted for|settled on|went with)\b.+?"
    r"\b(?:because|since|as|so that|over|instead of|rather than|to)\b",
    re.IGNORECASE,
)


def stated_decisions(text: str) -> list[str]:
    """The decisions that a message states, in its order, each on one line."""
    lowered = text.lower()
    if not any(word in lowered for word in _MENTIONS) or not re.search(MENTIONED, text):
        return []
    return merge_near_duplicates(_decisions(_FENCED.sub("", text)), lambda decision: decision)


def _decisions(text: str) -> Iterator[str]:
    listed = False
    """Whether the lines before begin a list of decisions."""
    for line in text.splitlines():
        content = line[len(_MARKS.match(line)[0]) :].strip()  # type: ignore[index]
        label = _LABEL.match(content)
        if label is not None:
            stated = _cleaned(label["text"])
            listed = not stated
            if stated:
                yield stated
        elif listed and (item := _ITEM.match(line)):
            yield _cleaned(item["text"])
        else:
            listed = listed and not content
            yield from _sentences(content)


def _sentences(line: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(line):
        if sentence.endswith("?"):
            continue
        if _DECIDED.search(sentence) or _CHOSE.search(sentence):
            yield _cleaned(sentence)


def _cleaned(text: str) -> str:
    """Without the marks of Markdown around it."""
    text = text.strip()
    if text.count("**") == 1:
        text = text.removesuffix("**")
    for mark in ("**", "__", "*", "_"):
        if text.startswith(mark) and text.endswith(mark) and len(text) > 2 * len(mark):
            text = text[len(mark) : -len(mark)]
    return text.strip()
