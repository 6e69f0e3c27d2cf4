"""The kinds of errors that batches met, and how many of each: one cure may be for all of them."""

from collections.abc import Callable, Sequence

from ingest.db.query_reader import QueryReader, Row
from ingest.report.batch import Policy
from tui.widgets.column import Column, Line, Styled
from tui.widgets.listing import InMemoryListing


class Errors(InMemoryListing):
    columns = (
        Column("error", "ERROR", 18),
        Column("batches", "BATCHES", 7, right=True),
        Column("failed", "FAILED", 6, right=True, spare=2),
        Column("dead", "DEAD", 6, right=True, spare=1),
        Column("last", "LAST", 9, right=True, spare=3),
        Column("message", "WHAT THE NEWEST SAYS", 20, grow=1),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self._policy = policy

    def all(self, reading: QueryReader) -> Sequence[Line]:
        policy = self._policy()
        return [_line(row, policy) for row in reading.rows("pipeline.errors")]


def _line(row: Row, policy: Policy) -> Line:
    return Line(
        key=row["code"],
        cells=(
            Styled(row["code"], "red"),
            row["batches"],
            row["failed"],
            row["dead"],
            Styled(policy.clock(row["last_at"]), "dim"),
            row["message"],
        ),
        text=f"{row['code']} ({row['class']})\n{row['message']}\n{row['hint'] or ''}\n\n"
        f"{row['batches']:,} batches. Enter shows them, r retries them.",
        id=row["code"],
    )
