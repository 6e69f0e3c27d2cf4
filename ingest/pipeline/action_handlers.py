"""Handlers of user actions, run by the process that owns the database.

Requests and replies are plain values, because most of them cross the socket. A request whose
`command` is None is a preview and changes nothing.
"""

import os
from collections.abc import Callable
from typing import Any

import msgspec

from ingest.batches.action import TaskAction
from ingest.db.actions import execute_action, matched_items, preview, record_task_edit
from ingest.db.database import Database
from ingest.db.redact_stored import scan as find_secrets
from ingest.db.reset import count, reset, targets
from ingest.pipeline.action_messages import (
    ActionReply,
    ReadAgain,
    ReadAgainResult,
    RequestedAction,
    to_message,
)
from ingest.pipeline.command_queue import Handler
from ingest.text.times import Clock


def batches(database: Database, clock: Clock, max_attempts: int) -> Handler:
    """Handles actions on batches: retry, cancel, snooze, pause …"""

    def handle(values: dict[str, Any]) -> dict[str, Any]:
        request = msgspec.convert(values, RequestedAction)
        if request.command is None:
            return to_message(ActionReply(preview(database, request.order)))
        execute_action(
            database,
            request.order,
            command=request.command,
            now=clock(),
            max_attempts=max_attempts,
        )
        return to_message(ActionReply(matched_items(database, request.command)))

    return handle


def read_again(database: Database, clock: Clock, scan: Callable[[], object]) -> Handler:
    """Handles resets: sources are read again. `scan` refreshes the list of sources."""

    def handle(values: dict[str, Any]) -> dict[str, Any]:
        request = msgspec.convert(values, ReadAgain)
        scan()
        matched = targets(
            database,
            session=request.order.selection.session,
            source=request.order.selection.source,
            sources=request.sources,
            readable=_readable,
        )
        if request.command is None or not any(target.why is None for target in matched):
            return to_message(ReadAgainResult(matched, count(database, matched), None))
        done = reset(database, matched, request.order, command=request.command, now=clock())
        scan()
        return to_message(ReadAgainResult(matched, done.facts_dropped, str(done.backup)))

    return handle


def task_actions(database: Database, clock: Clock) -> Handler:
    """Stores edits of tasks and projects."""

    def handle(values: dict[str, Any]) -> dict[str, Any]:
        record_task_edit(database, msgspec.convert(values, TaskAction), clock())
        return {}

    return handle


def redact_scan(database: Database) -> Handler:
    """Finds stored secrets and private text."""

    def handle(_values: dict[str, Any]) -> dict[str, Any]:
        return {"places": msgspec.to_builtins(find_secrets(database))}

    return handle


def _readable(path: str) -> bool:
    return os.access(path, os.R_OK)
