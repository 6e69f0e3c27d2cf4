"""The states of a batch and the moves between them, declared once as a table.

A move outside the table is refused with a sentence. `ingest.db.queue` stores moves; the retry
policy decides which one follows a failure. "Stuck" and "backed off" are computed from the clock and
never stored.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from ingest.errors import TailboardError


class State(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    COMPLETED = "completed"
    COMPLETED_EMPTY = "completed_empty"
    """Done, and the range held nothing to keep."""
    FAILED = "failed"
    """The last attempt failed; another one follows at `retry_at`."""
    DEAD = "dead"
    """Given up on; only a person starts it again."""
    CANCELLED = "cancelled"
    SNOOZED = "snoozed"
    """Put off by a person until `not_before`."""
    SUPERSEDED = "superseded"
    """The source was rewritten or reset; a newer generation does this work."""


class Move(StrEnum):
    CLAIM = "claim"
    COMPLETE = "complete"
    COMPLETE_EMPTY = "complete_empty"
    FAIL = "fail"
    BURY = "bury"
    CANCEL = "cancel"
    SNOOZE = "snooze"
    WAKE = "wake"
    """Its time has come: `retry_at` or `not_before` has passed."""
    RETRY = "retry"
    """A person wants it done again, or does not want to wait."""
    RESCUE = "rescue"
    """Its owner died while working on it."""
    RELEASE = "release"
    """Its owner hands it back untouched: shutdown, a paused queue."""
    SUPERSEDE = "supersede"


class Transition(NamedTuple):
    sources: frozenset[State]
    target: State


def _from(*sources: State) -> frozenset[State]:
    return frozenset(sources)


# Only who works on a claimed batch ends or releases it. The next start rescues it if the process
# died; a reset supersedes it, and a late result is then refused because it is no longer claimed. A
# person's cancel and snooze therefore do not apply to it.
TRANSITIONS: Final[Mapping[Move, Transition]] = MappingProxyType(
    {
        # What had ended is claimed again when its file has changed and nothing of it was read yet:
        # the range begins where the ended one did, and so it is the same batch.
        Move.CLAIM: Transition(
            _from(State.PENDING, State.COMPLETED, State.COMPLETED_EMPTY, State.SUPERSEDED),
            State.CLAIMED,
        ),
        Move.COMPLETE: Transition(_from(State.CLAIMED), State.COMPLETED),
        Move.COMPLETE_EMPTY: Transition(_from(State.CLAIMED), State.COMPLETED_EMPTY),
        Move.FAIL: Transition(_from(State.CLAIMED), State.FAILED),
        Move.BURY: Transition(_from(State.CLAIMED), State.DEAD),
        Move.CANCEL: Transition(_from(State.PENDING, State.FAILED, State.SNOOZED), State.CANCELLED),
        Move.SNOOZE: Transition(_from(State.PENDING, State.FAILED, State.SNOOZED), State.SNOOZED),
        Move.WAKE: Transition(_from(State.FAILED, State.SNOOZED), State.PENDING),
        Move.RETRY: Transition(
            _from(
                State.FAILED,
                State.SNOOZED,
                State.DEAD,
                State.CANCELLED,
                State.COMPLETED,
                State.COMPLETED_EMPTY,
            ),
            State.PENDING,
        ),
        Move.RESCUE: Transition(_from(State.CLAIMED), State.PENDING),
        Move.RELEASE: Transition(_from(State.CLAIMED), State.PENDING),
        Move.SUPERSEDE: Transition(frozenset(State) - {State.SUPERSEDED}, State.SUPERSEDED),
    }
)

OPERATOR_MOVES: Final = frozenset({Move.CANCEL, Move.SNOOZE, Move.WAKE, Move.RETRY})
"""What a person may order; every other move is the program's own."""

PRUNABLE: Final = frozenset({State.COMPLETED, State.COMPLETED_EMPTY, State.SUPERSEDED})
"""Ended states: pruning such a batch loses neither work nor a decision of a person."""

STUCK_AFTER: Final = timedelta(seconds=30)
"""Six missed heartbeats of five seconds."""


class IllegalMove(TailboardError):
    """Cannot make this move from this state."""

    code = "illegal_move"

    def __init__(self, move: Move, state: State) -> None:
        verb, now = move.replace("_", " "), state.replace("_", " ")
        super().__init__(f"Cannot {verb} a batch that is {now}.", _possible(state))


def _possible(state: State) -> str:
    if state is State.CLAIMED:
        return "It is being worked on; wait until it ends."
    verbs = sorted(possible_moves(state) & OPERATOR_MOVES)
    if not verbs:
        return "Nothing is left to do with it."
    return f"What can be done with it: {', '.join(verbs)}."


def target(move: Move, state: State) -> State:
    """The state a move leads to, or `IllegalMove`."""
    transition = TRANSITIONS[move]
    if state not in transition.sources:
        raise IllegalMove(move, state)
    return transition.target


def possible_moves(state: State) -> frozenset[Move]:
    return frozenset(move for move, (sources, _) in TRANSITIONS.items() if state in sources)


def is_stuck(
    state: State, heartbeat_at: datetime | None, *, owner_alive: bool, now: datetime
) -> bool:
    """Whether nobody seems to work on a claimed batch.

    Both times come from one clock. The owner, who acts on the answer, passes one that never jumps
    (its start by the wall plus the monotonic time since); a reader, who only shows it, the wall's.
    """
    if state is not State.CLAIMED:
        return False
    if not owner_alive or heartbeat_at is None:
        return True
    return now - heartbeat_at >= STUCK_AFTER


def is_backed_off(state: State, retry_at: datetime | None, *, now: datetime) -> bool:
    """Whether a failed batch waits for its next attempt."""
    return state is State.FAILED and retry_at is not None and now < retry_at
