"""What happened to a batch, in words: queued, failed, retried by you, completed. Pure.

Only failures, orders and the ends of batches that had any are stored, so a batch that went well has
a short history.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from ingest.batches.state import Move, State
from ingest.db.query_reader import Row
from ingest.report.batch import Batch

_ORDERS: Final = {
    Move.RETRY: "retried",
    Move.CANCEL: "cancelled",
    Move.SNOOZE: "snoozed",
    Move.WAKE: "woken",
}
"""What a person orders; a retry may also happen by itself."""
_EVENTS: Final = {
    Move.COMPLETE: "completed",
    Move.COMPLETE_EMPTY: "completed, there was nothing to store",
    Move.FAIL: "failed",
    Move.BURY: "given up",
    Move.RESCUE: "interrupted, its process ended",
    Move.RELEASE: "put back",
    Move.SUPERSEDE: "replaced, its file was rewritten or read again",
}
_AUTOMATIC: Final = {"changed": "its file has changed", "rarely": "it is time for a rare attempt"}
"""Why Tailboard retries a batch that was given up."""


def history(batch: Batch, user: str) -> Iterator[tuple[datetime, str]]:
    """When each thing happened and what, the first one first; `user` is called “you”."""
    yield batch.created_at, "queued"
    failures = [move for move in batch.history if move["move"] in (Move.FAIL, Move.BURY)]
    for move in batch.history:
        is_last = bool(failures) and move is failures[-1]
        message = batch.error.message if batch.error is not None and is_last else None
        yield move["time"], _words(move, message, user)
    last = batch.history[-1]["new"] if batch.history else None
    if batch.state in (State.COMPLETED, State.COMPLETED_EMPTY) and last != batch.state:
        yield batch.updated_at, "completed"
    elif batch.state is State.CLAIMED:
        yield batch.updated_at, "started"


def _words(move: Row, message: str | None, user: str) -> str:
    """What a move was, and its reason."""
    reason = move["reason"]
    if move["move"] in (Move.FAIL, Move.BURY):
        return f"{_EVENTS[move['move']]}: {message or move['error_code'] or reason or ''}"
    words = _EVENTS.get(move["move"]) or _ORDERS.get(move["move"], move["move"].replace("_", " "))
    if move["person"] or move["actor"] == "user":
        words += f" by {'you' if move['person'] == user else move['person'] or 'a person'}"
    elif move["move"] == Move.RETRY:
        words += " automatically"
        reason = _AUTOMATIC.get(reason, reason)
    return f"{words}: {reason}" if reason else words
