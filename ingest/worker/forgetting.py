"""Forgetting, ordered by a person and carried out by the process that has the database.

Values in, values out, because the order may come through the door. Nothing is asked here: who
orders has seen what would go.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.store.database import Database
from ingest.store.retention import Forgotten, preview, prune
from ingest.worker.desk import Handler
from ingest.worker.drain import Clock
from ingest.worker.homes import Home
from ingest.worker.survey import survey

PRUNE: Final = "prune"
"""By this name it is left at the desk, while nothing is being read."""


class Wanted(Struct, frozen=True):
    before: datetime
    facts: bool
    actor: str
    reason: str | None = None
    only_look: bool = True


def forgetting(database: Database, homes: list[Home], clock: Clock) -> Handler:
    """Carries it out on this database, or only looks what it would do."""

    def carry(values: dict[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(values, Wanted)
        now = clock()
        # What is read to the end is judged by how the files are now.
        survey(database, homes, now.isoformat())
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


def ask(act: Callable[[dict[str, Any]], dict[str, Any]], wanted: Wanted) -> Forgotten:
    """Leave it with whoever carries it out, and hear what came of it."""
    values: dict[str, Any] = msgspec.to_builtins(wanted)
    return msgspec.convert(act(values), Forgotten)
