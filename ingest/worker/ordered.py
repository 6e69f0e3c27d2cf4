"""Orders of people as they go through the door, and what came of them: plain values.

Needs no engine, so that a process that only gives orders never loads one.
"""

import getpass
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ingest.batches.order import Item, Order, Target

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


def values(said: Struct) -> dict[str, Any]:
    """An order, or its answer, as it goes through the door."""
    plain: dict[str, Any] = msgspec.to_builtins(said)
    return plain


def told(answer: dict[str, Any]) -> Sequence[Item]:
    return msgspec.convert(answer, Told).found


def begun(answer: dict[str, Any]) -> Begun:
    return msgspec.convert(answer, Begun)


def actor() -> str:
    """Who gives orders here."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"  # The system has no name for who runs this.
