"""`tailboard batches`: the queue, what waits in it, what failed and what was given up."""

from collections.abc import Iterable
from datetime import datetime

import click
from msgspec import Struct, field

from ingest.batches.batch import Kind
from ingest.batches.state import State, is_backed_off, is_stuck
from ingest.cli.access import Access, Row, reading
from ingest.cli.errors import Ambiguous, NotFound
from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Cell, Column, Output
from ingest.cli.scope import scope_of
from ingest.cli.words import span

_COLUMNS = (
    Column("ID"),
    Column("STATE"),
    Column("KIND"),
    Column("RANGE"),
    Column("TRIES", right=True),
    Column("AGAIN IN", right=True),
    Column("ERROR", least=12),
    Column("PATH", least=20),
)
_LISTED = 8


class Error(Struct, frozen=True, rename={"cls": "class"}):
    code: str
    cls: str | None
    message: str | None
    hint: str | None


class Batch(Struct, frozen=True, kw_only=True):
    """The fields of `batches --json`, in their order; `shown` is the state as people see it."""

    id: str
    kind: str
    source: int
    path: str | None
    session: str | None
    generation: int
    start: int
    end: int
    state: State
    shown: str
    reason: str | None
    stuck: bool
    attempts: int
    lifetime_attempts: int
    retry_at: datetime | None
    not_before: datetime | None
    error: Error | None
    created_at: datetime
    updated_at: datetime
    history: list[Row] = field(default_factory=list)


@click.group(cls=Group, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """A batch is one range of one file. Without a command of its own: list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(listing)


@command.command("list")
@click.option(
    "--state",
    type=click.Choice([state.value for state in State]),
    help="Only batches in this state.",
)
@click.option(
    "--kind", type=click.Choice([kind.value for kind in Kind]), help="Only batches of this kind."
)
@click.option("--error", metavar="CODE", help="Only batches whose last error has this code.")
@filters("session", "since", "until", "limit", "offset")
@with_invocation
def listing(
    invocation: Invocation,
    state: str | None = None,
    kind: str | None = None,
    error: str | None = None,
    only: Filters | None = None,
) -> None:
    """List batches, those that need somebody first."""
    with reading(invocation) as access:
        scope = scope_of(invocation, access, only or Filters())
        rows = access.rows(
            "batches.listed",
            state=state,
            kind=kind,
            error=error,
            session=scope.session,
            since=scope.since,
            until=scope.until,
            limit=scope.limit,
            offset=scope.offset,
        )
        batches = _batches(access, rows, invocation.now)

    def show(output: Output) -> None:
        if not batches:
            output.note("No batches.")
            return
        output.table(_COLUMNS, [_cells(output, batch, invocation.now) for batch in batches])
        output.note("`tailboard batches show ID` tells what happened to one.")

    invocation.answer("batches", {"batches": batches}, show)


@command.command("show")
@click.argument("id_", metavar="ID")
@with_invocation
def one(invocation: Invocation, id_: str) -> None:
    """One batch and everything that happened to it; the beginning of its id will do."""
    with reading(invocation) as access:
        rows = access.rows("batches.starting_with", prefix=id_.lower())
        batches = _batches(access, rows, invocation.now)
    if not batches:
        raise NotFound(
            f"There is no batch whose id begins with {id_!r}.",
            "`tailboard batches list` lists them.",
        )
    if len(batches) > 1:
        listed = "".join(f"\n  {batch.id}" for batch in batches[:_LISTED])
        raise Ambiguous(
            f"{len(batches)} batches have an id that begins with {id_!r}:{listed}",
            "Write more of the id.",
        )
    invocation.answer("batches", {"batches": batches}, lambda output: _show(output, batches[0]))


def _batches(access: Access, rows: Iterable[Row], now: datetime) -> list[Batch]:
    batches = [_batch(row, now, alive=access.worker_alive) for row in rows]
    by_id = {batch.id: batch for batch in batches}
    for move in access.rows("batches.moves", batches=list(by_id)):
        by_id[move.pop("batch")].history.append(move)
    return batches


def _batch(row: Row, now: datetime, *, alive: bool) -> Batch:
    state = State(row["state"])
    stuck = is_stuck(state, row["heartbeat_at"], owner_alive=alive, now=now)
    backed_off = is_backed_off(state, row["retry_at"], now=now)
    error = None
    if row["error_code"]:
        error = Error(
            row["error_code"], row["error_class"], row["error_message"], row["error_hint"]
        )
    return Batch(
        id=row["id"],
        kind=row["kind"],
        source=row["source"],
        path=row["path"],
        session=row["session"] or None,
        generation=row["generation"],
        start=row["start"],
        end=row["finish"],
        state=state,
        shown="stuck" if stuck else "backed_off" if backed_off else state,
        reason=row["reason"],
        stuck=stuck,
        attempts=row["attempts"],
        lifetime_attempts=row["lifetime_attempts"],
        retry_at=row["retry_at"],
        not_before=row["not_before"],
        error=error,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _cells(output: Output, batch: Batch, now: datetime) -> list[Cell]:
    due = batch.not_before if batch.state is State.SNOOZED else batch.retry_at
    waits = batch.shown in ("backed_off", State.SNOOZED) and due is not None
    return [
        batch.id,
        output.state(batch.shown),
        batch.kind,
        f"{batch.start}–{batch.end}",
        batch.attempts,
        span((due - now).total_seconds()) if due is not None and waits else "",
        batch.error.code if batch.error else "",
        batch.path,
    ]


def _show(output: Output, batch: Batch) -> None:
    output.line(batch.id, output.state(batch.shown), batch.reason)
    output.line(batch.path)
    output.line(f"{batch.kind}, bytes {batch.start}–{batch.end}, generation {batch.generation}")
    if batch.error is not None:
        output.line(f"{batch.error.code}: {batch.error.message}")
        output.line(batch.error.hint)
    for move in batch.history:
        output.line(
            f"{move['time']:%Y-%m-%d %H:%M:%S}",
            move["move"],
            output.state(move["new"]),
            f"by {move['actor']}",
            move["reason"],
            move["error_code"],
        )
