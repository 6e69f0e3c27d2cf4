"""User actions and their replies as plain values for the socket.

Does not import DuckDB, so that a process that only sends actions never loads it.
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
"""Counts stored secrets and private text by kind and place."""
TASK_ACTION = "say"
"""Edits a task or a project: a `TaskAction`."""


class RequestedAction(Struct, frozen=True):
    """An action on batches."""

    order: Action
    command: str | None
    """The id under which it is recorded; None for a preview."""


class ActionReply(Struct, frozen=True):
    """The result, or the preview of it, for each batch."""

    found: list[Item]


class ReadAgain(Struct, frozen=True):
    """A reset: some sources are read again from the beginning."""

    order: Action
    command: str | None
    sources: list[int] | None = None
    """If given, only these of the sources that the selection matches."""


class ReadAgainResult(Struct, frozen=True):
    targets: list[Target]
    facts: dict[str, int]
    """Number of rows that were (or would be) dropped, by table."""
    backup: str | None


def action_message(order: Action, *, dry_run: bool = False) -> RequestedAction:
    return RequestedAction(order, None if dry_run else _command_id())


def read_again_message(
    order: Action, sources: list[int] | None = None, *, dry_run: bool = False
) -> ReadAgain:
    return ReadAgain(order, None if dry_run else _command_id(), sources)


def task_action_message(
    verb: str,
    about: dict[str, Any],
    arguments: dict[str, Any] | None = None,
    reason: str | None = None,
) -> TaskAction:
    """An edit of a task or a project by the current user."""
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


def to_message(message: Struct) -> dict[str, Any]:
    """A request or a reply as plain values for the socket."""
    plain: dict[str, Any] = msgspec.to_builtins(message)
    return plain


def decode_reply(answer: dict[str, Any]) -> list[Item]:
    return msgspec.convert(answer, ActionReply).found


def decode_read_again_result(answer: dict[str, Any]) -> ReadAgainResult:
    return msgspec.convert(answer, ReadAgainResult)


def actor() -> str:
    """The name of the current user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"  # The system has no name for this user id.
