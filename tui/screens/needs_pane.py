"""The strip above the board: the sessions that need the person, the newest first.

It has no query of its own: the summary of the header contains what it shows. It is at most a third
of the screen high, and gone when nothing needs the person.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from ingest.db.query_reader import QueryReader
from ingest.text.state_style import STATE_STYLES
from tui import content
from tui.commands import bind
from tui.needs import Need
from tui.widgets.column import Column, ListRow, Styled, age_of
from tui.widgets.listing import InMemoryListing
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table

_FRAME: Final = 2
"""Lines of the border."""
_SHARE: Final = 3
"""It takes one part in this many of the height."""


class Needs(InMemoryListing):
    columns = (
        Column("project", "Project", 11, sorts=False, drop_order=2),
        Column("session", "Session", 20, grow=2, sorts=False),
        Column("reason", "Reason", 24, grow=3, sorts=False),
        Column("since", "Since", 6, right=True, sorts=False, drop_order=1),
    )

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        return []


class NeedsPane(Pane):
    BINDINGS: ClassVar[list[BindingType]] = bind("seen", "unseen")
    DEFAULT_CSS = """
    NeedsPane {
        display: none;
        border: round $warning 60%;
        border-title-color: $text-warning;
        border-title-style: bold;
        &:focus-within { border: round $accent; border-title-color: $text-accent; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(Needs(), titles=False, marks=False)
        self.needs: tuple[Need, ...] = ()
        """Those that are shown."""
        self._all: tuple[Need, ...] = ()
        self._last_seen: list[Need] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def show_needs(self, needs: tuple[Need, ...]) -> None:
        """Show these, but for those that the person has marked as seen."""
        self._all = needs
        if not self.is_attached:
            return  # The screen closes.
        seen = self.dashboard.ui_state.seen
        self.needs = tuple(each for each in needs if seen.get(_name(each)) != each.event)
        now = self.dashboard.clock()
        rows = {
            each.key: ListRow(
                each.key,
                (
                    (Styled(f"{STATE_STYLES[each.state].glyph} ", STATE_STYLES[each.state].color),
                     Styled(each.project, "bold")),
                    each.title,
                    Styled(each.reason, STATE_STYLES[each.state].color),
                    age_of(each.since, now),
                ),
                text=f"{each.state}  {each.title}  {each.reason}",
                id=each.session,
            )
            for each in self.needs
        }  # fmt: skip
        had_focus = self.table.has_focus
        self.display = bool(self.needs)
        self.border_title = content.line(f"Needs you {len(self.needs)}").plain
        self.table.set_result(
            ListResult(self.table.listing, self.table.view, list(rows), list(rows), rows),
            at_once=True,
        )
        self._fit()
        if had_focus and not self.needs:
            self.screen.focus_next()

    def _fit(self) -> None:
        most = max(1, self.app.size.height // _SHARE - _FRAME)
        self.styles.height = min(len(self.needs), most) + _FRAME

    def screen_resized(self) -> None:
        self._fit()

    def tick(self) -> None:
        self.table.refresh_ages(self.dashboard.clock())

    @property
    def selected(self) -> Need | None:
        return next((each for each in self.needs if each.key == self.table.key), None)

    @on(Table.RowsNeeded)
    def _rows_needed(self, message: Table.RowsNeeded) -> None:
        message.stop()
        self.show_needs(self._all)

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        from tui.screens.session import SessionScreen

        message.stop()
        home, session = message.key
        self.app.push_screen(SessionScreen(home, session, at_reason=True))

    def text_to_copy(self) -> str:
        return self.table.text_to_copy()

    def id_to_copy(self) -> str:
        return self.table.id_to_copy()

    # ── seen ──────────────────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "unseen":
            return bool(self._last_seen)
        return super().check_action(action, parameters)

    def action_seen(self) -> None:
        """Hide the row until something new happens in its session."""
        need = self.selected
        if need is None:
            return
        seen = self.dashboard.ui_state.seen
        known = {_name(each) for each in self._all}
        for name in seen.keys() - known:
            del seen[name]  # What no longer needs the person is not remembered.
        seen[_name(need)] = need.event
        self._last_seen.append(need)
        title = content.line(need.title, columns=40).plain
        text = f"“{title}” is marked as seen. It comes back when something new happens; u undoes."
        self.notify(text, markup=False)
        self.show_needs(self._all)

    def action_unseen(self) -> None:
        need = self._last_seen.pop()
        self.dashboard.ui_state.seen.pop(_name(need), None)
        title = content.line(need.title, columns=40).plain
        self.notify(f"“{title}” is shown again.", markup=False)
        self.show_needs(self._all)


def _name(need: Need) -> str:
    return f"{need.home}/{need.session}"
