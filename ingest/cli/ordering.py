"""How a person's orders reach the database: who gives them, for which batches, and what came of it.

They are carried out by the process that has the database open: through its door, or here where
there is none. Here, the database is first brought up to what people did before (see `replay.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from msgspec import Struct

from ingest.batches.batch import Kind
from ingest.batches.order import Item, Order, Selection, Verb
from ingest.batches.state import State
from ingest.cli.access import Access, Through, visit
from ingest.cli.ids import sole
from ingest.cli.invocation import Invocation
from ingest.cli.scope import session_id
from ingest.store.client import OwnerGone, RemoteDatabase
from ingest.store.doorplate import Role
from ingest.wording import when
from ingest.worker.homes import homes
from ingest.worker.ordered import (
    ORDER,
    RESET,
    SAY,
    Begun,
    Wanted,
    actor,
    afresh,
    begun,
    saying,
    told,
    values,
    wanted,
)

if TYPE_CHECKING:
    from ingest.store.database import Database

BATCHES_LISTED: Final = "`tailboard batches list` lists them."

F = TypeVar("F", bound=Callable[..., Any])


class Chosen(Struct, frozen=True):
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
        return self != Chosen()


class Told(Struct, frozen=True):
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
    "batch": {"metavar": "ID", "multiple": True, "help": "This batch; may be repeated."},
    "session": {"metavar": "ID", "help": "Only batches of this session."},
    "kind": {
        "type": click.Choice([one.value for one in Kind]),
        "help": "Only batches of this kind.",
    },
    "state": {
        "type": click.Choice([one.value for one in State]),
        "multiple": True,
        "help": "Only batches in this state; may be repeated.",
    },
    "error": {"metavar": "CODE", "help": "Only batches whose last error has this code."},
    "older-than": {"metavar": "TIME", "help": "Only batches that were not touched since: 1h, 7d."},
    "only-error": {"is_flag": True, "help": "Only batches whose last attempt failed."},
    "include-dead": {"is_flag": True, "help": "Also those that were given up."},
    "limit": {"metavar": "N", "type": click.IntRange(min=1), "help": "At most so many."},
}


def choosing(function: F) -> F:
    """Adds the options that say which batches are meant; the command gets them as `chosen`.

    Stands below other options: what those left at the function would be lost here.
    """

    def command(*args: Any, **kwargs: Any) -> Any:
        said = {name: kwargs.pop(name) for name in Chosen.__struct_fields__}
        return function(*args, chosen=Chosen(**said), **kwargs)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    for name in reversed(_CHOICES):
        command = click.option(f"--{name}", **_CHOICES[name])(command)
    return command  # type: ignore[return-value]


class Orders(Struct, frozen=True):
    """Where orders are given."""

    access: Access
    act: Callable[[str, dict[str, Any]], dict[str, Any]]

    def look(self, order: Order) -> Told:
        """What the order would do."""
        return self._order(wanted(order, only_look=True))

    def obey(self, order: Order) -> Told:
        """Have the order carried out."""
        return self._order(wanted(order))

    def _order(self, said: Wanted) -> Told:
        return Told(said.command, told(self.act(ORDER, values(said))))

    def say(
        self,
        verb: str,
        about: dict[str, Any],
        arguments: dict[str, Any] | None = None,
        reason: str | None = None,
    ) -> str:
        """Have it written down that this person says so; the id it is written down under."""
        said = saying(verb, about, arguments, reason)
        self.act(SAY, values(said))
        return said.command

    def begin_afresh(
        self, order: Order, sources: list[int] | None = None, *, only_look: bool
    ) -> Begun:
        return begun(self.act(RESET, values(afresh(order, sources, only_look=only_look))))


@contextmanager
def ordering(invocation: Invocation) -> Iterator[Orders]:
    """Where a person's orders are carried out."""
    path = invocation.settings.db
    met = visit(path) if path.exists() else None
    found: RemoteDatabase | tuple[Database, list[str]]
    if met is not None and met.host.role != Role.COMMAND:
        found = met
    else:
        # Imported here: who only asks the owner needs no engine of its own.
        from ingest.cli.direct import to_order

        if met is not None:
            met.close()
        found = to_order(path)
    if isinstance(found, RemoteDatabase):
        with found as remote:
            yield Orders(Through(remote), partial(_send, invocation, remote))
        return
    from ingest.cli.direct import Direct, opened_for
    from ingest.store.replay import replay
    from ingest.worker import orders
    from ingest.worker.survey import survey

    settings, now = invocation.settings, invocation.now
    with opened_for(found, now, invocation.output.note) as database:
        replay(database, now, settings.max_attempts)

        def look() -> None:
            survey(database, homes(settings.codex_homes), now.isoformat())

        handlers = {
            ORDER: orders.batches(database, lambda: now, settings.max_attempts),
            SAY: orders.sayings(database, lambda: now),
            RESET: orders.afresh(database, lambda: now, look),
        }
        yield Orders(Direct(database, now), lambda name, said: handlers[name](said))


def _send(
    invocation: Invocation, remote: RemoteDatabase, name: str, said: dict[str, Any]
) -> dict[str, Any]:
    """Have the owner carry it out. Where it ends meanwhile, the next one is asked whether it was
    done, and else does it."""
    invocation.ordered = True
    try:
        return remote.act(name, **said)
    except OwnerGone:
        with ordering(invocation) as orders:
            if not orders.access.rows("commands.known", ids=[said["command"]]):
                return orders.act(name, said)
        if name != SAY:
            raise  # It was done, but what came of it is not known here.
        return {}


def selection(invocation: Invocation, access: Access, chosen: Chosen) -> Selection:
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
) -> Order:
    return Order(verb=verb, selection=meant, actor=actor(), reason=reason, until=until)


def later(invocation: Invocation, text: str, option: str) -> datetime:
    """A moment to come: in `2h`, or at a time of the calendar."""
    try:
        return when.later(text, invocation.aware_now, invocation.zone)
    except (when.NoTime, OverflowError) as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _since(invocation: Invocation, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return when.since(text, invocation.aware_now, invocation.zone)
    except when.NoTime as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from error


def _id(access: Access, prefix: str) -> str:
    rows = access.rows("batches.starting_with", prefix=prefix.lower())
    found: list[str] = [row["id"] for row in rows]
    return sole(found, prefix, "batch", BATCHES_LISTED)
