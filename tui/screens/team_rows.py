"""What everybody in the team shares as lists: sessions, tasks, hits of a search, and tokens. Pure.

Each row says who shared it, and on which machine.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from textual.content import Content

from ingest.db.query_reader import QueryReader, Row
from ingest.sessions.session import UNTITLED
from ingest.team.read import TOKENS
from ingest.text.numbers import tokens
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from tui import content
from tui.widgets.column import Cell, Column, ListRow, Styled, age_of
from tui.widgets.listing import InMemoryListing, Key, ViewState

_WHO: Final = Column("who", "Who", 8)
_WHERE: Final = Column("where", "Where", 8, drop_order=3)
_PROJECT: Final = Column("project", "Project", 10, drop_order=2)
COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "sessions": (
        _WHO, _WHERE,
        Column("title", "Session", 20, grow=1),
        _PROJECT,
        Column("total", "Tokens", 6, right=True, drop_order=4),
        Column("last_at", "Active", 6, right=True, drop_order=1),
    ),
    "tasks": (
        _WHO, _WHERE,
        Column("text", "Task", 20, grow=1),
        _PROJECT,
        Column("branch", "Branch", 10, drop_order=4),
    ),
    "search": (
        _WHO, _WHERE,
        Column("kind", "Kind", 8, sorts=False, drop_order=4),
        Column("excerpt", "Match", 20, grow=1, sorts=False),
        _PROJECT,
        Column("at", "When", 6, right=True, drop_order=1),
    ),
    "report": (
        Column("key", "", 12, grow=1),
        Column("sessions", "Sessions", 8, right=True, drop_order=1),
        *(
            Column(name, name.capitalize(), 9, right=True, drop_order=0 if name == "total" else 2)
            for name in TOKENS
        ),
    ),
}  # fmt: skip
"""By noun."""
_IDENTITY: Final = ("who", "where", "kind", "id", "session", "at", "key")


class TeamList(InMemoryListing):
    """`show` gives it the rows of the store; a filter is a search only there."""

    def __init__(self, noun: str) -> None:
        super().__init__()
        self.noun = noun
        self.columns = COLUMNS[noun]
        self.found: dict[Key, Row] = {}
        self._rows: list[ListRow] = []

    def show(self, found: Sequence[Row], now: datetime) -> None:
        # A copied home may give two rows that differ in nothing that identifies them.
        self.found = {}
        for row in found:
            key = tuple(str(row.get(name)) for name in _IDENTITY)
            while key in self.found:
                key = (*key, "again")
            self.found[key] = row
        self._rows = [
            ListRow(
                key,
                tuple(_cell(each.name, row, now) for each in self.columns),
                text=str(row.get("title") or row.get("text") or row.get("key") or ""),
                id=str(row.get("id") or row.get("session") or ""),
            )
            for key, row in self.found.items()
        ]

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        return self._rows

    def filter_and_sort(self, rows: Any, view: ViewState) -> list[ListRow]:
        words = "" if self.noun == "search" else view.filter
        return super().filter_and_sort(rows, ViewState(view.sort, view.reverse, words))

    def sort_value(self, row: ListRow, column: int) -> Any:
        name = self.columns[column].name
        found = self.found[row.key]
        value = found.get("tokens", found).get(name, found.get(name))
        if isinstance(value, datetime):
            value = value.timestamp()
        if isinstance(value, int | float):
            return (0, -value, "")
        return (1, 0, (value or "").lower())


def _cell(name: str, row: Row, now: datetime) -> Cell | tuple[Cell, ...]:
    value = row.get(name)
    match name:
        case "who" | "key":
            return Styled(value or "unknown", "bold")
        case "title" | "text":
            style = STATE_STYLES.get(row["state"], UNKNOWN)
            ended = row["state"] in ("done", "completed", "idle", "cancelled")
            return (
                Styled(f"{style.glyph} ", style.color),
                Styled(value or ("" if row.get("level") == "figures" else UNTITLED),
                       "dim" if ended else ""),
            )  # fmt: skip
        case "excerpt":
            return str(value or row["title"] or "")
        case "last_at" | "at":
            return age_of(value, now)
        case "sessions":
            return int(row["sessions"])
        case _ if name in TOKENS:
            return Styled(tokens(row.get("tokens", row)[name]))
        case _:
            return Styled(value or "", "dim")


def details(row: Row) -> Content:
    """All that is known of a row, one value in each line."""
    shown = {**row, **row.get("tokens", {})}
    head = content.row(
        content.line(shown.pop("who", None), "bold"), content.line(shown.pop("where", None), "dim")
    )
    text = shown.pop("excerpt", None) or shown.pop("text", None)
    shown.pop("tokens", None)
    values = [
        content.row(content.line(name.replace("_", " "), "dim"), content.line(_shown(value)))
        for name, value in shown.items()
        if value not in (None, "", False)
    ]
    parts = [head, Content("")] if head.plain else []
    body = [content.block(text), Content("")] if text else []
    return content.lines(*parts, *body, *values)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)
