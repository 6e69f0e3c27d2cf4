"""The list of batches, those that need attention first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ingest.batches.batch import Kind
from ingest.batches.state import State
from ingest.db.query_reader import QueryReader
from ingest.report.batch import Batch, Policy, to_batch
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from tui import content
from tui.filters import parse
from tui.screens.batch_actions import batch_name
from tui.widgets.column import Column, ListRow, Styled, age_of
from tui.widgets.listing import ViewState

_DERIVED: Final = {
    "stuck": State.CLAIMED,
    "backed_off": State.FAILED,
    "to_retry": State.FAILED,
    "given_up": State.DEAD,
    "in_progress": State.CLAIMED,
}
"""States that depend on the clock, and words for states, with the state that is stored."""
_SHOWN_STATES: Final = [
    state for state in State if state not in (State.CLAIMED, State.FAILED, State.DEAD)
]
FILTER_FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "state": ["to_retry", "given_up", "in_progress", "stuck", *_SHOWN_STATES],
    "kind": list(Kind),
    "error": [],
    "session": [],
    "source": [],
}


class Batches:
    filter_values = FILTER_FIELDS
    columns = (
        Column("state", "State", 13, sorts=False),
        Column("kind", "Kind", 7, drop_order=5),
        Column("source", "Session", 13, grow=2),
        Column("range", "Range", 11, right=True, drop_order=4),
        Column("tries", "Tries", 5, right=True, drop_order=2),
        Column("again", "Next", 8, right=True, drop_order=3),
        Column("changed", "Age", 5, right=True, drop_order=1),
        Column("error", "Error", 12, grow=1),
    )

    def __init__(
        self, policy: Callable[[], Policy], shared: Callable[[], Mapping[str, str]]
    ) -> None:
        self._policy = policy
        self._shared = shared
        self.shows_ended = False
        """Whether batches are listed that have ended well."""

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[str]:
        filter_ = parse(view.filter, FILTER_FIELDS)
        states = filter_.any_of("state")
        rows = reader.rows(
            "pipeline.batches",
            # A search for words finds all of them.
            ended=self.shows_ended or bool(filter_.words),
            states=states and [_DERIVED.get(state, state) for state in states],
            kinds=filter_.any_of("kind"),
            error=filter_.first("error"),
            session=filter_.first("session"),
            source=filter_.first("source"),
            words=list(filter_.words),
            without=list(filter_.without),
            sort=view.sort,
        )
        ids: list[str] = [row["id"] for row in rows]
        return ids[::-1] if view.reverse else ids

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Any]
    ) -> Mapping[Any, ListRow]:
        rows = reader.rows("pipeline.these_batches", ids=list(keys))
        policy, shared = self._policy(), self._shared()
        return {
            row["id"]: _list_row(
                to_batch(row, policy.moment, alive=True), batch_name(row, shared), policy
            )
            for row in rows
        }


def _list_row(batch: Batch, name: str, policy: Policy) -> ListRow:
    state = content.batch_state(batch.shown).plain
    word = state.partition(" ")[2]
    error = batch.error
    return ListRow(
        key=batch.id,
        cells=(
            Styled(state, STATE_STYLES.get(word, UNKNOWN).color),
            batch.kind,
            name,
            Styled(range_of(batch), "dim"),
            batch.attempts or "",
            policy.again(batch).partition(",")[0],
            age_of(batch.updated_at, policy.moment),
            Styled(error.code, "red" if needs_attention(batch) else "dim") if error else "",
        ),
        text=f"{batch.id} {word} {batch.path or ''} {error.code if error else ''}",
        id=batch.id,
    )


def needs_attention(batch: Batch) -> bool:
    return batch.stuck or batch.state in (State.FAILED, State.DEAD)


def range_of(batch: Batch) -> str:
    """The range of bytes, abbreviated; empty for work that is not about bytes."""
    if batch.kind != "ingest":
        return ""
    return f"{_short(batch.start)}–{_short(batch.end)}"


def _short(count: int) -> str:
    for unit, letter in ((1024**3, "G"), (1024**2, "M"), (1024, "K")):
        if count >= unit:
            return (
                f"{count / unit:.1f}{letter}" if count < 10 * unit else f"{count // unit}{letter}"
            )
    return str(count)
