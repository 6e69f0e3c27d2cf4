"""Forgetting, ordered by a person and carried out by the process that has the database.

Values in, values out, because the order may come through the door. Nothing is asked here: who
orders has seen what would go.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.db.database import Database
from ingest.db.prune import PruneCounts, preview, prune
from ingest.pipeline.command_queue import Handler
from ingest.pipeline.homes import Home
from ingest.pipeline.run import Clock
from ingest.pipeline.scan import scan_and_register

PRUNE: Final = "prune"
"""By this name it is left at the desk, while nothing is being read."""


class PruneRequest(Struct, frozen=True):
    before: datetime
    facts: bool
    actor: str
    reason: str | None = None
    only_look: bool = True


def prune_handler(database: Database, homes: list[Home], clock: Clock) -> Handler:
    """Carries it out on this database, or only looks what it would do."""

    def carry(values: dict[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(values, PruneRequest)
        now = clock()
        # What is read to the end is judged by how the files are now.
        scan_and_register(database, homes, now.isoformat())
        if wanted.only_look:
            found = preview(database, wanted.before, facts=wanted.facts)
        else:
            found = prune(
                database,
                wanted.before,
                facts=wanted.facts,
                now=now,
                actor=wanted.actor,
                reason=wanted.reason,
            )
        plain: dict[str, Any] = msgspec.to_builtins(found)
        return plain

    return carry


def request_prune(
    act: Callable[[dict[str, Any]], dict[str, Any]], wanted: PruneRequest
) -> PruneCounts:
    """Leave it with whoever carries it out, and hear what came of it."""
    values: dict[str, Any] = msgspec.to_builtins(wanted)
    return msgspec.convert(act(values), PruneCounts)
