"""Orders of people, carried out by the process that has the database, whoever gave them.

What goes in and comes out are plain values, because most orders come through the door. An order
that is only looked at (`command` is None) changes nothing.
"""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from ingest.batches.action import TaskAction
from ingest.db.actions import carry_out, items, preview, record_task_edit
from ingest.db.database import Database
from ingest.db.redact_stored import scan
from ingest.db.reset import count, reset, targets
from ingest.pipeline.action_messages import ActionReply, ReadAgain, ReadAgainResult, RequestedAction
from ingest.pipeline.action_messages import to_message as values_of
from ingest.pipeline.command_queue import Handler

Clock = Callable[[], datetime]


def batches(database: Database, clock: Clock, max_attempts: int) -> Handler:
    """Carries out what is ordered of batches."""

    def carry(values: dict[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(values, RequestedAction)
        if wanted.command is None:
            return values_of(ActionReply(preview(database, wanted.order)))
        carry_out(
            database,
            wanted.order,
            command=wanted.command,
            now=clock(),
            max_attempts=max_attempts,
        )
        return values_of(ActionReply(items(database, wanted.command)))

    return carry


def read_again(database: Database, clock: Clock, look: Callable[[], object]) -> Handler:
    """Begins anew with sources. `look` brings what is known of the files up to what they are."""

    def carry(values: dict[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(values, ReadAgain)
        look()
        meant = targets(
            database,
            session=wanted.order.selection.session,
            source=wanted.order.selection.source,
            sources=wanted.sources,
            readable=_readable,
        )
        if wanted.command is None or not any(one.why is None for one in meant):
            return values_of(ReadAgainResult(meant, count(database, meant), None))
        done = reset(database, meant, wanted.order, command=wanted.command, now=clock())
        look()
        return values_of(ReadAgainResult(meant, done.facts_dropped, str(done.backup)))

    return carry


def task_actions(database: Database, clock: Clock) -> Handler:
    """Keeps what people say of tasks and projects."""

    def carry(values: dict[str, Any]) -> dict[str, Any]:
        record_task_edit(database, msgspec.convert(values, TaskAction), clock())
        return {}

    return carry


def redact_scan(database: Database) -> Handler:
    """Looks for what should not be stored."""

    def carry(_values: dict[str, Any]) -> dict[str, Any]:
        return {"places": msgspec.to_builtins(scan(database))}

    return carry


def _readable(path: str) -> bool:
    return os.access(path, os.R_OK)
