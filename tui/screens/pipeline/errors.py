"""The batches grouped by error: one fix may help all batches of a group."""

from collections.abc import Callable, Sequence

from ingest.db.query_reader import QueryReader, Row
from ingest.report.batch import Policy
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import InMemoryListing


class Errors(InMemoryListing):
    columns = (
        Column("error", "ERROR", 18),
        Column("batches", "BATCHES", 7, right=True),
        Column("failed", "FAILED", 6, right=True, drop_order=2),
        Column("dead", "DEAD", 6, right=True, drop_order=1),
        Column("last", "LAST", 9, right=True, drop_order=3),
        Column("message", "NEWEST MESSAGE", 20, grow=1),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self._policy = policy

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        policy = self._policy()
        return [_list_row(row, policy) for row in reader.rows("pipeline.errors")]


def _list_row(row: Row, policy: Policy) -> ListRow:
    return ListRow(
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
