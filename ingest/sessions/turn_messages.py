"""Finds the prompts and the answer of each turn among the messages of a session. Pure."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from ingest.codex.request_text import request_in
from ingest.db.query_reader import Row

_RANKS: Final = {"final_answer": 0, None: 0, "plan": 1, "commentary": 2, "question": 3}
"""Rank of an answer by its phase: the lowest is best. Messages of other phases are no answers."""

TurnKey = tuple[int, int]
"""A turn by its source and its number there."""


class TurnMessages(Struct):
    prompts: list[str] = field(default_factory=list)
    """The prompt that began the turn, then those sent while it ran."""
    answer: str | None = None
    """The last message of the best rank, which is Codex's last agent message."""
    rank: int = max(_RANKS.values())
    """Rank of `answer`."""


def messages_by_turn(messages: Iterable[Row]) -> dict[TurnKey, TurnMessages]:
    """The messages of each turn; `messages` must be in the order of the file."""
    turns: dict[TurnKey, TurnMessages] = {}
    for row in messages:
        turn = turns.setdefault((row["source"], row["turn"]), TurnMessages())
        if row["role"] == "user":
            turn.prompts.append(request_in(row["text"]) or row["text"])
        elif row["role"] == "assistant":
            rank = _RANKS.get(row["phase"])
            if rank is not None and rank <= turn.rank:
                turn.rank, turn.answer = rank, row["text"]
    return turns
