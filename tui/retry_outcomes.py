"""Which batches a person retried here, and what came of them."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from ingest.batches.state import State
from ingest.db.query_reader import QueryReader, Row
from ingest.text.numbers import pluralize
from tui.query_runner import Query

_WAITING: Final = (State.PENDING, State.CLAIMED)
_FAILED: Final = (State.FAILED, State.DEAD)


class Outcome(Struct, frozen=True):
    ids: frozenset[str]
    """The batches whose outcome is known."""
    text: str = ""
    failed: bool = False


class RetryOutcomes:
    def __init__(self) -> None:
        self.waiting: frozenset[str] = frozenset()
        """Batches that were queued, and have not been tried since."""

    def watch(self, ids: Iterable[str]) -> None:
        self.waiting |= frozenset(ids)

    def query(self) -> Query[Outcome]:
        ids = self.waiting

        def query(reader: QueryReader) -> Outcome:
            return outcome(ids, reader.rows("pipeline.these_batches", ids=sorted(ids)))

        return query

    def take(self, found: Outcome) -> None:
        self.waiting -= found.ids


def outcome(ids: frozenset[str], rows: Iterable[Row]) -> Outcome:
    """What came of these batches; one that no longer exists has been read."""
    by_id = {row["id"]: row for row in rows}
    ended = frozenset(i for i in ids if i not in by_id or by_id[i]["state"] not in _WAITING)
    failed = [by_id[i] for i in sorted(ended) if i in by_id and by_id[i]["state"] in _FAILED]
    decided = [
        i for i in ended if i in by_id and by_id[i]["state"] in (State.SNOOZED, State.CANCELLED)
    ]
    completed = len(ended) - len(failed) - len(decided)
    parts = [f"✓ {pluralize(completed, 'batch')} completed."] if completed else []
    if failed:
        parts.append(f"✗ {pluralize(len(failed), 'batch')} failed again: {_error(failed[0])}")
    return Outcome(ended, "\n".join(parts), bool(failed))


def _error(row: Row) -> str:
    return " ".join(
        part for part in (row["error_message"] or row["error_code"], row["error_hint"]) if part
    )
