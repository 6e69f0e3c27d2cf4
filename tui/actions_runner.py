"""What a person orders at a key: looked at first, asked about, given to the owner, and told.

Promises that an order is for exactly what was shown, and that what came of it is said: how many,
and which were left alone because of what.
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
"""How many of many are named before a person says yes."""


class ActionRunner:
    def __init__(self, feed: QueryRunner) -> None:
        self._feed = feed

    async def look(
        self, verb: Verb, ids: Sequence[str], until: datetime | None = None
    ) -> tuple[Action, list[Item]]:
        """The order for these batches, and what it would do with each."""
        order = Action(verb=verb, selection=Selection(ids=tuple(ids)), actor=actor(), until=until)
        return order, await self._order(action_message(order, dry_run=True))

    async def obey(self, order: Action) -> list[Item]:
        return await self._order(action_message(order))

    async def _order(self, said: RequestedAction) -> list[Item]:
        return decode_reply(await self._feed.act(BATCH_ACTION, **to_message(said)))

    async def stop_or_go(self, verb: Verb) -> None:
        await self.obey(Action(verb=verb, actor=actor()))

    async def read_again(
        self, order: Action, sources: list[int] | None = None, *, dry_run: bool
    ) -> ReadAgainResult:
        """Begin anew with what the order is for; or see what that would mean."""
        said = read_again_message(order, sources, dry_run=dry_run)
        return decode_read_again_result(await self._feed.act(READ_AGAIN, **to_message(said)))

    async def say(
        self, verb: str, about: dict[str, Any], arguments: dict[str, Any], reason: str | None = None
    ) -> None:
        """Have it written down that this person says so, of a task or a project."""
        await self._feed.act(
            TASK_ACTION, **to_message(task_action_message(verb, about, arguments, reason))
        )


def exactly(order: Action, items: Sequence[Item]) -> Action:
    """The order for the very batches that were shown, whatever has come to match it since."""
    return replace(order, selection=Selection(ids=tuple(one.batch for one in items)))


def outcome(done: str, items: Sequence[Item]) -> str:
    """“Retried 12 batches. 3 batches left alone. It is being worked on.”"""
    moved = sum(1 for one in items if one.why is None)
    said = f"{done} {pluralize(moved, 'batch')}." if moved else "Nothing was done."
    for why, count in Counter(one.why for one in items if one.why is not None).items():
        said += f" {pluralize(count, 'batch')} left alone. {why}"
    return said
