"""A pane that is one list, with the line that filters it and the line that says how it stands."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.timer import Timer
from textual.widgets import Input, Static

from ingest.text.units import pluralize
from tui import content
from tui.commands import bind
from tui.query_runner import Question
from tui.ui_state import liked
from tui.widgets.entry import Entry
from tui.widgets.pane import Pane
from tui.widgets.table import RowsNeeded, Table

_TYPING_PAUSE = 0.12
"""Seconds without a key, after which the words are taken."""


class FilterLine(Entry):
    """Where the words of a filter are written."""

    DEFAULT_CSS = """
    FilterLine {
        height: 1; border: none; padding: 0 1; background: $surface;
        &:focus { border: none; background-tint: $foreground 5%; }
    }
    """

    # At once and not by a class: what is typed next is for this line already.

    def open(self) -> None:
        self.display = True

    def close(self) -> None:
        self.display = False


class Below(Static):
    """How many rows there are, how many of them are marked, and what is new."""

    DEFAULT_CSS = """
    Below {
        height: 1; padding: 0 1; color: $foreground-muted;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """


def waits(table: Table) -> Content | None:
    """What is held back because it would move rows."""
    if table.waiting is None:
        return None
    return content.line(f"{table.fresh} new ↓" if table.fresh else "order changed ↓", "yellow")


class ListPane(Pane):
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority, so that words typed at once behind it find the line open.
        *bind("filter", priority=True),
        *bind("back"),
    ]
    DEFAULT_CSS = """
    ListPane > .empty { display: none; padding: 1 2; height: 1fr; }
    ListPane.-empty { & > Table { height: 1; } & > .empty { display: block; } }
    """

    def __init__(
        self,
        table: Table,
        *,
        noun: str = "row",
        known_as: str = "",
        id: str | None = None,
    ) -> None:
        """`known_as`: the name under which it is remembered how the list was seen last."""
        super().__init__(id=id)
        self.known_as = known_as
        self.table = table
        self.noun = noun
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        before = self.dashboard.remembered.lists.get(self.known_as)
        if before is not None:
            self.table.view = before.view()
        yield self.table
        yield Static(classes="empty")
        words = self.table.view.filter
        line = FilterLine(placeholder="words; !word leaves out", value=words)
        line.display = bool(words)
        yield line
        yield Below()

    # ── the list ────────────────────────────────────────────────────────────────────────────────

    def question(self) -> Question[RowsNeeded]:
        return self.table.question()

    def show(self, found: RowsNeeded) -> None:
        self.table.take(found)

    def tick(self) -> None:
        self.table.pass_time(self.dashboard.clock())

    @on(Table.Wanting)
    def _fetch_soon(self, message: Table.Wanting) -> None:
        message.stop()
        self.run_worker(self._fetch(), group="page", exclusive=True)

    async def _fetch(self) -> None:
        # Whole, where it is to be shown another way; else only the rows that came on screen.
        whole = self.table.wants_all
        question = self.table.question() if whole else self.table.page_question()
        if question is None:
            return
        answer = await self.dashboard.feed.answer(question)
        if whole:
            self.answer(answer)
        elif isinstance(value := getattr(answer, "value", None), RowsNeeded):
            self.table.take_page(value)

    @on(Table.Stood)
    def _stood(self, message: Table.Stood) -> None:
        message.stop()
        self.say_how_it_stands()

    def say_how_it_stands(self) -> None:
        """Say it below the list."""
        table = self.table
        if self.known_as:
            self.dashboard.remembered.lists[self.known_as] = liked(table.view)
        nothing = table.loaded and not table.length
        self.set_class(nothing, "-empty")
        if nothing:
            said = self.nothing_found() if table.view.filter else self.empty()
            self.query_exactly_one(".empty", Static).update(said)
        self.query_exactly_one(Below).update(
            content.row(
                self.counted(),
                content.line(f"{len(table.marked):,} marked", "yellow") if table.marked else None,
                f"filter: {table.view.filter}" if table.view.filter else None,
                waits(table),
                self.note(),
            )
        )

    @on(Click, "Below")
    def _clicked_below(self) -> None:
        self.table.action_show_new()

    def counted(self) -> str:
        """How many there are."""
        return pluralize(self.table.length, self.noun)

    def note(self) -> Content | None:
        """What else to say below the list."""
        return None

    def nothing_found(self) -> Content:
        return content.line(f"Nothing holds “{self.table.view.filter}”. Esc shows all.", "dim")

    # ── the filter ──────────────────────────────────────────────────────────────────────────────

    def action_filter(self, words: str = "") -> None:
        line = self.query_exactly_one(FilterLine)
        line.open()
        if words:
            line.value = words
            self.table.set_filter(words)
            self.screen.set_focus(self.table)
        else:
            self.screen.set_focus(line)

    @on(Input.Changed, "FilterLine")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_PAUSE, self._take_words)

    @on(Input.Submitted, "FilterLine")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._take_words()
        self.screen.set_focus(self.table)

    @property
    def settled(self) -> bool:
        return self._typing is None

    def _take_words(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        line = self.query_exactly_one(FilterLine)
        self.table.set_filter(line.value.strip())
        if not line.value and not line.has_focus:
            line.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "filter":
            return not isinstance(self.screen.focused, Input)
        if action in ("copy", "copy_id"):
            return self.failure is not None or self.table.length > 0
        if action == "back":
            line = self.query_exactly_one(FilterLine)
            return line.has_focus or bool(line.value) or bool(self.table.marked)
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        line = self.query_exactly_one(FilterLine)
        if line.has_focus or line.value:
            line.value = ""
            line.close()
            self.table.set_filter("")
            self.screen.set_focus(self.table)
        else:
            self.table.marked.clear()
            self.table.refresh()
            self.table.post_message(Table.Stood(self.table))

    def set_filter_line(self, words: str) -> None:
        """Show these words where filters are written, for another list in this place."""
        line = self.query_exactly_one(FilterLine)
        with line.prevent(Input.Changed):
            line.value = words
        line.display = bool(words)

    # ── copying ─────────────────────────────────────────────────────────────────────────────────

    def copied(self) -> str:
        return self.table.copied()

    def copied_id(self) -> str:
        return self.table.copied_id()
