"""The batches as a list: those first that need somebody."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ingest.batches.state import State
from ingest.db.query_reader import QueryReader
from ingest.report.batch import Batch, Policy, to_batch
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from tui.filters import parse
from tui.widgets.column import Column, Line, Styled
from tui.widgets.listing import View

NAMES: Final = ("state", "kind", "error", "session")
_DERIVED: Final = {"stuck": State.CLAIMED, "backed_off": State.FAILED}
"""What is told from the clock, and the state that is stored of it."""


class Batches:
    columns = (
        Column("state", "STATE", 12, sorts=False),
        Column("kind", "KIND", 7, spare=4),
        Column("source", "SOURCE", 14, grow=2),
        Column("range", "RANGE", 11, right=True, spare=3),
        Column("tries", "TRIES", 5, right=True, spare=1),
        Column("again", "NEXT", 8, right=True, spare=2),
        Column("error", "ERROR", 12, grow=1),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        self._policy = policy

    def keys(self, reading: QueryReader, view: View) -> Sequence[str]:
        asked = parse(view.filter, NAMES)
        states = asked.any_of("state")
        rows = reading.rows(
            "pipeline.batches",
            states=states and [_DERIVED.get(one, one) for one in states],
            kinds=asked.any_of("kind"),
            error=asked.first("error"),
            session=asked.first("session"),
            words=list(asked.words),
            without=list(asked.without),
            sort=view.sort,
        )
        found: list[str] = [row["id"] for row in rows]
        return found[::-1] if view.reverse else found

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Any]) -> Mapping[Any, Line]:
        rows = reading.rows("pipeline.these_batches", ids=list(keys))
        policy = self._policy()
        return {row["id"]: _line(to_batch(row, policy.moment, alive=True), policy) for row in rows}


def _line(batch: Batch, policy: Policy) -> Line:
    look = STATE_STYLES.get(batch.shown, UNKNOWN)
    error = batch.error
    return Line(
        key=batch.id,
        cells=(
            Styled(f"{look.glyph} {batch.shown.replace('_', ' ')}", look.color),
            batch.kind,
            called(batch.session, batch.path),
            Styled(range_of(batch), "dim"),
            batch.attempts or "",
            policy.again(batch).partition(",")[0],
            Styled(error.code, "red" if needs_somebody(batch) else "dim") if error else "",
        ),
        text=f"{batch.id} {batch.shown} {batch.path or ''} {error.code if error else ''}",
        id=batch.id,
    )


def needs_somebody(batch: Batch) -> bool:
    return batch.stuck or batch.state in (State.FAILED, State.DEAD)


def range_of(batch: Batch) -> str:
    """Bytes from and to, in few characters."""
    if batch.kind != "ingest":
        return f"turns {batch.start}–{batch.end}" if batch.end else ""
    return f"{_short(batch.start)}–{_short(batch.end)}"


def _short(count: int) -> str:
    for unit, sign in ((1024**3, "G"), (1024**2, "M"), (1024, "K")):
        if count >= unit:
            return f"{count / unit:.1f}{sign}" if count < 10 * unit else f"{count // unit}{sign}"
    return str(count)


def called(session: str | None, path: str | None) -> str:
    """What a source is called where there is little room: its session, or its file."""
    return session or (path or "").replace("\\", "/").rpartition("/")[2]
