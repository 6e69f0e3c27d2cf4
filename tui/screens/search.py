"""The search: an input, the results as one types, and beside them the full text of a hit."""

from datetime import UTC, datetime
from typing import ClassVar, Final

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from ingest.db.query_reader import QueryReader
from ingest.sessions.search.completion import (
    FilterValues,
    apply_completion,
    completions,
    load_filter_values,
)
from ingest.sessions.search.embedder import embedder_for
from ingest.sessions.search.excerpt import marks
from ingest.sessions.search.lag import behind_text
from ingest.sessions.search.query import FILTERS, filter_spans, unknown_values
from ingest.sessions.search.search import Hit
from ingest.sessions.timeline import load_moments
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import COMMANDS, SCREENS, bind, key_label, keys_of
from tui.dialogs import ChoiceDialog
from tui.query_runner import Query
from tui.screens.search_hits import MAX_HITS, NEWEST, Hits, position_of
from tui.screens.session_entry import body_text
from tui.widgets.column import fit
from tui.widgets.list_pane import FilterInput, ListPane, ListStatus
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table
from tui.widgets.text_view import TextView

_MAX_COMPLETIONS = 6
_MAX_SAVED: Final = 30
_SCREEN_KEYS: Final = frozenset(COMMANDS[name].keys for name in SCREENS)
_LINES_BEFORE_MATCH = 6


class SearchInput(FilterInput):
    BINDINGS: ClassVar[list[BindingType]] = bind("complete-word", "results")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"search--filter"}
    DEFAULT_CSS = "SearchInput > .search--filter { color: $text-accent; }"

    def __init__(self) -> None:
        super().__init__(placeholder='words, "exact phrase", -exclude, kind:command, since:7d')
        self.values = FilterValues()
        self.highlighter = FilterHighlighter(self)

    def _is_command(self, key: str) -> bool:
        """Whether a printable key is no text: `*` means nothing in a query, a leading `/` means
        this box, and without text the keys of the screens go to them."""
        if key == COMMANDS["filter"].keys:
            return self.cursor_position == 0
        return key == COMMANDS["saved"].keys or (not self.value and key in _SCREEN_KEYS)

    def on_key(self, event: events.Key) -> None:
        if self._is_command(event.key):
            event.prevent_default()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return not self._is_command(key) and super().check_consume_key(key, character)

    def close(self) -> None:
        """It always stays open."""

    @property
    def completions(self) -> list[str]:
        at_end = self.cursor_position == len(self.value)
        return completions(self.value, self.values) if at_end else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "complete_word":
            return bool(self.completions)
        if action == "results":
            return self.screen.query_one(Table).length > 0
        return super().check_action(action, parameters)

    def action_complete_word(self) -> None:
        self.value = apply_completion(self.value, self.completions[0])
        self.cursor_position = len(self.value)

    def action_results(self) -> None:
        self.screen.set_focus(self.screen.query_one(Table))


class FilterHighlighter(Highlighter):
    """Colours the filters of a query, so that a word that is none can be told from one."""

    def __init__(self, line: SearchInput) -> None:
        self._line = line

    def highlight(self, text: Text) -> None:
        style = Style(color=self._line.get_component_rich_style("search--filter").color)
        for start, end in filter_spans(text.plain, datetime.now(UTC)):
            text.stylize(style, start, end)


class HitTable(Table):
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # The worst or oldest hits first would help nobody.
        return action != "reverse" and super().check_action(action, parameters)


