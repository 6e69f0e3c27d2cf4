"""Extracts proposed tasks from messages: the items of a check list, or of a proposed plan. Pure.

The state of a proposed task is that of its check box; there is no plan to take it from.
"""

import re
from typing import Final

from msgspec import Struct

_BOX: Final = re.compile(r"^\s*(?:[-*+]|\d+[.)]) \[([ xX])\] (.+)$", re.MULTILINE)
_STEP: Final = re.compile(r"^(?:\d+[.)]) +(.+)$", re.MULTILINE)
_SIGNS: Final = re.compile(r"^[#>*\s]+|[*_`]+")
ITEMS: Final = 100
_CHARS: Final = 300


class ProposedItem(Struct, frozen=True):
    text: str
    done: bool


def proposed_items(text: str, *, plan: bool) -> list[ProposedItem]:
    """The check boxes of a message; for a plan without any, its numbered steps or title."""
    boxes = [ProposedItem(_clean(box[2]), box[1] != " ") for box in _BOX.finditer(text)]
    if boxes or not plan:
        return [box for box in boxes[:ITEMS] if box.text]
    steps = [ProposedItem(_clean(step[1]), done=False) for step in _STEP.finditer(text)]
    if len(steps) > 1:
        return [step for step in steps[:ITEMS] if step.text]
    lines = (_clean(line) for line in text.splitlines())
    return [ProposedItem(line, done=False) for line in lines if line][:1]


def _clean(line: str) -> str:
    return _SIGNS.sub("", line).strip()[:_CHARS]
