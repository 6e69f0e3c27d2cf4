"""The panes of the pipeline: four lists in one place, and what is known of one row."""

from typing import Any, ClassVar, Final

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui import content
from tui.commands import bind
from tui.query_runner import Question
from tui.screens.pipeline.status_line import PipelineStatus, standing
from tui.widgets.list_pane import ListPane
from tui.widgets.listing import Listing, View
from tui.widgets.pane import Pane
from tui.widgets.table import RowsNeeded, Table

LISTS: Final = ("Batches", "Sources", "Quarantine", "Log")
_EMPTY: Final = {
    "Batches": ("Nothing was read yet.", "As soon as Codex writes, its work shows up here."),
    "Sources": ("No file is followed yet.", "Start Codex once, or name its home: --codex-home."),
    "Quarantine": (
        "Every line could be read.",
        "One that cannot be is kept here, with the reason.",
    ),
    "Log": ("No actions, warnings or errors.", "All of them are listed here."),
}


class DetailView(Struct, frozen=True):
    """One look at the list, and at how everything stands."""

    seen: RowsNeeded
    standing: list[Content]


class Lists(ListPane):
    """One of the four lists; each keeps its filter and its order."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("next-list", "previous-list"),
        # With priority, because the table below would go to its top at the same key.
        *bind("group", priority=True),
    ]
    DEFAULT_CSS = """
    Lists { width: 3fr; & > .lists { height: 1; padding: 0 1; } }
    """

    def __init__(self, listings: dict[str, Listing]) -> None:
        self.chosen = LISTS[0]
        self.grouped = False
        self._listings = listings
        self._views = {name: View() for name in LISTS}
        super().__init__(Table(listings[self.chosen]), noun="batch")

    def compose(self) -> ComposeResult:
        yield Static(classes="lists")
        yield from super().compose()

    def on_mount(self) -> None:
        self._say_which()

    def _say_which(self) -> None:
        parts = [
            content.line(f" {name} ", "bold reverse" if name == self.chosen else "dim")
            for name in LISTS
        ]
        self.query_exactly_one(".lists", Static).update(Content(" ").join(parts))

    def question(self) -> Question[Any]:
        look, now = self.table.question(), self.dashboard.clock()
        return lambda reading: DetailView(look(reading), standing(reading, now))

    def show(self, found: DetailView | RowsNeeded) -> None:
        if isinstance(found, DetailView):
            self.screen.query_exactly_one(PipelineStatus).say(found.standing)
            found = found.seen
        super().show(found)

    def turn_to(self, name: str, words: str | None = None) -> None:
        """Show this list, with this filter if one is said."""
        if name not in LISTS:
            return
        self._views[self.chosen] = self.table.view
        self.chosen, self.grouped = name, False
        self.noun = {"Batches": "batch", "Sources": "file", "Quarantine": "line"}.get(name, "event")
        view = self._views[name] if words is None else View(filter=words)
        self.set_filter_line(view.filter)
        self.table.show(self._listings[name], view)
        self._say_which()
        self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "group":
            return self.chosen == "Batches" and not isinstance(self.screen.focused, Input)
        return super().check_action(action, parameters)

    def action_group(self) -> None:
        """The batches by the kind of error they met, or each by itself again."""
        self.grouped = not self.grouped
        if self.grouped:
            self._views["Batches"] = self.table.view
            self.noun = "error kind"
            self.set_filter_line("")
            self.table.show(self._listings["Errors"])
            self.screen.refresh_bindings()
        else:
            self.turn_to("Batches")

    def empty(self) -> Content:
        if self.grouped:
            return content.lines(
                "No batch met an error.", content.line("g shows all batches.", "dim")
            )
        said, hint = _EMPTY[self.chosen]
        return content.lines(said, content.line(hint, "dim"))

    def _step(self, by: int) -> None:
        self.turn_to(LISTS[(LISTS.index(self.chosen) + by) % len(LISTS)])

    def action_next_list(self) -> None:
        self._step(1)

    def action_previous_list(self) -> None:
        self._step(-1)


class Detail(Pane):
    """What is known of one row."""

    DEFAULT_CSS = """
    Detail { width: 2fr; & > VerticalScroll { padding: 0 1; } & Static { height: auto; } }
    """

    def __init__(self) -> None:
        super().__init__()
        self.about: Question[Content] | None = None
        self._shown = ""

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static()

    def question(self) -> Question[Content] | None:
        return self.about

    def show(self, found: Content) -> None:
        self._shown = found.plain
        self.query_exactly_one(VerticalScroll).query_exactly_one(Static).update(found)

    def tell_of(self, about: Question[Content] | None) -> None:
        self.about = about
        if about is None:
            self.show(Content(""))
        else:
            self.run_worker(self._ask(about), exclusive=True)

    async def _ask(self, about: Question[Content]) -> None:
        self.answer(await self.dashboard.feed.answer(about))

    def copied(self) -> str:
        return self._shown
