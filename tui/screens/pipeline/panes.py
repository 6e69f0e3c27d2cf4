"""The panes of the pipeline screen: six lists in one pane, and the details of one row."""

from functools import partial
from typing import Any, ClassVar, Final

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui import content
from tui.commands import bind
from tui.filters import parse
from tui.query_runner import Query
from tui.screens.pipeline.batches import FILTER_FIELDS, Batches
from tui.screens.pipeline.groups import GROUPS
from tui.screens.pipeline.memories import Memories
from tui.screens.pipeline.status_line import PipelineStatus, pipeline_status
from tui.widgets.list_pane import ListPane
from tui.widgets.listing import Listing, ViewState
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table

CURRENT: Final = "bold $block-cursor-foreground on $block-cursor-background"
"""As the current screen among the tabs of the frame."""
LISTS: Final = ("Batches", "Sources", "Quarantine", "Log", "Memories", "Health")
WITHOUT_FILES: Final = ("Log", "Memories", "Health")
"""Lists whose rows are about no file that can be read again; their details are a text."""
_NOUNS: Final = dict(
    zip(LISTS, ("batch", "file", "line", "event", "entry", "measure"), strict=True)
)
_EMPTY: Final = {
    "Batches": (
        "Nothing failed, nothing waits.",
        "A lists what was read. Batches that fail or wait appear here.",
    ),
    "Sources": ("No file is followed yet.", "Start Codex, or give its home with --codex-home."),
    "Quarantine": ("No rejected lines.", "Lines that cannot be decoded appear here."),
    "Log": ("No entries.", "Actions, warnings and errors appear here."),
    "Memories": (
        "Codex remembers nothing.",
        "Its memories are off by default. What it remembers, and jobs that fail, appear here.",
    ),
    "Health": ("Nothing was measured.", ""),
}


class PipelineResult(Struct, frozen=True):
    """The list, and the parts of the status line."""

    list_result: ListResult
    status: list[Content]


class ListsPane(ListPane):
    """One of the six lists. Each keeps its filter and its order."""

    TITLE = "Reading"

    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("next-list", "previous-list", "group", "show-all")
    ]
    DEFAULT_CSS = """
    ListsPane { width: 3fr; & > .lists { height: 1; padding: 0 1; } }
    """

    def __init__(self, listings: dict[str, Listing], batches: Batches) -> None:
        self.current = LISTS[0]
        self.grouped = ""
        """What batches are grouped by; empty if they are listed one by one."""
        self._listings, self._batches = listings, batches
        self._views = {name: ViewState() for name in LISTS}
        super().__init__(Table(listings[self.current]), noun="batch")

    def compose(self) -> ComposeResult:
        yield Static(classes="lists")
        yield from super().compose()

    def on_mount(self) -> None:
        self._update_tabs()

    def _update_tabs(self) -> None:
        parts = [
            content.line(f" {name} ", CURRENT if name == self.current else "dim") for name in LISTS
        ]
        self.query_exactly_one(".lists", Static).update(Content("  ").join(parts))

    def build_query(self) -> Query[Any]:
        table_query, now = self.table.build_query(), self.dashboard.clock()
        return lambda reader: PipelineResult(table_query(reader), pipeline_status(reader, now))

    def show_result(self, result: PipelineResult | ListResult) -> None:
        if isinstance(result, PipelineResult):
            self.screen.query_exactly_one(PipelineStatus).set_parts(result.status)
            result = result.list_result
        super().show_result(result)

    def show_list(self, name: str, words: str | None = None) -> None:
        """Show one of the lists, with its last filter or with `words`."""
        if name not in LISTS:
            return
        if not self.grouped:
            self._views[self.current] = self.table.view
        self.current, self.grouped = name, ""
        self.noun = _NOUNS[name]
        view = self._views[name] if words is None else ViewState(filter=words)
        self.set_filter_text(view.filter)
        self.table.set_listing(self._listings[name], view)
        self._update_tabs()
        self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "show_all":
            return self.current == "Batches" and not self.grouped
        if action == "group":
            return self.current == "Batches" and not isinstance(self.screen.focused, Input)
        return super().check_action(action, parameters)

    def action_show_all(self) -> None:
        """List also the batches that have ended well, or hide them again."""
        self._batches.shows_ended = not self._batches.shows_ended
        self.table.set_view(self.table.view)

    def status_note(self) -> Content | None:
        listing = self._listings[self.current]
        if isinstance(listing, Memories):
            return content.line(listing.coverage, "dim")
        hidden = self.current == "Batches" and not self.grouped and not self._batches.shows_ended
        if not hidden or parse(self.table.view.filter, FILTER_FIELDS).words:
            return None
        return content.line("A shows what is done, too", "dim")

    def action_group(self) -> None:
        """Group the batches by error, by file, by session, or not at all."""
        ways = [*GROUPS, ""]
        self.group_by(ways[(ways.index(self.grouped) + 1) % len(ways)])

    def group_by(self, by: str) -> None:
        if not self.grouped:
            self._views["Batches"] = self.table.view
        if by:
            self.grouped, self.noun = by, GROUPS[by]
            self.set_filter_text("")
            self.table.set_listing(self._listings[by])
            self.screen.refresh_bindings()
        else:
            self.show_list("Batches")

    def empty_text(self) -> Content:
        if self.grouped:
            return content.lines(
                "No batch failed or waits.", content.line("v shows all batches.", "dim")
            )
        text, hint = _EMPTY[self.current]
        return content.lines(text, content.line(hint, "dim"))

    def _step(self, by: int) -> None:
        self.show_list(LISTS[(LISTS.index(self.current) + by) % len(LISTS)])

    def action_next_list(self) -> None:
        self._step(1)

    def action_previous_list(self) -> None:
        self._step(-1)


class DetailPane(Pane):
    """The details of the row under the cursor."""

    TITLE = "Details"

    DEFAULT_CSS = """
    DetailPane { width: 2fr; & > VerticalScroll { padding: 0 1; } & Static { height: auto; } }
    """

    def __init__(self) -> None:
        super().__init__()
        self._query: Query[Content] | None = None
        self._text = ""

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static()

    def build_query(self) -> Query[Content] | None:
        return self._query

    def show_result(self, result: Content) -> None:
        self._text = result.plain
        self.query_exactly_one(VerticalScroll).query_exactly_one(Static).update(result)

    def set_query(self, query: Query[Content] | None) -> None:
        self._query = query
        if query is None:
            self.show_result(Content(""))
        else:
            self.start_worker(partial(self._load, query), exclusive=True)

    async def _load(self, query: Query[Content]) -> None:
        self.set_answer(await self.dashboard.queries.answer(query))

    def text_to_copy(self) -> str:
        return self._text
