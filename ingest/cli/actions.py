"""How a person's orders reach the database: who gives them, for which batches, and what came of it.

They are carried out by the process that has the database open: through its door, or here where
there is none. Here, the database is first brought up to what people did before (see `replay.py`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from msgspec import Struct

from ingest.batches.action import Action, Item, Selection, Verb
from ingest.batches.batch import Kind
from ingest.batches.state import State
from ingest.cli.access import AGAIN_SECONDS, connect_to_owner
from ingest.cli.ids import resolve_prefix
from ingest.cli.invocation import Invocation
from ingest.cli.scope import session_id
from ingest.db.query_reader import QueryReader
from ingest.errors import InvalidTime, OwnerGone
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
    recorded_result,
    task_action_message,
    to_message,
)
from ingest.pipeline.homes import homes
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.text import times

if TYPE_CHECKING:
    from ingest.db.database import Database

BATCHES_LISTED: Final = "`tailboard batches list` lists them."

F = TypeVar("F", bound=Callable[..., Any])


class BatchTarget(Struct, frozen=True):
    """The options that say which batches are meant, as they were written."""

    batch: Sequence[str] = ()
    session: str | None = None
    kind: str | None = None
    state: Sequence[str] = ()
    error: str | None = None
    older_than: str | None = None
    only_error: bool = False
    include_dead: bool = False
    limit: int | None = None

    @property
    def says_something(self) -> bool:
        return self != BatchTarget()


class ActionReport(Struct, frozen=True):
    """What came of an order, batch by batch; or would come of it."""

    command: str | None
    found: list[Item]

    def body(self) -> dict[str, object]:
        return {
            "command": self.command,
            "dry_run": self.command is None,
            "matched": [one.batch for one in self.found],
            "done": [one.batch for one in self.done] if self.command else [],
            "skipped": [{"id": one.batch, "why": one.why} for one in self.skipped],
        }

    @property
    def done(self) -> list[Item]:
        return [one for one in self.found if one.why is None]

    @property
    def skipped(self) -> list[Item]:
        return [one for one in self.found if one.why is not None]


_CHOICES: Final[dict[str, dict[str, Any]]] = {
    "batch": {"metavar": "ID", "multiple": True, "help": "This batch; can be repeated."},
    "session": {"metavar": "ID", "help": "Only batches of this session."},
    "kind": {
        "type": click.Choice([one.value for one in Kind]),
        "help": "Only batches of this kind.",
    },
    "state": {
        "type": click.Choice([one.value for one in State]),
        "multiple": True,
        "help": "Only batches in this state; can be repeated.",
    },
    "error": {"metavar": "CODE", "help": "Only batches whose last error has this code."},
    "older-than": {"metavar": "TIME", "help": "Only batches unchanged for this long: 1h, 7d."},
    "only-error": {"is_flag": True, "help": "Only batches whose last attempt failed."},
    "include-dead": {"is_flag": True, "help": "Include dead batches."},
    "limit": {"metavar": "N", "type": click.IntRange(min=1), "help": "Change at most N batches."},
}


def batch_target_options(function: F) -> F:
    """Adds the options that say which batches are meant; the command gets them as `chosen`.

    Stands below other options: what those left at the function would be lost here.
    """

    def command(*args: Any, **kwargs: Any) -> Any:
        said = {name: kwargs.pop(name) for name in BatchTarget.__struct_fields__}
        return function(*args, chosen=BatchTarget(**said), **kwargs)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    for name in reversed(_CHOICES):
        command = click.option(f"--{name}", **_CHOICES[name])(command)
    return command  # type: ignore[return-value]


class ActionRunner(Struct, frozen=True):
    """Where orders are given."""

    access: QueryReader
    act: Callable[[str, dict[str, Any]], dict[str, Any]]

    def look(self, order: Action) -> ActionReport:
        """What the order would do."""
        return self._order(action_message(order, dry_run=True))

    def obey(self, order: Action) -> ActionReport:
        """Have the order carried out."""
        return self._order(action_message(order))

    def _order(self, said: RequestedAction) -> ActionReport:
        return ActionReport(said.command, decode_reply(self.act(BATCH_ACTION, to_message(said))))

    def say(
        self,
        verb: str,
        about: dict[str, Any],
        arguments: dict[str, Any] | None = None,
        reason: str | None = None,
    ) -> str:
        """Have it written down that this person says so; the id it is written down under."""
        said = task_action_message(verb, about, arguments, reason)
        self.act(TASK_ACTION, to_message(said))
        return said.command

    def read_again(
        self, order: Action, sources: list[int] | None = None, *, dry_run: bool
    ) -> ReadAgainResult:
        return decode_read_again_result(
            self.act(READ_AGAIN, to_message(read_again_message(order, sources, dry_run=dry_run)))
        )


@contextmanager
def action_runner(invocation: Invocation) -> Iterator[ActionRunner]:
    """Where a person's orders are carried out."""
    path = invocation.settings.db
    met = connect_to_owner(path) if path.exists() else None
    found: DatabaseClient | tuple[Database, list[str]]
    if met is not None and met.host.role != Role.COMMAND:
        found = met
    else:
        # Imported here: who only asks the owner needs no engine of its own.
        from ingest.pipeline.bootstrap import open_or_connect

        if met is not None:
            met.close()
        found = open_or_connect(path, needs_actions=True)
    if isinstance(found, DatabaseClient):
        with found as remote:
            yield ActionRunner(remote, partial(_send, invocation, remote))
        return
    from ingest.db.local_reader import LocalReader
    from ingest.db.replay import replay
    from ingest.pipeline import action_handlers
    from ingest.pipeline.bootstrap import serve_readers
    from ingest.pipeline.scan import scan_and_register

    settings, now = invocation.settings, invocation.now
    with serve_readers(*found, now, invocation.output.note) as database:
        replay(database, now, settings.max_attempts)

        def look() -> None:
            scan_and_register(database, homes(settings.codex_homes), now.isoformat())

        handlers = {
            BATCH_ACTION: action_handlers.batches(database, lambda: now, settings.max_attempts),
            TASK_ACTION: action_handlers.task_actions(database, lambda: now),
            READ_AGAIN: action_handlers.read_again(database, lambda: now, look),
        }
        yield ActionRunner(LocalReader(database, now), lambda name, said: handlers[name](said))


