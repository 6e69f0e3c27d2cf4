"""A pane with one list, its filter and a status line below."""

from typing import ClassVar

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.timer import Timer
from textual.widgets import Input, Static

from ingest.text.numbers import pluralize
from tui import content
from tui.commands import bind
from tui.filters import completed
from tui.query_runner import Query
from tui.ui_state import list_prefs
from tui.widgets.listing import filter_values
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table
from tui.widgets.text_input import TextInput

_TYPING_PAUSE = 0.12
"""Seconds without a key after which the typed filter is applied."""


class FilterInput(TextInput):
    DEFAULT_CSS = """
    FilterInput {
        height: 1; border: none; padding: 0 1; background: $surface;
        &:focus { border: none; background-tint: $foreground 5%; }
    }
    """

    # Set directly, not by a CSS class: the next typed key must already reach this input.

    def open(self) -> None:
        self.display = True

    def close(self) -> None:
        self.display = False


class ListStatus(Static):
    """The number of rows, of marked rows and of new ones."""

    DEFAULT_CSS = """
    ListStatus {
        height: 1; padding: 0 1; color: $foreground-muted;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """


def pending_text(table: Table) -> Content | None:
    """What the table does not show yet because it would move rows."""
    if table.pending_keys is None:
        return None
    return content.line(
        f"{table.new_count} new ↓" if table.new_count else "order changed ↓", "yellow"
    )


class ListPane(Pane):
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority, so that words typed right after the key reach the filter.
        *bind("filter", priority=True),
        *bind("back"),
    ]
    DEFAULT_CSS = """
    ListPane > .empty { display: none; padding: 1 2; height: 1fr; }
    ListPane.-empty { & > Table { height: 1; } & > .empty { display: block; } }
    """

    REMEMBERS_FILTER: ClassVar[bool] = True
    """Whether its filter is there again after a restart."""

    def __init__(
        self,
        table: Table,
        *,
        noun: str = "row",
        prefs_name: str = "",
        id: str | None = None,
    ) -> None:
        """`prefs_name`: the name under which sorting, filter and folds are saved between runs."""
        super().__init__(id=id)
        self.prefs_name = prefs_name
        self.table = table
        self.noun = noun
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        prefs = self.dashboard.ui_state.lists.get(self.prefs_name)
        if prefs is not None:
            view = prefs.view()
            self.table.view = view if self.REMEMBERS_FILTER else replace(view, filter="")
        yield self.table
        yield Static(classes="empty")
        words = self.table.view.filter
        line = FilterInput(placeholder="words to find, !word to exclude", value=words)
        line.display = bool(words)
        yield line
        yield ListStatus()

    # ── the list ──────────────────────────────────────────────────────────────────────────────────

    def build_query(self) -> Query[ListResult]:
        return self.table.build_query()

    def show_result(self, result: ListResult) -> None:
        self.table.set_result(result)

    def tick(self) -> None:
        self.table.refresh_ages(self.dashboard.clock())

    @on(Table.RowsNeeded)
    def _rows_needed(self, message: Table.RowsNeeded) -> None:
        message.stop()
        self.start_worker(self._load_rows, group="page", exclusive=True)

    async def _load_rows(self) -> None:
        whole = self.table.needs_reload
        query = self.table.build_query() if whole else self.table.build_page_query()
        if query is None:
            return
        answer = await self.dashboard.queries.answer(query)
        if whole:
            self.set_answer(answer)
        elif isinstance(value := getattr(answer, "value", None), ListResult):
            self.table.add_rows(value)

    @on(Table.StateChanged)
    def _state_changed(self, message: Table.StateChanged) -> None:
        message.stop()
        self.update_status_line()

    def update_status_line(self) -> None:
        table = self.table
        if self.prefs_name:
            self.dashboard.ui_state.lists[self.prefs_name] = list_prefs(table.view)
        empty = table.loaded and not table.length
        self.set_class(empty, "-empty")
        if empty:
            text = self.no_match_text() if table.view.filter else self.empty_text()
            self.query_exactly_one(".empty", Static).update(text)
        self.query_exactly_one(ListStatus).update(
            content.row(
                self.count_text(),
                pending_text(table),
                self.status_note(),
                content.line(f"{len(table.marked):,} marked", "yellow") if table.marked else None,
                f"filter: {table.view.filter}" if table.view.filter else None,
            )
        )

    @on(Click, "ListStatus")
    def _status_clicked(self) -> None:
        self.table.action_show_new()

    def count_text(self) -> str:
        """The number of rows, for the status line."""
        return pluralize(self.table.length, self.noun)

    def status_note(self) -> Content | None:
        """What else the status line says."""
        return None

    def no_match_text(self) -> Content:
        return content.line(f"No match for “{self.table.view.filter}”. Esc shows all.", "dim")

    # ── the filter ────────────────────────────────────────────────────────────────────────────────

    def action_filter(self, words: str = "") -> None:
        line = self.query_exactly_one(FilterInput)
        line.open()
        if words:
            line.value = words
            self.table.set_filter(words)
            self.screen.set_focus(self.table)
        else:
            self.screen.set_focus(line)

    def completed_filters(self, text: str) -> list[str]:
        """What this beginning of a filter may become."""
        return list(completed(text, filter_values(self.table.listing), self.table.known_words()))

    @on(Input.Changed, "FilterInput")
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_PAUSE, self._apply_filter)

    @on(Input.Submitted, "FilterInput")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._apply_filter()
        self.screen.set_focus(self.table)

    @property
    def settled(self) -> bool:
        return self._typing is None

    def _apply_filter(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        line = self.query_exactly_one(FilterInput)
        self.table.set_filter(line.value.strip())
        if not line.value and not line.has_focus:
            line.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "filter":
            return not isinstance(self.screen.focused, Input)
        if action in ("copy", "copy_id"):
            return self.failure is not None or self.table.length > 0
        if action == "back":
            line = self.query_exactly_one(FilterInput)
            return line.has_focus or bool(line.value) or bool(self.table.marked)
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        line = self.query_exactly_one(FilterInput)
        if line.has_focus or line.value:
            line.value = ""
            line.close()
            self.table.set_filter("")
            self.screen.set_focus(self.table)
        else:
            self.table.clear_marks()

    def set_filter_text(self, words: str) -> None:
        """Show this filter without applying it: another list comes into the same pane."""
        line = self.query_exactly_one(FilterInput)
        with line.prevent(Input.Changed):
            line.value = words
        line.display = bool(words)

    # ── copying ───────────────────────────────────────────────────────────────────────────────────

    def text_to_copy(self) -> str:
        return self.table.text_to_copy()

    def id_to_copy(self) -> str:
        return self.table.id_to_copy()
