"""Pruning on request of a user, run by the process that owns the database.

Requests and replies are plain values for the socket. The client asks for confirmation before it
sends a request that is not a dry run.
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
from ingest.pipeline.scan import scan_and_register
from ingest.text.times import Clock

PRUNE: Final = "prune"
"""The name of the command; it runs only while no file is being read."""


class PruneRequest(Struct, frozen=True):
    before: datetime
    facts: bool
    actor: str
    reason: str | None = None
    dry_run: bool = True


def prune_handler(database: Database, homes: list[Home], clock: Clock) -> Handler:
    """Handles a prune request, or counts what it would remove."""

    def handle(values: dict[str, Any]) -> dict[str, Any]:
        request = msgspec.convert(values, PruneRequest)
        now = clock()
        # Only sources that are read to the end are pruned: refresh the sizes of the files.
        scan_and_register(database, homes, now.isoformat())
        if request.dry_run:
            counts = preview(database, request.before, facts=request.facts)
        else:
            counts = prune(
                database,
                request.before,
                facts=request.facts,
                now=now,
                actor=request.actor,
                reason=request.reason,
            )
        plain: dict[str, Any] = msgspec.to_builtins(counts)
        return plain

    return handle


def request_prune(
    submit: Callable[[dict[str, Any]], dict[str, Any]], request: PruneRequest
) -> PruneCounts:
    """Send the request through `submit`, and decode the reply."""
    values: dict[str, Any] = msgspec.to_builtins(request)
    return msgspec.convert(submit(values), PruneCounts)
