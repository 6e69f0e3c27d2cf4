"""The actions a user can request: a verb, and the batches it applies to. Values only.

Promises that a selection matches the same batches whoever requests the action, that each batch
which an action skips has a sentence that says why, and that a reason typed by a user contains no
secret. `ingest.db.actions` matches and moves the batches.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec.structs import force_setattr

from ingest.batches.batch import Kind
from ingest.batches.state import TRANSITIONS, IllegalMove, Move, State
from ingest.text.redact import mask, mask_json


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
"""The verbs that change batches, each by one move of the table in `state.py`."""

_COUNTED: Final = frozenset(State) - {
    State.CLAIMED,
    State.COMPLETED,
    State.COMPLETED_EMPTY,
    State.SUPERSEDED,
}
"""States in which the charged attempts can be reset."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which batches an action applies to. A field that is not set matches every batch."""

    ids: tuple[str, ...] | None = None
    session: str | None = None
    source: int | None = None
    kind: Kind | None = None
    states: tuple[State, ...] | None = None
    error: str | None = None
    """The code of the last failure."""
    older_than: datetime | None = None
    """Not touched since then."""
    only_error: bool = False
    include_dead: bool = False
    limit: int | None = None

    def wanted(self, verb: Verb) -> tuple[State, ...]:
        """The states that match. A batch that is named by its id matches in any state, so that the
        report can say why it is skipped.
        """
        if self.states is not None:
            return self.states
        if self.ids is not None:
            return tuple(State)
        if verb is Verb.RETRY:
            # A running batch matches and is skipped, so that the report explains why.
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


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One action: what to do, with which batches, requested by whom and why."""

    verb: Verb
    selection: Selection = Selection()
    actor: str
    reason: str | None = None
    until: datetime | None = None
    """How long a snooze lasts."""

    def __post_init__(self) -> None:
        if self.reason:
            force_setattr(self, "reason", mask(self.reason))


class TaskAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action on something other than a batch: a task, a project."""

    command: str
    """The id under which it is recorded."""
    verb: str
    about: dict[str, Any]
    arguments: dict[str, Any] = {}
    actor: str
    reason: str | None = None

    def __post_init__(self) -> None:
        for name in ("about", "arguments", "reason"):
            force_setattr(self, name, mask_json(getattr(self, name)))


class Item(msgspec.Struct, frozen=True):
    """One batch that an action matched."""

    batch: str
    old: str
    why: str | None
    """Why it is skipped; None if it is changed."""


class Target(msgspec.Struct, frozen=True):
    """A source that a reset would read again."""

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
    """For every state and kind that the verb skips: why."""
    skipped = []
    for state in State:
        for kind in Kind:
            why = refusal(verb, state, kind)
            if why is not None:
                skipped.append(Refusal(state, kind, why))
    return skipped


def refusal(verb: Verb, state: State, kind: Kind) -> str | None:
    """Why the verb skips such a batch; None if it does not."""
    if verb is Verb.RESET_ATTEMPTS:
        if state in (State.COMPLETED, State.COMPLETED_EMPTY):
            return "It is done, so no attempt is charged to it."
        return None if state in _COUNTED else _sentence(IllegalMove(Move.RETRY, state))
    move = MOVES[verb]
    if verb is Verb.RETRY:
        if state is State.PENDING:
            return "Already queued."
        if kind is Kind.INGEST and state in (State.COMPLETED, State.COMPLETED_EMPTY):
            # The cursor has moved past this range, so nothing would ever read it again.
            return "It is done. `tailboard reset` reads its whole file again."
    if state not in TRANSITIONS[move].sources:
        return _sentence(IllegalMove(move, state))
    return None


def _sentence(illegal: IllegalMove) -> str:
    return f"{illegal} {illegal.hint}"
