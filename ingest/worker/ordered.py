"""Orders of people as they go through the door, and what came of them: plain values.

Needs no engine, so that a process that only gives orders never loads one.
"""

import getpass
import uuid
from typing import Any

import msgspec
from msgspec import Struct

from ingest.batches.order import Item, Order, Saying, Target

ORDER = "order"
RESET = "reset"
SCAN = "scan"
"""How much of secrets and private text is stored, by kind and place."""
SAY = "say"
"""What a person says of a task or a project: a `Saying`."""


class Wanted(Struct, frozen=True):
    """An order for batches."""

    order: Order
    command: str | None
    """The id it is written down under; None to look only."""


class Told(Struct, frozen=True):
    """What came of an order, batch by batch; or would come of it."""

    found: list[Item]


class Afresh(Struct, frozen=True):
    """An order to begin anew with some sources."""

    order: Order
    command: str | None
    sources: list[int] | None = None
    """These only, of those that the order's selection is for."""


class Begun(Struct, frozen=True):
    targets: list[Target]
    facts: dict[str, int]
    """What was dropped, or would be, by table."""
    backup: str | None


def wanted(order: Order, *, only_look: bool = False) -> Wanted:
    return Wanted(order, None if only_look else _command())


def afresh(order: Order, sources: list[int] | None = None, *, only_look: bool = False) -> Afresh:
    return Afresh(order, None if only_look else _command(), sources)


def saying(
    verb: str,
    about: dict[str, Any],
    arguments: dict[str, Any] | None = None,
    reason: str | None = None,
) -> Saying:
    """What the person here says of a task or a project."""
    return Saying(
        command=_command(),
        verb=verb,
        about=about,
        arguments=arguments or {},
        actor=actor(),
        reason=reason,
    )


def _command() -> str:
    return uuid.uuid4().hex


def values(said: Struct) -> dict[str, Any]:
    """An order, or its answer, as it goes through the door."""
    plain: dict[str, Any] = msgspec.to_builtins(said)
    return plain


def told(answer: dict[str, Any]) -> list[Item]:
    return msgspec.convert(answer, Told).found


def begun(answer: dict[str, Any]) -> Begun:
    return msgspec.convert(answer, Begun)


def actor() -> str:
    """Who gives orders here."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"  # The system has no name for who runs this.