def _send(
    invocation: Invocation, remote: DatabaseClient, name: str, said: dict[str, Any]
) -> dict[str, Any]:
    """Have the owner carry out an action. If it ends before it answers, the next process that has
    the database is asked whether it was carried out, and otherwise carries it out."""
    invocation.ordered = True
    try:
        return remote.act(name, **said)
    except OwnerGone:
        deadline = time.monotonic() + AGAIN_SECONDS
    while True:
        try:
            with action_runner(invocation) as runner:
                result = recorded_result(runner.access, name, said)
                return runner.act(name, said) if result is None else result
        except OwnerGone:
            if time.monotonic() >= deadline:
                raise


def selection(invocation: Invocation, access: QueryReader, chosen: BatchTarget) -> Selection:
    return Selection(
        ids=tuple(_id(access, one) for one in chosen.batch) or None,
        session=session_id(access, chosen.session) if chosen.session else None,
        kind=Kind(chosen.kind) if chosen.kind else None,
        states=tuple(State(one) for one in chosen.state) or None,
        error=chosen.error,
        older_than=_since(invocation, chosen.older_than),
        only_error=chosen.only_error,
        include_dead=chosen.include_dead,
        limit=chosen.limit,
    )


def order_of(
    verb: Verb, meant: Selection, reason: str | None, until: datetime | None = None
) -> Action:
    return Action(verb=verb, selection=meant, actor=actor(), reason=reason, until=until)


def later(invocation: Invocation, text: str, option: str) -> datetime:
    """A moment to come: in `2h`, or at a time of the calendar."""
    try:
        return times.future(text, invocation.aware_now, invocation.zone)
    except (InvalidTime, OverflowError) as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _since(invocation: Invocation, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return times.since(text, invocation.aware_now, invocation.zone)
    except InvalidTime as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from error


def _id(access: QueryReader, prefix: str) -> str:
    rows = access.rows("batches.starting_with", prefix=prefix.lower())
    found: list[str] = [row["id"] for row in rows]
    return resolve_prefix(found, prefix, "batch", BATCHES_LISTED)
