"""The list of followed files, those with problems or unread bytes first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ingest.db.query_reader import QueryReader
from ingest.report.batch import Policy
from ingest.sessions.session import title_of
from ingest.text.numbers import size
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.times import ago
from tui.filters import parse
from tui.screens.batch_actions import source_name
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import ViewState

FILTER_FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "state": ["following", "missing", "unreadable", "damaged", "too_large"],
    "kind": [],
    "session": [],
}


class Sources:
    filter_values = FILTER_FIELDS
    columns = (
        Column("state", "State", 12, sorts=False),
        Column("kind", "Kind", 7, drop_order=5),
        Column("source", "File", 16, grow=3),
        Column("behind", "Behind", 9, right=True),
        Column("size", "Size", 9, right=True, drop_order=4),
        Column("lines", "Lines", 8, right=True, drop_order=2),
        Column("rejected", "Rejected", 8, right=True, drop_order=1),
        Column("rewrites", "Rewritten", 9, right=True, drop_order=6),
        Column("form", "Form", 10, drop_order=7, sorts=False),
        Column("changed", "Read", 9, right=True, drop_order=3),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        self._policy = policy

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[int]:
        filter_ = parse(view.filter, FILTER_FIELDS)
        rows = reader.rows(
            "pipeline.sources",
            states=filter_.any_of("state"),
            kinds=filter_.any_of("kind"),
            session=filter_.first("session"),
            words=list(filter_.words),
            without=list(filter_.without),
            sort=view.sort,
        )
        ids: list[int] = [row["id"] for row in rows]
        return ids[::-1] if view.reverse else ids

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Any]
    ) -> Mapping[Any, ListRow]:
        rows = reader.rows("pipeline.these_sources", ids=list(keys))
        return {row["id"]: self._list_row(row) for row in rows}

    def _list_row(self, row: Mapping[str, Any]) -> ListRow:
        style = STATE_STYLES.get(row["state"], UNKNOWN)
        read = ago(row["updated_at"], self._policy().moment).removesuffix(" ago")
        form = ", ".join(
            word
            for word, applies in (
                ("archived", row["archived"]),
                ("zst", row["representation"] == "zst"),
            )
            if applies
        )
        return ListRow(
            key=row["id"],
            cells=(
                Styled(f"{style.glyph} {row['state'].replace('_', ' ')}", style.color),
                row["kind"],
                title_of(row["session_title"]) or source_name(row["thread"], row["path"]),
                Styled(size(row["behind"]), "yellow" if row["behind"] else "dim"),
                size(row["size"]),
                row["lines"],
                Styled(f"{row['rejected']:,}", "red") if row["rejected"] else "",
                row["rewrites"] or "",
                form,
                Styled(read, "dim"),
            ),
            text=row["path"],
            id=row["path"],
        )
