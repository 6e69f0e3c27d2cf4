"""The files that are followed, as a list: those first with something wrong or something unread."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ingest.db.query_reader import QueryReader
from ingest.report.batch import Policy
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.units import ago, size
from tui.filters import parse
from tui.screens.pipeline.batches import called
from tui.widgets.column import Column, Line, Styled
from tui.widgets.listing import View

NAMES: Final = ("state", "kind", "session")


class Sources:
    columns = (
        Column("state", "STATE", 12, sorts=False),
        Column("kind", "KIND", 7, spare=5),
        Column("source", "FILE", 16, grow=3),
        Column("behind", "BEHIND", 9, right=True),
        Column("size", "SIZE", 9, right=True, spare=4),
        Column("lines", "LINES", 8, right=True, spare=2),
        Column("rejected", "REJECTED", 8, right=True, spare=1),
        Column("rewrites", "REWRITTEN", 9, right=True, spare=6),
        Column("form", "FORM", 10, spare=7, sorts=False),
        Column("changed", "READ", 9, right=True, spare=3),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        self._policy = policy

    def keys(self, reading: QueryReader, view: View) -> Sequence[int]:
        asked = parse(view.filter, NAMES)
        rows = reading.rows(
            "pipeline.sources",
            states=asked.any_of("state"),
            kinds=asked.any_of("kind"),
            session=asked.first("session"),
            words=list(asked.words),
            without=list(asked.without),
            sort=view.sort,
        )
        found: list[int] = [row["id"] for row in rows]
        return found[::-1] if view.reverse else found

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Any]) -> Mapping[Any, Line]:
        rows = reading.rows("pipeline.these_sources", ids=list(keys))
        return {row["id"]: self.line(row) for row in rows}

    def line(self, row: Mapping[str, Any]) -> Line:
        look = STATE_STYLES.get(row["state"], UNKNOWN)
        read = ago(row["updated_at"], self._policy().moment).removesuffix(" ago")
        form = ", ".join(
            word
            for word, holds in (
                ("archived", row["archived"]),
                ("zst", row["representation"] == "zst"),
            )
            if holds
        )
        return Line(
            key=row["id"],
            cells=(
                Styled(f"{look.glyph} {row['state'].replace('_', ' ')}", look.color),
                row["kind"],
                called(row["thread"], row["path"]),
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
