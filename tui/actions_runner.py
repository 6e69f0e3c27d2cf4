"""Sends the actions of a person to the owner: a dry run first, then the action itself.

Promises that an action applies exactly to the batches that were shown, and that its result says how
many changed, and how many were skipped and why.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from ingest.batches.action import Action, Item, Selection, Verb
from ingest.pipeline.action_messages import (
    BATCH_ACTION,
    READ_AGAIN,
    TASK_ACTION,
    ReadAgainResult,
    RequestedAction,
    action_message,
    actor,
    decode_read_again_result,
    decode_reply,
    read_again_message,
    task_action_message,
    to_message,
)
from ingest.text.units import pluralize
from tui.query_runner import QueryRunner

SHOWN: Final = 5
"""How many items a confirmation names."""


class ActionRunner:
    def __init__(self, queries: QueryRunner) -> None:
        self._queries = queries

    async def look(
        self, verb: Verb, ids: Sequence[str], until: datetime | None = None
    ) -> tuple[Action, list[Item]]:
        """The action on these batches, and what it would do with each."""
        order = Action(verb=verb, selection=Selection(ids=tuple(ids)), actor=actor(), until=until)
        return order, await self._order(action_message(order, dry_run=True))

    async def obey(self, order: Action) -> list[Item]:
        return await self._order(action_message(order))

    async def _order(self, said: RequestedAction) -> list[Item]:
        return decode_reply(await self._queries.act(BATCH_ACTION, **to_message(said)))

    async def stop_or_go(self, verb: Verb) -> None:
        await self.obey(Action(verb=verb, actor=actor()))

    async def read_again(
        self, order: Action, sources: list[int] | None = None, *, dry_run: bool
    ) -> ReadAgainResult:
        """Read files again from the start; with `dry_run`, only say which."""
        said = read_again_message(order, sources, dry_run=dry_run)
        return decode_read_again_result(await self._queries.act(READ_AGAIN, **to_message(said)))

    async def say(
        self, verb: str, about: dict[str, Any], arguments: dict[str, Any], reason: str | None = None
    ) -> None:
        """Record an edit of a task or a project by this person."""
        await self._queries.act(
            TASK_ACTION, **to_message(task_action_message(verb, about, arguments, reason))
        )


def exactly(order: Action, items: Sequence[Item]) -> Action:
    """The action on exactly these batches, even if others match its selection by now."""
    return replace(order, selection=Selection(ids=tuple(item.batch for item in items)))


def outcome(done: str, items: Sequence[Item]) -> str:
    """“Retried 12 batches. Skipped 3 batches. Already queued.”"""
    changed = sum(1 for item in items if item.why is None)
    text = f"{done} {pluralize(changed, 'batch')}." if changed else "Nothing was changed."
    for why, count in Counter(item.why for item in items if item.why is not None).items():
        text += f" Skipped {pluralize(count, 'batch')}. {why}"
    return text
