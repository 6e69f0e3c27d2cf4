"""What an agent proposed in words: a check list, or a proposed plan by its title. Pure.

A proposal is said, not set: it never has the state of a plan, only what its own boxes say.
"""

import re
from typing import Final

from msgspec import Struct

_BOX: Final = re.compile(r"^\s*(?:[-*+]|\d+[.)]) \[([ xX])\] (.+)$", re.MULTILINE)
_STEP: Final = re.compile(r"^(?:\d+[.)]) +(.+)$", re.MULTILINE)
_SIGNS: Final = re.compile(r"^[#>*\s]+|[*_`]+")
ITEMS: Final = 100
_CHARS: Final = 300


class Item(Struct, frozen=True):
    text: str
    done: bool


def proposed_items(text: str, *, plan: bool) -> list[Item]:
    """The boxes of a message; of a proposed plan without any, its numbered steps or its title."""
    boxes = [Item(_said(box[2]), box[1] != " ") for box in _BOX.finditer(text)]
    if boxes or not plan:
        return [box for box in boxes[:ITEMS] if box.text]
    steps = [Item(_said(step[1]), done=False) for step in _STEP.finditer(text)]
    if len(steps) > 1:
        return [step for step in steps[:ITEMS] if step.text]
    lines = (_said(line) for line in text.splitlines())
    return [Item(line, done=False) for line in lines if line][:1]


def _said(line: str) -> str:
    return _SIGNS.sub("", line).strip()[:_CHARS]
