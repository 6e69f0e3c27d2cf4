"""What an action does with batches: the verbs, the selection, and why a batch is skipped.

Values only. Promises that a selection matches the same batches in a preview and in the action, and
that each batch that an action cannot change has a sentence that says why.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from ingest.batches.batch import Kind
from ingest.batches.state import TRANSITIONS, IllegalMove, Move, State


class Verb(StrEnum):
    RETRY = "retry"
    CANCEL = "cancel"
    SNOOZE = "snooze"
    WAKE = "wake"
    RESET_ATTEMPTS = "reset-attempts"
    PAUSE = "pause"
    RESUME = "resume"
    RESET = "reset"
    QUARANTINE_RETRY = "quarantine-retry"


MOVES: Final[Mapping[Verb, Move]] = MappingProxyType(
    {
        Verb.RETRY: Move.RETRY,
        Verb.CANCEL: Move.CANCEL,
        Verb.SNOOZE: Move.SNOOZE,
        Verb.WAKE: Move.WAKE,
    }
)
"""The verbs that move batches, each by one move of the state table."""

_COUNTED: Final = frozenset(State) - {
    State.CLAIMED,
    State.COMPLETED,
    State.COMPLETED_EMPTY,
    State.SUPERSEDED,
}
"""States in which the charged attempts can be reset."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which batches an action applies to; a field that is not set does not narrow it."""

    ids: tuple[str, ...] | None = None
    session: str | None = None
    source: int | None = None
    kind: Kind | None = None
    states: tuple[State, ...] | None = None
    error: str | None = None
    """The code of the last failure."""
    older_than: datetime | None = None
    """Unchanged since then."""
    only_error: bool = False
    include_dead: bool = False
    limit: int | None = None

    def wanted(self, verb: Verb) -> tuple[State, ...]:
        """The states that are matched. A batch selected by its id is matched in any state, so that
        the reason why it is skipped can be reported.
        """
        if self.states is not None:
            return self.states
        if self.ids is not None:
            return tuple(State)
        if verb is Verb.RETRY:
            # Claimed batches are matched and skipped, so that the reason is reported.
            bulk = {State.FAILED, State.CANCELLED, State.CLAIMED}
        elif verb is Verb.RESET_ATTEMPTS:
            bulk = {State.FAILED}
        else:
            bulk = set(TRANSITIONS[MOVES[verb]].sources)
        if self.only_error:
            bulk &= {State.FAILED}
        if self.include_dead:
            bulk.add(State.DEAD)
        return tuple(state for state in State if state in bulk)


class Item(msgspec.Struct, frozen=True):
    """A batch that an action matched."""

    batch: str
    old: str
    why: str | None
    """Why it is skipped; None if it is moved."""


class Target(msgspec.Struct, frozen=True):
    """A source that a reset matched."""

    id: int
    kind: str
    path: str
    why: str | None
    """Why it is skipped; None if it is read again."""


class Refusal(msgspec.Struct, frozen=True):
    state: State
    kind: Kind
    why: str


def refusals(verb: Verb) -> list[Refusal]:
    """The reason for every state and kind of batch that the verb skips."""
    found = []
    for state in State:
        for kind in Kind:
            why = refusal(verb, state, kind)
            if why is not None:
                found.append(Refusal(state, kind, why))
    return found


def refusal(verb: Verb, state: State, kind: Kind) -> str | None:
    """Why the verb skips such a batch; None if it changes it."""
    if verb is Verb.RESET_ATTEMPTS:
        if state in (State.COMPLETED, State.COMPLETED_EMPTY):
            return "It is done, so no attempt is charged to it."
        return None if state in _COUNTED else _sentence(IllegalMove(Move.RETRY, state))
    move = MOVES[verb]
    if verb is Verb.RETRY:
        if state is State.PENDING:
            return "Already queued."
        if kind is Kind.INGEST and state in (State.COMPLETED, State.COMPLETED_EMPTY):
            # The cursor has moved on, so this range would never be read again.
            return "It is done. `tailboard reset` reads its whole file again."
    if state not in TRANSITIONS[move].sources:
        return _sentence(IllegalMove(move, state))
    return None


def _sentence(illegal: IllegalMove) -> str:
    return f"{illegal} {illegal.hint}"
