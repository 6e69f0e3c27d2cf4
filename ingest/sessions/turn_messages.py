"""What was asked and what was answered in each turn, out of the messages of a session. Pure."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from ingest.codex.request_text import request_in
from ingest.db.query_reader import Row

_RANKS: Final = {"final_answer": 0, None: 0, "plan": 1, "commentary": 2, "question": 3}
"""How well a message of each phase answers: the lowest answers best. Others are no answers."""

TurnKey = tuple[int, int]
"""A turn as facts name it: the source, and its number there."""


class TurnMessages(Struct):
    prompts: list[str] = field(default_factory=list)
    """What a person asked: first what began the turn, then what was said while it ran."""
    answer: str | None = None
    """The last of the best answers; Codex calls the same its last agent message."""
    rank: int = max(_RANKS.values())
    """Of the answer."""


def messages_by_turn(messages: Iterable[Row]) -> dict[TurnKey, TurnMessages]:
    """What was said in each turn; the messages come in the order of the file."""
    turns: dict[TurnKey, TurnMessages] = {}
    for row in messages:
        said = turns.setdefault((row["source"], row["turn"]), TurnMessages())
        if row["role"] == "user":
            said.prompts.append(request_in(row["text"]) or row["text"])
        elif row["role"] == "assistant":
            rank = _RANKS.get(row["phase"])
            if rank is not None and rank <= said.rank:
                said.rank, said.answer = rank, row["text"]
    return turns
