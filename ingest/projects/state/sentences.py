"""The older turns of a session, condensed: each is a sentence, so nothing is only counted."""

import re
from collections.abc import Iterable
from typing import Final

from ingest.projects.journal.model import JournalTurn
from ingest.text.numbers import pluralize
from ingest.text.sanitize import truncate_chars

_ASKED: Final = 160
_ANSWERED: Final = 240
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s")
_ENDS: Final = {
    "completed": "it was completed without an answer",
    "failed": "it failed",
    "interrupted": "it was interrupted",
}


def earlier_turns(turns: Iterable[JournalTurn]) -> list[str]:
    return [_sentence(one) for one in turns]


def _sentence(turn: JournalTurn) -> str:
    """What was asked, and what came of it."""
    asked = f"asked “{_line(turn.asked, _ASKED)}”" if turn.asked else "nothing was asked"
    if turn.answered:
        came = f"answered “{_line(turn.answered, _ANSWERED)}”"
    else:
        end = _ENDS.get(turn.state, "it has not ended")
        came = f"{end}: {_line(turn.error, _ANSWERED)}" if turn.error else end
    failed = sum(one.status == "failed" for one in turn.commands)
    counts = [
        pluralize(len(turn.commands), "command") if turn.commands else "",
        f"{failed} failed" if failed else "",
        pluralize(len(turn.files), "changed file") if turn.files else "",
    ]
    more = ", ".join(filter(None, counts))
    return f"Turn {turn.n}: {asked}; {came}{f' ({more})' if more else ''}."


def _line(text: str | None, most: int) -> str:
    """The first sentence as one line."""
    first = _SENTENCE.split(" ".join((text or "").split()), maxsplit=1)[0]
    return truncate_chars(first, most).rstrip(".")
