"""Carries out the actions of people, in the process that owns the database.

`HANDLERS` is the table of all actions: what carries each one out, and when it may run. A recorded
action that arrives again, because the owner that carried it out ended before it answered, is not
carried out again.
"""

import os
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final, TypeVar

from msgspec import Struct

from ingest.actions import (
    Action,
    BatchAction,
    FindSecrets,
    Prune,
    PruneCounts,
    ReadAgain,
    ReadAgainResult,
    ReadNow,
    ReadReport,
    Rebuild,
    Rebuilt,
    RecordEdit,
    RequestRole,
    StoredText,
)
from ingest.batches.action import Item
from ingest.batches.retry_policy import MAX_ATTEMPTS
from ingest.db import derived_rows, prune, redact_stored, reset, search_changes
from ingest.db.actions import (
    execute_action,
    is_recorded,
    matched_items,
    preview,
    record_edit,
    request_role,
)
from ingest.db.database import Database
from ingest.errors import ActionResultLost, ReadOnlyServer
from ingest.text.times import Clock, utc_now

R = TypeVar("R")


class When(Enum):
    """When the owner may carry out an action."""

    READ_ONLY = auto()
    """At once, on the thread of the caller: it changes nothing."""
    BETWEEN_COMMITS = auto()
    """On the writing thread, between two commits."""
    IDLE = auto()
    """On the writing thread, while no file is being read."""


class Handler(Struct, frozen=True):
    carry_out: Callable[["ActionHandlers", Any], Any]
    when: When


class ActionHandlers:
    """Carries out actions on an open database.

    `scan` refreshes the list of sources, `read` reads everything that is new, and `changed` is
    called after an action that the next round of reading must consider.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock = utc_now,
        max_attempts: int = MAX_ATTEMPTS,
        *,
        scan: Callable[[], object],
        read: Callable[[], ReadReport] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.max_attempts = max_attempts
        self.scan = scan
        self.read = read
        self.changed = changed

    def carry_out(self, action: Action[R]) -> R:
        result: R = HANDLERS[type(action)].carry_out(self, action)
        return result

    # ── one method per action ─────────────────────────────────────────────────────────────────────

    def change_batches(self, action: BatchAction) -> list[Item]:
        if action.dry_run:
            return preview(self.database, action)
        if not is_recorded(self.database, action.id):
            execute_action(self.database, action, self.clock(), self.max_attempts)
            self.changed()
        return matched_items(self.database, action.id)

    def record_edit(self, action: RecordEdit) -> None:
        if not is_recorded(self.database, action.id):
            record_edit(self.database, action, self.clock())

    def request_role(self, action: RequestRole) -> None:
        request_role(self.database, action, self.clock())
        self.changed()

    def read_again(self, action: ReadAgain) -> ReadAgainResult:
        self._refuse_repetition(action.id)
        self.scan()
        matched = reset.targets(
            self.database,
            session=action.selection.session,
            source=action.selection.source,
            sources=action.sources,
            readable=lambda path: os.access(path, os.R_OK),
        )
        if action.dry_run or not any(target.why is None for target in matched):
            return ReadAgainResult(matched, reset.count(self.database, matched), None)
        done = reset.reset(self.database, matched, action, self.clock())
        self.scan()
        self.changed()
        return ReadAgainResult(matched, done.facts_dropped, str(done.backup))

    def prune(self, action: Prune) -> PruneCounts:
        self._refuse_repetition(action.id)
        # Only sources that are read to the end are pruned: refresh the sizes of the files.
        self.scan()
        if action.dry_run:
            return prune.preview(self.database, action)
        return prune.prune(self.database, action, self.clock())

    def find_secrets(self, _action: FindSecrets) -> list[StoredText]:
        return redact_stored.scan(self.database)

    def read_now(self, _action: ReadNow) -> ReadReport:
        if self.read is None:
            raise ReadOnlyServer("The process that has the database open does not read files.")
        return self.read()

    def rebuild(self, action: Rebuild) -> list[Rebuilt]:
        """Have it all derived again in the background."""
        for what in action.what:
            if what == "search":
                search_changes.request_rebuild(self.database)
            elif what == "tasks":
                with self.database.transaction():
                    self.database.run("tasks.mark_outdated")
                    self.database.run("tasks.unmark_projects")
            else:
                derived_rows.mark_outdated(self.database, derived_rows.DERIVATIONS[what])
        self.changed()
        return [Rebuilt(what, None, None) for what in action.what]

    def _refuse_repetition(self, action: str) -> None:
        """The result of these actions is not recorded, so it cannot be returned a second time."""
        if is_recorded(self.database, action):
            raise ActionResultLost


HANDLERS: Final[dict[type, Handler]] = {
    BatchAction: Handler(ActionHandlers.change_batches, When.BETWEEN_COMMITS),
    RecordEdit: Handler(ActionHandlers.record_edit, When.BETWEEN_COMMITS),
    RequestRole: Handler(ActionHandlers.request_role, When.BETWEEN_COMMITS),
    ReadAgain: Handler(ActionHandlers.read_again, When.IDLE),
    Prune: Handler(ActionHandlers.prune, When.IDLE),
    FindSecrets: Handler(ActionHandlers.find_secrets, When.READ_ONLY),
    ReadNow: Handler(ActionHandlers.read_now, When.IDLE),
    Rebuild: Handler(ActionHandlers.rebuild, When.BETWEEN_COMMITS),
}
