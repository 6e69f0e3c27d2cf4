"""A batch with its stored fields and its current state."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from msgspec import Struct, field

from ingest.batches.retry_policy import Mode
from ingest.batches.state import State, is_backed_off, is_stuck
from ingest.db.query_reader import NamedQueries, Row


class BatchError(Struct, frozen=True, rename={"cls": "class"}):
    code: str
    cls: str | None
    message: str | None
    hint: str | None


class Batch(Struct, frozen=True, kw_only=True):
    """The fields of `batches --json`, in their order; `shown` is the displayed state."""

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
    heartbeat_at: datetime | None
    retry_at: datetime | None
    not_before: datetime | None
    error: BatchError | None
    created_at: datetime
    updated_at: datetime
    role: str | None = None
    """The role that it runs, if it runs one."""
    history: list[Row] = field(default_factory=list)


def with_history(
    access: NamedQueries, rows: Iterable[Row], now: datetime, *, alive: bool
) -> list[Batch]:
    """Batches with their history; `alive`: whether the owner process is running."""
    batches = [to_batch(row, now, alive=alive) for row in rows]
    by_id = {batch.id: batch for batch in batches}
    for move in access.rows("batches.moves", batches=list(by_id)):
        by_id[move.pop("batch")].history.append(move)
    return batches


def to_batch(row: Row, now: datetime, *, alive: bool) -> Batch:
    state = State(row["state"])
    stuck = is_stuck(state, row["heartbeat_at"], owner_alive=alive, now=now)
    backed_off = is_backed_off(state, row["retry_at"], now=now)
    error = None
    if row["error_code"]:
        error = BatchError(
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
        heartbeat_at=row["heartbeat_at"],
        retry_at=row["retry_at"],
        not_before=row["not_before"],
        error=error,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        role=row["role"],
    )


class Policy(Struct, frozen=True):
    """The retry settings, and the time and zone to display retries in."""

    retry: str
    max_attempts: int
    moment: datetime
    """Naive UTC, as the database stores times."""
    zone: tzinfo | None = None

    def again(self, batch: Batch) -> str:
        """When the batch is retried next, and the number of that attempt."""
        tried = f"{batch.attempts + 1} of {self.max_attempts}"
        if batch.stuck and batch.heartbeat_at is not None:
            return f"no heartbeat since {self.clock(batch.heartbeat_at)}"
        if batch.state is State.FAILED and self.retry == Mode.MANUAL:
            return f"waits for you, {tried}"
        if batch.state is State.DEAD and batch.retry_at is not None and self.retry != Mode.MANUAL:
            return self.clock(batch.retry_at)
        if batch.state is State.FAILED and batch.retry_at is not None:
            return f"{self.clock(batch.retry_at)}, {tried}"
        if batch.state is State.SNOOZED and batch.not_before is not None:
            return self.clock(batch.not_before)
        return ""

    def clock(self, moment: datetime) -> str:
        """The local time, with the date if it is not today."""
        local, now = (
            time.replace(tzinfo=UTC).astimezone(self.zone) for time in (moment, self.moment)
        )
        same_day = local.date() == now.date()
        return f"{local:%H:%M:%S}" if same_day else f"{local:%Y-%m-%d %H:%M:%S}"
