"""`tailboard batches`: the queue, what waits in it, what failed and what was given up."""

from collections.abc import Iterable
from datetime import UTC, datetime

import click
from msgspec import Struct, field

from ingest.batches.batch import Kind
from ingest.batches.policy import Mode
from ingest.batches.state import State, is_backed_off, is_stuck
from ingest.cli.access import Access, Row, reading
from ingest.cli.batch_verbs import VERBS
from ingest.cli.errors import Ambiguous, NotFound
from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Cell, Column, Output
from ingest.cli.scope import scope_of

_COLUMNS = (
    Column("ID"),
    Column("STATE"),
    Column("KIND", spare=3),
    Column("RANGE", spare=2),
    Column("TRIES", right=True, spare=1),
    Column("AGAIN", least=8),
    Column("ERROR", least=12),
    Column("PATH", least=20),
)
_LISTED = 8
_CURES = {
    State.FAILED: "`tailboard batches retry --only-error` does not wait for their next try.",
    State.DEAD: "`tailboard batches retry --include-dead` also tries those that were given up.",
    State.CANCELLED: "`tailboard batches retry --state cancelled` takes up what was cancelled.",
    State.SNOOZED: "`tailboard batches wake --state snoozed` ends the waiting of those put off.",
}
"""What a person can do about a state, said where one is seen."""


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


for _verb in VERBS:
    command.add_command(_verb)


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
        output.table(_COLUMNS, [_cells(output, batch, invocation) for batch in batches])
        output.note("`tailboard batches show ID` tells what happened to one.")
        for state, what in _CURES.items():
            if any(batch.state is state for batch in batches):
                output.note(what)

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
    invocation.answer(
        "batches", {"batches": batches}, lambda output: _show(output, batches[0], invocation)
    )


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


def _cells(output: Output, batch: Batch, invocation: Invocation) -> list[Cell]:
    return [
        batch.id,
        output.state(batch.shown),
        batch.kind,
        f"{batch.start}–{batch.end}",
        batch.attempts,
        _again(batch, invocation),
        batch.error.code if batch.error else "",
        batch.path,
    ]


def _again(batch: Batch, invocation: Invocation) -> str:
    """When it is tried next, exactly, and which of how many tries that is."""
    most = invocation.settings.max_attempts
    tried = f"{batch.attempts + 1} of {most}"
    if batch.state is State.FAILED and invocation.settings.retry == Mode.MANUAL:
        return f"waits for you, {tried}"
    if batch.state is State.FAILED and batch.retry_at is not None:
        return f"{_clock(batch.retry_at, invocation)}, {tried}"
    if batch.state is State.SNOOZED and batch.not_before is not None:
        return _clock(batch.not_before, invocation)
    return ""


def _clock(moment: datetime, invocation: Invocation) -> str:
    """The time of day where the person is, with the day if it is another one."""
    here = moment.replace(tzinfo=UTC).astimezone(invocation.zone)
    today = invocation.aware_now.astimezone(invocation.zone).date()
    return f"{here:%H:%M:%S}" if here.date() == today else f"{here:%Y-%m-%d %H:%M:%S}"


def _show(output: Output, batch: Batch, invocation: Invocation) -> None:
    output.line(batch.id, output.state(batch.shown), batch.reason)
    output.line(batch.path)
    output.line(f"{batch.kind}, bytes {batch.start}–{batch.end}, generation {batch.generation}")
    if batch.error is not None:
        output.line(f"{batch.error.code}: {batch.error.message}")
        output.line(batch.error.hint)
    if again := _again(batch, invocation):
        output.line(
            f"next try {again}" if batch.state is State.FAILED else f"put off until {again}"
        )
    if batch.lifetime_attempts:
        output.line(f"failed {batch.lifetime_attempts} times in all")
    for move in batch.history:
        output.line(
            f"{move['time']:%Y-%m-%d %H:%M:%S}",
            move["move"],
            output.state(move["new"]),
            f"by {move['person'] or move['actor']}",
            move["reason"],
            move["error_code"],
        )
