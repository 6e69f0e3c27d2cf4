"""Orders of people as they go through the door, and what came of them: plain values.

Needs no engine, so that a process that only gives orders never loads one.
"""

import getpass
import uuid
from typing import Any

import msgspec
from msgspec import Struct

from ingest.batches.action import Action, Item, Target, TaskAction

BATCH_ACTION = "order"
READ_AGAIN = "reset"
REDACT_SCAN = "scan"
"""How much of secrets and private text is stored, by kind and place."""
TASK_ACTION = "say"
"""What a person says of a task or a project: a `Saying`."""


class RequestedAction(Struct, frozen=True):
    """An order for batches."""

    order: Action
    command: str | None
    """The id it is written down under; None to look only."""


class ActionReply(Struct, frozen=True):
    """What came of an order, batch by batch; or would come of it."""

    found: list[Item]


class ReadAgain(Struct, frozen=True):
    """An order to begin anew with some sources."""

    order: Action
    command: str | None
    sources: list[int] | None = None
    """These only, of those that the order's selection is for."""


class ReadAgainResult(Struct, frozen=True):
    targets: list[Target]
    facts: dict[str, int]
    """What was dropped, or would be, by table."""
    backup: str | None


def action_message(order: Action, *, only_look: bool = False) -> RequestedAction:
    return RequestedAction(order, None if only_look else _command_id())


def read_again_message(
    order: Action, sources: list[int] | None = None, *, only_look: bool = False
) -> ReadAgain:
    return ReadAgain(order, None if only_look else _command_id(), sources)


def task_action_message(
    verb: str,
    about: dict[str, Any],
    arguments: dict[str, Any] | None = None,
    reason: str | None = None,
) -> TaskAction:
    """What the person here says of a task or a project."""
    return TaskAction(
        command=_command_id(),
        verb=verb,
        about=about,
        arguments=arguments or {},
        actor=actor(),
        reason=reason,
    )


def _command_id() -> str:
    return uuid.uuid4().hex


def to_message(said: Struct) -> dict[str, Any]:
    """An order, or its answer, as it goes through the door."""
    plain: dict[str, Any] = msgspec.to_builtins(said)
    return plain


def decode_reply(answer: dict[str, Any]) -> list[Item]:
    return msgspec.convert(answer, ActionReply).found


def decode_read_again_result(answer: dict[str, Any]) -> ReadAgainResult:
    return msgspec.convert(answer, ReadAgainResult)


def actor() -> str:
    """Who gives orders here."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"  # The system has no name for who runs this.
