"""What screens can do with batches and files: try batches again, cancel or snooze them, read files
from the start.

An action starts with a dry run, and asks for confirmation if it applies to several batches or
cannot be undone. What came of a retry is shown when it is known.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace
from textual.content import Content

from ingest.actions import BatchAction, ReadAgain
from ingest.batches.action import Item, Selection, Verb
from ingest.db.query_reader import Row
from ingest.sessions.session import ID_CHARS, title_of
from ingest.text.numbers import pluralize
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import COMMANDS
from tui.dialogs import ConfirmDialog, TypedConfirmDialog

SHOWN: Final = 5
"""How many items a confirmation names."""
CONFIRM_WORD: Final = "reset"
_DONE: Final = {
    Verb.RETRY: "Queued",
    Verb.CANCEL: "Cancelled",
    Verb.SNOOZE: "Snoozed",
}


class BatchActions(BaseScreen):
    def clear_selection(self) -> None:
        """Called when an action has been carried out."""

    def notify_block(self, text: str, severity: Any = "information") -> None:
        self.notify(content.block(text).plain, severity=severity, markup=False, timeout=8)

    async def run_batch_action(
        self,
        verb: Verb,
        ids: Sequence[str],
        *,
        until: datetime | None = None,
        confirm: bool = False,
    ) -> None:
        if not ids:
            self.notify_block("No batch is selected.", "warning")
            return
        selection = Selection(ids=tuple(ids))
        action = BatchAction(verb=verb, selection=selection, until=until, dry_run=True)
        items = await self.dashboard.queries.act(action)
        ready = [item for item in items if item.why is None]
        if not ready:
            self.notify_block(_outcome(verb, items), "warning")
            return
        if (confirm or len(ready) > 1) and not await self._confirmed(verb, items, ready):
            return
        result = await self.dashboard.queries.act(action.confirmed(items))
        self.clear_selection()
        if verb is Verb.RETRY:
            self.dashboard.retries.watch(item.batch for item in result if item.why is None)
        self.notify_block(_outcome(verb, result))

    async def _confirmed(self, verb: Verb, items: Sequence[Item], ready: Sequence[Item]) -> bool:
        name = COMMANDS[verb.value].label.capitalize()
        ids = [item.batch for item in ready[:SHOWN]]
        rows = await self.dashboard.queries.ask(
            lambda reader: reader.rows("pipeline.these_batches", ids=ids)
        )
        shared = self.dashboard.shared_batches
        body: list[Content | str] = [
            content.row(content.batch_state(row["state"]), batch_name(row, shared))
            for row in sorted(rows, key=lambda row: ids.index(row["id"]))  # As they are listed.
        ]
        if len(ready) > SHOWN:
            body.append(f"and {len(ready) - SHOWN:,} more")
        if len(items) > len(ready):
            body.append(f"{len(items) - len(ready):,} others will be skipped.")
        title = f"{name} {pluralize(len(ready), 'batch')}?"
        confirmed = await self.app.push_screen_wait(ConfirmDialog(title, body, yes=name))
        return bool(confirmed)

    async def read_from_start(self, action: ReadAgain) -> None:
        preview = await self.dashboard.queries.act(replace(action, dry_run=True))
        files = [target for target in preview.targets if target.why is None]
        if not files:
            reasons = (target.why for target in preview.targets if target.why)
            self.notify_block(next(reasons, "Nothing of it has been read."), "warning")
            return
        count = pluralize(sum(preview.facts.values()), "fact")
        body = [
            *(file.path for file in files[:SHOWN]),
            *([f"and {len(files) - SHOWN:,} more"] if len(files) > SHOWN else []),
            "",
            f"{count} of {pluralize(len(files), 'file')} are deleted and read again.",
            "The database is backed up first. Edits by people are kept.",
        ]
        if await self.app.push_screen_wait(
            TypedConfirmDialog("Read again from the start?", body, word=CONFIRM_WORD)
        ):
            ids = [file.id for file in files]
            result = await self.dashboard.queries.act(replace(action, sources=ids))
            count = pluralize(len(files), "file")
            self.notify_block(f"Reading {count} again. The backup is {result.backup}.")


def batch_name(row: Row, shared: Mapping[str, str]) -> str:
    """The title of the session of a batch; without one, a short name of its source. It begins with
    the role that the batch runs. `shared`: the projects that batches send to the team."""
    if row["id"] in shared:
        return f"team: {shared[row['id']]}"
    name = title_of(row["title"]) or source_name(row["session"], row["path"])
    return f"{row['role']}: {name}" if row["role"] else name


def source_name(session: str | None, path: str | None) -> str:
    """A short name of a source: the id of its session, which has no title, or its file."""
    return session[:ID_CHARS] if session else (path or "").replace("\\", "/").rpartition("/")[2]


def _outcome(verb: Verb, items: Sequence[Item]) -> str:
    """“Queued 12 batches. Skipped 3 batches. Already queued.”"""
    changed = sum(1 for item in items if item.why is None)
    reasons = Counter(item.why for item in items if item.why is not None)
    if not changed and len(reasons) == 1:
        return next(iter(reasons))
    text = f"{_DONE[verb]} {pluralize(changed, 'batch')}." if changed else "Nothing was changed."
    for why, count in reasons.items():
        text += f" Skipped {pluralize(count, 'batch')}. {why}"
    return text
