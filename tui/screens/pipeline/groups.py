"""The batches grouped by error, file or session: one fix may help all batches of a group."""

from collections.abc import Callable, Sequence
from typing import Final

from ingest.db.query_reader import QueryReader, Row
from ingest.report.batch import Policy
from ingest.sessions.session import title_of
from ingest.text.numbers import pluralize
from tui.screens.batch_actions import source_name
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import InMemoryListing

GROUPS: Final = {"error": "error", "source": "file", "session": "session"}
"""What batches are grouped by, as filters name it, and the noun for one group."""


class Groups(InMemoryListing):
    def __init__(self, by: str, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self.by = by
        self._policy = policy
        first = Column("group", GROUPS[by].capitalize(), 18, grow=0 if by == "error" else 2)
        self.columns = (
            first,
            Column("batches", "Batches", 7, right=True),
            Column("failed", "To retry", 8, right=True, drop_order=2),
            Column("dead", "Given up", 8, right=True, drop_order=1),
            Column("last", "Last", 9, right=True, drop_order=3),
            Column("message", "Newest message", 16, grow=1, drop_order=0 if by == "error" else 4),
        )

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        policy = self._policy()
        return [self._list_row(row, policy) for row in reader.rows("pipeline.groups", by=self.by)]

    def _list_row(self, row: Row, policy: Policy) -> ListRow:
        name = {
            "error": row["key"],
            "source": (row["path"] or "").rpartition("/")[2],
            "session": title_of(row["title"]) or source_name(row["session"], row["path"]),
        }[self.by]
        bad = row["failed"] or row["dead"]
        lines = [name, row["path"] if self.by == "source" else None, row["code"]]
        return ListRow(
            key=row["key"],
            cells=(
                Styled(name, "red" if bad else ""),
                row["batches"],
                row["failed"],
                row["dead"],
                Styled(policy.clock(row["last_at"]), "dim"),
                row["message"],
            ),
            text="\n".join(
                [
                    *(line for line in dict.fromkeys(lines) if line),
                    *(line for line in (row["message"], row["hint"]) if line),
                    "",
                    f"{pluralize(row['batches'], 'batch')}: Enter lists, r retries what failed.",
                ]
            ),
            id=row["key"],
        )
