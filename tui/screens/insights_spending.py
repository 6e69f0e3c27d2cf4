"""Where tokens and time went, as bars: projects, then the sessions of one, then its turns.

Enter opens the next level, and a turn or sub-agent in its session; Esc goes back.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from msgspec import Struct
from textual import on
from textual.binding import BindingType
from textual.content import Content

from ingest.db.query_reader import QueryReader
from ingest.report.period import Period
from ingest.report.spending import MOST, Spent, by_project, by_session, by_turn
from ingest.sessions.session import UNTITLED
from ingest.sessions.timeline import TimelineKind, TimelinePosition
from ingest.text import numbers
from ingest.text.numbers import pluralize
from ingest.text.times import duration
from tui import charts, content
from tui.commands import bind
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.list_pane import ListPane
from tui.widgets.listing import InMemoryListing, Key
from tui.widgets.table import ListResult, Table

_BAR_WIDTH: Final = 10
_NOUNS: Final = ("project", "session", "turn")
_SORTED_BY: Final = ("name", "", "tokens", "seconds", "turns", "unsuccessful")
"""The field of `Spent` that each column shows."""


class Level(Struct, frozen=True):
    """What is listed: the projects, the sessions of a project, or the turns of a session."""

    period: Period
    project: Spent | None = None
    session: Spent | None = None

    @property
    def depth(self) -> int:
        return (self.project is not None) + (self.session is not None)


class Spending(InMemoryListing):
    columns = (
        Column("name", "What", 14, grow=1),
        Column("bar", "", _BAR_WIDTH, drop_order=3, sorts=False),
        Column("tokens", "Tokens", 7, right=True),
        Column("seconds", "Time", 8, right=True, drop_order=1),
        Column("turns", "Turns", 5, right=True, drop_order=4),
        Column("unsuccessful", "Failed", 6, right=True, drop_order=2),
    )

    def __init__(self, level: Level) -> None:
        super().__init__()
        self.level = level
        self._spent: dict[Key, Spent] = {}

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        level = self.level
        if level.project is None:
            found = by_project(reader, level.period)
        elif level.session is None:
            found = by_session(reader, level.period, level.project.key)
        else:
            found = by_turn(reader, level.session.home, level.session.key)
        most = max((spent.tokens for spent in found), default=0)
        self._spent = {_key(level, spent): spent for spent in found}
        return [_list_row(key, spent, most, level.depth) for key, spent in self._spent.items()]

    def spent(self, key: Key) -> Spent | None:
        return self._spent.get(key)

    def sort_value(self, row: ListRow, column: int) -> Any:
        value = getattr(self._spent[row.key], _SORTED_BY[column])
        return value.lower() if isinstance(value, str) else -value


def _key(level: Level, spent: Spent) -> Key:
    return (level.depth, spent.home, spent.key)


def _list_row(key: Key, spent: Spent, most: int, depth: int) -> ListRow:
    is_turn = spent.place is not None
    name = f"{spent.key:>3} {spent.name or UNTITLED}" if is_turn else spent.name
    kind = Styled("agent ", "cyan") if spent.agent else ""
    tokens, time = numbers.tokens(spent.tokens), duration(spent.seconds) if spent.seconds else ""
    return ListRow(
        key=key,
        cells=(
            (kind, Styled(name, "" if depth else "bold")),
            Styled(charts.bar(spent.tokens, most, _BAR_WIDTH), "bar"),
            tokens,
            Styled(time, "dim"),
            "" if is_turn else spent.turns,
            Styled(f"{spent.unsuccessful:,}" if spent.unsuccessful else "", "red"),
        ),
        text=f"{name.strip()}: {tokens} tokens, {time or 'no time'}",
        id=spent.key,
    )


class SpendingPane(ListPane):
    TITLE = "Tokens and time"
    BINDINGS: ClassVar[list[BindingType]] = bind("back")

    def __init__(self) -> None:
        self.spending = Spending(Level(Period("")))
        self._return_to: Key | None = None
        super().__init__(Table(self.spending, marks=False), noun=_NOUNS[0])

    def show_period(self, period: Period) -> None:
        self._show(Level(period, self.spending.level.project))

    def _show(self, level: Level, return_to: Spent | None = None) -> None:
        self.spending = Spending(level)
        self._return_to = None if return_to is None else _key(level, return_to)
        self.noun = _NOUNS[level.depth]
        names = [each.name for each in (level.project, level.session) if each is not None]
        self.set_heading(
            content.row(
                content.line(" › ".join(names), "bold") if names else None,
                content.line("all turns" if level.session else level.period.name, "dim"),
            )
        )
        self.set_filter_text("")
        self.table.set_listing(self.spending)

    def show_result(self, result: ListResult) -> None:
        super().show_result(result)
        if self._return_to is not None and self.table.move_to(self._return_to):
            self._return_to = None

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        from tui.screens.session import SessionScreen

        message.stop()
        spent, level = self.spending.spent(message.key), self.spending.level
        if spent is None:
            return
        if level.project is None:
            self._show(Level(level.period, spent))
        elif level.session is None:
            self._show(Level(level.period, level.project, spent))
        else:
            at = spent.place and TimelinePosition(*spent.place, TimelineKind.TURN)
            session = spent.key if spent.agent else level.session.key
            self.app.push_screen(SessionScreen(spent.home, session, at))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back" and self.spending.level.depth:
            return True
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        level = self.spending.level
        if super().check_action("back", ()) or not level.depth:
            super().action_back()
        elif level.session is not None:
            self._show(Level(level.period, level.project), level.session)
        else:
            self._show(Level(level.period), level.project)

    def status_note(self) -> Content | None:
        if self.table.length < MOST:
            return None
        return content.line(f"the {pluralize(MOST, self.noun)} with the most tokens", "dim")

    def empty_text(self) -> Content:
        return content.lines(
            "No sessions in this period.", content.line("T chooses another one.", "dim")
        )
