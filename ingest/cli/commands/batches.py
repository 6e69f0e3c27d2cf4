"""`tailboard batches`: lists and shows the batches of the queue."""

from collections.abc import Iterable
from datetime import datetime

import click

from ingest.batches.batch import Kind
from ingest.batches.state import State
from ingest.cli.access import open_for_reading
from ingest.cli.batch_target import BATCHES_LISTED
from ingest.cli.commands.batches_actions import VERBS
from ingest.cli.group import ListGroup
from ingest.cli.ids import resolve_prefix
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters, known
from ingest.cli.output import Cell, Column, Output
from ingest.cli.scope import scope_of
from ingest.db.query_reader import QueryReader, Row
from ingest.report.batch import Batch, Policy, to_batch, with_history
from ingest.text.numbers import pluralize
from ingest.text.state_style import batch_word

_COLUMNS = (
    Column("ID"),
    Column("STATE"),
    Column("KIND", spare=3),
    Column("RANGE", spare=2),
    Column("TRIES", right=True, spare=1),
    Column("NEXT", least=8),
    Column("ERROR", least=12),
    Column("PATH", least=20, end=True),
)
_CURES = {
    State.FAILED: "`tailboard batches retry --only-error` retries them now.",
    State.DEAD: "`tailboard batches retry --include-dead` retries what was given up, too.",
    State.CANCELLED: "`tailboard batches retry --state cancelled` retries cancelled batches.",
    State.SNOOZED: "`tailboard batches wake --state snoozed` ends the snooze.",
}
"""What a user can do about a batch in this state; printed below the batch."""
_COMPUTED = {"backed_off": State.FAILED, "stuck": State.CLAIMED}
"""States that depend on the clock, each with the stored state of such batches."""


@click.group(cls=ListGroup)
def command() -> None:
    """A batch is one byte range of one file. Without a subcommand: list."""


for _verb in VERBS:
    command.add_command(_verb)


@command.command("list")
@click.option(
    "--state",
    type=click.Choice([*(state.value for state in State), *_COMPUTED]),
    help="Only batches in this state. Lists call failed and backed_off batches “to retry”, dead "
    "ones “given up” and claimed ones “in progress”.",
)
@click.option(
    "--kind", type=click.Choice([kind.value for kind in Kind]), help="Only batches of this kind."
)
@click.option("--error", metavar="CODE", help="Only batches whose last error has this code.")
@filters("session", "since", "until", "limit", "offset")
@with_invocation
def listing(
    invocation: Invocation,
    state: str | None,
    kind: str | None,
    error: str | None,
    only: Filters,
) -> None:
    """List batches, those that need attention first.

    Example: tailboard batches list --state backed_off --since 1h
    """
    computed = _COMPUTED.get(state or "")
    with open_for_reading(invocation) as access:
        scope = scope_of(invocation, access, only)
        rows = access.rows(
            "batches.listed",
            state=computed or state,
            kind=kind,
            error=error,
            session=scope.session,
            since=scope.since,
            until=scope.until,
            limit=None if computed else scope.limit,
            offset=0 if computed else scope.offset,
        )
        if computed:
            alive, end = access.owner.is_other_process, scope.limit and scope.offset + scope.limit
            shown = (to_batch(row, invocation.now, alive=alive).shown for row in rows)
            rows = [row for row, is_ in zip(rows, shown, strict=True) if is_ == state]
            rows = rows[scope.offset : end]
        batches = _with_history(access, rows, invocation.now)

    def show(output: Output) -> None:
        if not batches:
            output.note("No batches.")
            return
        output.table(_COLUMNS, [_cells(output, batch, invocation) for batch in batches])
        output.note("`tailboard batches show ID` shows the history of a batch.")
        for state, what in _CURES.items():
            if any(batch.state is state for batch in batches):
                output.note(what)

    invocation.answer("batches", {"batches": batches}, show)


@command.command("show")
@click.argument("id_", metavar="ID", shell_complete=known("batch"))
@with_invocation
def one(invocation: Invocation, id_: str) -> None:
    """Show one batch and its history; a unique id prefix is enough.

    Example: tailboard batches show 3fa94c1b
    """
    with open_for_reading(invocation) as access:
        rows = access.rows("batches.starting_with", prefix=id_.lower())
        batches = _with_history(access, rows, invocation.now)
    batch = resolve_prefix(batches, id_, "batch", BATCHES_LISTED, lambda one: one.id)
    invocation.answer(
        "batches", {"batches": batches}, lambda output: _show(output, batch, invocation)
    )


def _cells(output: Output, batch: Batch, invocation: Invocation) -> list[Cell]:
    return [
        batch.id,
        output.state(batch_word(batch.shown)),
        batch.kind,
        f"{batch.start}–{batch.end}",
        batch.attempts,
        _retry_time(batch, invocation),
        batch.error.code if batch.error else "",
        batch.path,
    ]


def _with_history(access: QueryReader, rows: Iterable[Row], now: datetime) -> list[Batch]:
    return with_history(access, rows, now, alive=access.owner.is_other_process)


def _retry_time(batch: Batch, invocation: Invocation) -> str:
    settings = invocation.settings
    policy = Policy(settings.retry, settings.max_attempts, invocation.now, invocation.zone)
    return policy.again(batch)


def _show(output: Output, batch: Batch, invocation: Invocation) -> None:
    output.line(batch.id, output.state(batch_word(batch.shown)), batch.reason)
    output.line(batch.path)
    kind = f"{batch.kind}, role {batch.role}" if batch.role else batch.kind
    output.line(f"{kind}, bytes {batch.start}–{batch.end}, generation {batch.generation}")
    if batch.error is not None:
        output.line(f"{batch.error.code}: {batch.error.message}")
        output.line(batch.error.hint)
    if retry_time := _retry_time(batch, invocation):
        output.line(
            f"next attempt {retry_time}"
            if batch.state is State.FAILED
            else f"snoozed until {retry_time}"
        )
    if batch.lifetime_attempts:
        output.line(f"failed {pluralize(batch.lifetime_attempts, 'time')} in total")
    for move in batch.history:
        output.line(
            f"{move['time']:%Y-%m-%d %H:%M:%S}",
            move["move"],
            output.state(batch_word(move["new"])),
            f"by {move['person'] or move['actor']}",
            move["reason"],
            move["error_code"],
        )