class ResultsPane(ListPane):
    TITLE = "Results"
    BINDINGS: ClassVar[list[BindingType]] = bind("saved")
    DEFAULT_CSS = """
    ResultsPane > .completions { height: 1; padding: 0 1; color: $foreground-muted; }
    ResultsPane.-empty > HitTable { height: 0; }
    """

    def __init__(self, hits: Hits) -> None:
        super().__init__(HitTable(hits, marks=False), noun="hit")
        self.hits = hits
        self._shown = ""
        """The query whose hits are shown."""

    def build_query(self) -> Query[ListResult]:
        self.hits.project = self.dashboard.scope.project
        return super().build_query()

    def compose(self) -> ComposeResult:
        yield SearchInput()
        yield Static(classes="completions")
        yield self.table
        yield Static(classes="empty")
        yield ListStatus()

    def on_mount(self) -> None:
        self._show_completions()
        self.start_worker(self._load_filter_values)

    def on_resize(self) -> None:
        fitted = fit(self.hits.columns, self.table.size.width)
        width = next(each.width for each in fitted if each.column.name == "text") - 2
        if width != self.hits.excerpt_width:
            self.hits.excerpt_width = max(8, width)
            self.table.set_view(self.table.view)

    async def _load_filter_values(self) -> None:
        self.query_exactly_one(SearchInput).values = await self.dashboard.queries.ask(
            load_filter_values
        )

    @on(Input.Changed, "SearchInput")
    def _show_completions(self) -> None:
        words = self.query_exactly_one(SearchInput).completions
        lines = [content.line(word, "" if i else "bold") for i, word in enumerate(words)]
        shown = Content("")
        if lines:
            shown = content.row(*lines[:_MAX_COMPLETIONS], content.line("Tab", "dim"))
        self.query_exactly_one(".completions", Static).update(shown)
        self.refresh_bindings()

    class ResultsChanged(Message):
        """A new result is shown."""

    def show_result(self, result: ListResult) -> None:
        super().show_result(result)
        if result.view.filter != self._shown:
            # Other words have another best hit; the same ones keep the cursor where it is.
            self._shown, self.table.cursor = result.view.filter, 0
        self.post_message(self.ResultsChanged())

    def count_text(self) -> str:
        return super().count_text() if self.table.view.filter else ""

    def action_saved(self) -> None:
        """Save the search that is shown, remove it, or choose a saved one."""
        line, saved = self.query_exactly_one(SearchInput), self.dashboard.ui_state.searches
        words = line.value.strip()
        choices = [(f"{i}", search) for i, search in enumerate(saved) if search != words]
        if words:
            verb = "Remove" if words in saved else "Save"
            choices.insert(0, (verb, f"{verb} “{words}”"))
        if not choices:
            self.notify("Type a search first: * saves it.", markup=False)
            return

        def chosen(choice: str | None) -> None:
            if choice == "Remove":
                saved.remove(words)
            elif choice == "Save":
                saved[:] = [words, *saved][:_MAX_SAVED]
            elif choice is not None:
                line.value = saved[int(choice)]
                line.cursor_position = len(line.value)
                self.screen.set_focus(self.table)

        self.app.push_screen(ChoiceDialog("Saved searches", choices), chosen)

    def status_note(self) -> Content | None:
        total, behind = self.hits.total, behind_text(self.hits.lag)
        # Without any hit, the list says it.
        unknown = self._unknown_values() if total else []
        parts = [*unknown, behind, f"of {total:,}" if total > MAX_HITS else "", self._order()]
        text = " · ".join(filter(None, parts))
        return content.line(text, "yellow" if unknown or behind else "dim") if text else None

    def _order(self) -> str:
        """The order of the hits, and the key that changes it."""
        view = self.table.view
        if not self.table.length:
            return ""
        if not self.hits.parse(view.filter).words:
            return "newest first"
        key = key_label(keys_of(COMMANDS["sort"], self.dashboard.remapped).split(",")[0])
        newest = view.sort == NEWEST
        return f"newest first, {key}: best first" if newest else f"best first, {key}: newest first"

    def _unknown_values(self) -> list[str]:
        words = self.table.view.filter
        return [each.text for each in unknown_values(words, self.hits.parse(words))]

    def empty_text(self) -> Content:
        return content.lines(
            "Searches prompts, answers, plans, commands and changed files.",
            "",
            *(
                content.row(
                    content.line(f"{name}:", "cyan"), content.line(text), gap=" " * (9 - len(name))
                )
                for name, text in FILTERS.items()
            ),
        )

    def no_match_text(self) -> Content:
        if unknown := self._unknown_values():
            return content.lines(*(content.line(text, "yellow") for text in unknown))
        return content.line("No matches. Try fewer words. Esc clears the search.", "dim")


