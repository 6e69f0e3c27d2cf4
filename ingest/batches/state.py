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
    """Done, and the range contained nothing to store."""
    FAILED = "failed"
    """The last attempt failed; it is retried at `retry_at`."""
    DEAD = "dead"
    """Failed for good; only a user can start it again."""
    CANCELLED = "cancelled"
    SNOOZED = "snoozed"
    """Postponed by a user until `not_before`."""
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
    """`retry_at` or `not_before` has passed."""
    RETRY = "retry"
    """A user wants it done again, or now."""
    RESCUE = "rescue"
    """Its owner died while working on it."""
    RELEASE = "release"
    """Its owner releases it without an attempt: shutdown, a paused queue."""
    SUPERSEDE = "supersede"


class Transition(NamedTuple):
    sources: frozenset[State]
    target: State


def _from(*sources: State) -> frozenset[State]:
    return frozenset(sources)


# Only the worker of a claimed batch ends or releases it. If the process died, the next start
# rescues the batch; a reset supersedes it, and a late result is then refused because the batch is
# no longer claimed. A user's cancel and snooze therefore do not apply to claimed batches.
TRANSITIONS: Final[Mapping[Move, Transition]] = MappingProxyType(
    {
        # An ended batch is claimed again if its file has changed and nothing more of it was read:
        # the range begins at the same byte, so it has the same id.
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
"""The moves that a user can request; the program makes all others itself."""

PRUNABLE: Final = frozenset({State.COMPLETED, State.COMPLETED_EMPTY, State.SUPERSEDED})
"""Ended states: pruning such a batch loses neither work nor a user's decision."""

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
        return "It is in progress; wait until it ends."
    verbs = sorted(possible_moves(state) & OPERATOR_MOVES)
    if not verbs:
        return "No action is possible."
    return f"Possible actions: {', '.join(verbs)}."


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
    """Whether a claimed batch appears to have no worker.

    Both times come from one clock. The owner, which acts on the answer, passes a monotonic one; a
    reader, which only shows it, passes the wall clock.
    """
    if state is not State.CLAIMED:
        return False
    if not owner_alive or heartbeat_at is None:
        return True
    return now - heartbeat_at >= STUCK_AFTER


def is_backed_off(state: State, retry_at: datetime | None, *, now: datetime) -> bool:
    """Whether a failed batch waits for its next attempt."""
    return state is State.FAILED and retry_at is not None and now < retry_at
