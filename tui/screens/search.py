"""Search: one line to ask in, what was found as you type, and the place of each hit beside it."""

from typing import ClassVar

from textual import on
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
from ingest.sessions.search.excerpt import marks
from ingest.sessions.search.query import FILTERS
from ingest.sessions.search.search import Hit
from ingest.sessions.timeline import load_moments
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.query_runner import Question
from tui.screens.search_hits import MOST, Hits, place_of
from tui.widgets.column import fit
from tui.widgets.list_pane import Below, FilterLine, ListPane
from tui.widgets.pane import Pane
from tui.widgets.reader import Reader
from tui.widgets.table import RowsNeeded, Table

_OFFERED = 6
_LINES_BEFORE = 6
"""Of a text that is shown from its match on."""


class QuestionLine(FilterLine):
    BINDINGS: ClassVar[list[BindingType]] = bind("complete-word", "results")

    def __init__(self) -> None:
        super().__init__(placeholder='words, "as they stand", -without, kind:command, since:7d')
        self.known = FilterValues()

    def close(self) -> None:
        """It is what this screen is for: it stays."""

    @property
    def offers(self) -> list[str]:
        at_end = self.cursor_position == len(self.value)
        return completions(self.value, self.known) if at_end else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "complete_word":
            return bool(self.offers)
        if action == "results":
            return self.screen.query_one(Table).length > 0
        return super().check_action(action, parameters)

    def action_complete_word(self) -> None:
        self.value = apply_completion(self.value, self.offers[0])
        self.cursor_position = len(self.value)

    def action_results(self) -> None:
        self.screen.set_focus(self.screen.query_one(Table))


class Results(ListPane):
    DEFAULT_CSS = "Results > .offers { height: 1; padding: 0 1; color: $foreground-muted; }"

    def __init__(self, hits: Hits) -> None:
        super().__init__(Table(hits, titles=False, marks=False), noun="hit")
        self.hits = hits

    def compose(self) -> ComposeResult:
        yield QuestionLine()
        yield Static(classes="offers")
        yield self.table
        yield Static(classes="empty")
        yield Below()

    def on_mount(self) -> None:
        self._offer()
        self.run_worker(self._learn())

    def on_resize(self) -> None:
        fitted = fit(self.hits.columns, self.table.size.width)
        room = next(one.width for one in fitted if one.column.name == "text") - 2
        if room != self.hits.room:
            self.hits.room = max(8, room)
            self.table.see(self.table.view)

    async def _learn(self) -> None:
        self.query_exactly_one(QuestionLine).known = await self.dashboard.feed.ask(
            load_filter_values
        )

    @on(Input.Changed, "QuestionLine")
    def _offer(self) -> None:
        """What the word that is being written could become."""
        offers = self.query_exactly_one(QuestionLine).offers
        said = [content.line(offer, "bold" if not at else "") for at, offer in enumerate(offers)]
        shown = content.row(*said[:_OFFERED], content.line("Tab", "dim")) if said else Content("")
        self.query_exactly_one(".offers", Static).update(shown)
        self.refresh_bindings()

    class Answered(Message):
        """The list is that of another question now, or of another moment."""

    def show(self, found: RowsNeeded) -> None:
        super().show(found)
        self.post_message(self.Answered())

    def note(self) -> Content | None:
        total = self.hits.total
        return content.line(f"the best of {total:,}", "dim") if total > MOST else None

    def empty(self) -> Content:
        return content.lines(
            "What was asked, said, planned, run and changed, in every session.",
            "",
            *(
                content.row(
                    content.line(f"{name}:", "cyan"), content.line(said), gap=" " * (9 - len(name))
                )
                for name, said in FILTERS.items()
            ),
        )

    def nothing_found(self) -> Content:
        return content.line(
            "Nothing holds all of it. Fewer words find more; Esc begins anew.", "dim"
        )


class Place(Pane):
    """The hit under the cursor, whole, with what was found marked in it."""

    def __init__(self, hits: Hits) -> None:
        super().__init__()
        self.hits = hits
        self.hit: Hit | None = None
        self.words = ""
        self.text = ""

    def compose(self) -> ComposeResult:
        yield Reader()

    def question(self) -> Question[tuple[Hit, str]] | None:
        hit = self.hit
        if hit is None:
            return None
        whole, at = hit, place_of(hit)

        def look(reading: QueryReader) -> tuple[Hit, str]:
            found = load_moments(reading, whole.home, whole.session, [at]) if at else {}
            return whole, found[at].body if at in found else whole.excerpt

        return look

    def show(self, found: tuple[Hit, str]) -> None:
        hit, self.text = found
        title = content.lines(
            content.row(
                content.line(hit.kind, "title"), content.line(hit.project, "bold"),
                f"turn {hit.turn}" if hit.turn else "from the list of prompts",
                content.state(hit.status) if hit.status else None,
            ),
            content.line(f"{hit.at:%Y-%m-%d %H:%M:%S} UTC" if hit.at else "", "dim"),
        )  # fmt: skip
        body = content.block(self.text)
        spans = marks(body.plain, self.hits.asked(self.words).words)
        for start, end in spans:
            body = body.stylize("$text-warning reverse", start, end)
        if spans:
            body = body[_line_start(body.plain, spans[0][0]) :]
        self.query_exactly_one(Reader).read(content.lines(title, "", body), anew=True)

    def copied(self) -> str:
        return self.text

    def copied_id(self) -> str:
        return self.hit.session if self.hit else ""


def _line_start(text: str, place: int) -> int:
    """Where the line begins that is some lines above this place."""
    for _ in range(_LINES_BEFORE):
        place = text.rfind("\n", 0, max(0, place))
        if place < 0:
            return 0
    return place + 1


class SearchScreen(BaseScreen):
    PLACE = "search"
    DEFAULT_CSS = "SearchScreen Results { width: 3fr; } SearchScreen Place { width: 2fr; }"

    def panes(self) -> ComposeResult:
        hits = Hits(self.dashboard.clock)
        yield Results(hits)
        yield Place(hits)

    @on(Table.Moved)
    @on(Results.Answered)
    def _moved(self) -> None:
        """Show the hit under the cursor, if it is another one or found by other words."""
        table = self.query_exactly_one(Results).table
        shown = self.query_exactly_one(Place)
        wanted = (table.key, table.view.filter)
        if wanted == (shown.hit, shown.words):
            return
        shown.hit, shown.words = wanted
        if shown.hit is None:
            shown.query_exactly_one(Reader).read(Content(""))
        else:
            self.ask_pane(shown)

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        from tui.screens.session import SessionScreen

        hit: Hit = message.key
        self.app.push_screen(SessionScreen(hit.home, hit.session, place_of(hit)))