class HitPane(Pane):
    """The full text of the hit under the cursor, with its matches highlighted."""

    TITLE = "Text"

    def __init__(self, hits: Hits) -> None:
        super().__init__()
        self.hits = hits
        self.hit: Hit | None = None
        self.words = ""
        self.text = ""

    def compose(self) -> ComposeResult:
        yield TextView()

    def build_query(self) -> Query[tuple[Hit, str]] | None:
        hit = self.hit
        if hit is None:
            return None
        wanted, at = hit, position_of(hit)

        def query(reader: QueryReader) -> tuple[Hit, str]:
            moments = load_moments(reader, wanted.home, wanted.session, [at]) if at else {}
            return wanted, body_text(moments[at]) if at in moments else wanted.excerpt

        return query

    def show_result(self, result: tuple[Hit, str]) -> None:
        hit, self.text = result
        title = content.lines(
            content.line(self.hits.title(hit), "bold"),
            content.row(
                content.line(hit.kind, "title"), content.line(hit.project, "bold"),
                f"turn {hit.turn}" if hit.turn else "from the list of prompts",
                content.state(hit.status) if hit.status else None, self.hits.exit_text(hit),
            ),
            content.line(f"{hit.at:%Y-%m-%d %H:%M:%S} UTC" if hit.at else "", "dim"),
        )  # fmt: skip
        body = content.block(self.text)
        spans = marks(body.plain, self.hits.parse(self.words).words)
        for start, end in spans:
            body = body.stylize("$text-warning reverse", start, end)
        if spans:
            body = body[_line_start(body.plain, spans[0][0]) :]
        self.query_exactly_one(TextView).set_text(
            content.lines(title, "", body), scroll_to_top=True
        )

    def text_to_copy(self) -> str:
        return self.text

    def id_to_copy(self) -> str:
        return self.hit.session if self.hit else ""


def _line_start(text: str, offset: int) -> int:
    """The start of the line that is some lines above this offset."""
    for _ in range(_LINES_BEFORE_MATCH):
        offset = text.rfind("\n", 0, max(0, offset))
        if offset < 0:
            return 0
    return offset + 1


class SearchScreen(BaseScreen):
    TAB = "search"
    DEFAULT_CSS = "SearchScreen ResultsPane { width: 3fr; } SearchScreen HitPane { width: 2fr; }"

    def panes(self) -> ComposeResult:
        embedder = embedder_for(self.dashboard.settings.search_semantic)
        hits = Hits(self.dashboard.clock, embedder)
        yield ResultsPane(hits)
        yield HitPane(hits)

    def search_for(self, words: str) -> None:
        """Show the results of these words; also before the screen has its widgets."""

        def search() -> None:
            self.query_exactly_one(ResultsPane).action_filter(words)

        self.call_after_refresh(search)

    @on(Table.CursorMoved)
    @on(ResultsPane.ResultsChanged)
    def _update_hit(self) -> None:
        """Show the hit under the cursor, if the hit or the words have changed."""
        table = self.query_exactly_one(ResultsPane).table
        pane = self.query_exactly_one(HitPane)
        wanted = (table.key, table.view.filter)
        if wanted == (pane.hit, pane.words):
            return
        pane.hit, pane.words = wanted
        if pane.hit is None:
            pane.query_exactly_one(TextView).set_text(Content(""))
        else:
            self.load_pane(pane)

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        from tui.screens.session import SessionScreen

        hit: Hit = message.key
        self.app.push_screen(SessionScreen(hit.home, hit.session, position_of(hit)))
