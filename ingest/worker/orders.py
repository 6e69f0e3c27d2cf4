"""Orders of people, carried out by the process that has the database, whoever gave them.

What goes in and comes out are plain values, because most orders come through the door. An order
that is only looked at (`command` is None) changes nothing.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ingest.batches.order import Order
from ingest.store.commands import Item, carry_out, items, preview
from ingest.store.database import Database
from ingest.store.reset import Target, count, reset, targets
from ingest.worker.desk import Handler

ORDER = "order"
RESET = "reset"

Clock = Callable[[], datetime]


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


def batches(database: Database, clock: Clock, max_attempts: int) -> Handler:
    """Carries out what is ordered of batches."""

    def carry(values: dict[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(values, Wanted)
        if wanted.command is None:
            return _plain(Told(preview(database, wanted.order)))
        carry_out(
            database,
            wanted.order,
            command=wanted.command,
            now=clock(),
            max_attempts=max_attempts,
        )
        return _plain(Told(items(database, wanted.command)))

    return carry


def afresh(database: Database, clock: Clock, look: Callable[[], object]) -> Handler:
    """Begins anew with sources. `look` brings what is known of the files up to what they are."""

    def carry(values: dict[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(values, Afresh)
        look()
        meant = targets(
            database,
            session=wanted.order.selection.session,
            source=wanted.order.selection.source,
            sources=wanted.sources,
            readable=_readable,
        )
        if wanted.command is None or not any(one.why is None for one in meant):
            return _plain(Begun(meant, count(database, meant), None))
        done = reset(database, meant, wanted.order, command=wanted.command, now=clock())
        look()
        return _plain(Begun(meant, done.facts_dropped, str(done.backup)))

    return carry


def _readable(path: str) -> bool:
    return os.access(path, os.R_OK)


def _plain(answer: Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(answer)
    return plain


def values(wanted: Struct) -> dict[str, Any]:
    """An order as it goes through the door."""
    return _plain(wanted)


def told(answer: dict[str, Any]) -> Sequence[Item]:
    return msgspec.convert(answer, Told).found


def begun(answer: dict[str, Any]) -> Begun:
    return msgspec.convert(answer, Begun)
