"""User actions and their replies as plain values for the socket.

Does not import DuckDB, so that a process that only sends actions never loads it.
"""

import getpass
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from ingest.batches.action import Action, Item, Target, TaskAction
from ingest.db.query_reader import NamedQueries
from ingest.errors import ActionResultLost, OwnerGone
from ingest.server.client import DatabaseClient

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


def deliver(
    next_owner: Callable[[DatabaseClient | None], DatabaseClient],
    name: str,
    message: dict[str, Any],
) -> dict[str, Any]:
    """Have the owner carry out an action exactly once, and return its result.

    If the owner ends before it answers, the next one is asked by the id of the action whether it
    was carried out, and otherwise carries it out. `next_owner` returns another owner than the given
    one.
    """
    owner, asked_before = next_owner(None), False
    while True:
        try:
            result = recorded_result(owner, name, message) if asked_before else None
            return owner.act(name, **message) if result is None else result
        except OwnerGone:
            owner, asked_before = next_owner(owner), True


def recorded_result(
    reader: NamedQueries, name: str, message: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the result of an action that was carried out; None if it was not."""
    command = message.get("command")
    if command is None or reader.first_row("commands.known", ids=[command]) is None:
        return None
    if name == TASK_ACTION:
        return {}
    if name == BATCH_ACTION:
        (row,) = reader.rows("commands.items", command=command)
        return {"found": msgspec.json.decode(row["items"])}
    raise ActionResultLost


def actor() -> str:
    """The name of the current user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"  # The system has no name for this user id.
