"""Insights: what was spent, how turns went, how the system ran and what takes the room."""

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.db.query_reader import QueryReader
from ingest.report.comparison import compare
from ingest.report.insights import Insights, load_insights
from ingest.report.period import Period
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.query_runner import Question
from tui.screens.insights_charts import changes, running, spending
from tui.widgets.pane import Pane
from tui.widgets.reader import Reader

SPANS: Final = (("7 days", 7), ("30 days", 30), ("90 days", 90), ("all of it", None))
_FIRST: Final = 1
_LEAST: Final = 24
_AROUND: Final = 4
"""Columns that the border, the padding and the scrollbar of a page take."""

Found = tuple[Insights, Insights | None]
"""Of the period, and of the one before it where the two are compared."""


class Pictures(Pane):
    """A page of pictures, as wide as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._draw: Callable[[int], list[Content]] | None = None
        self.text = Content("")

    def compose(self) -> ComposeResult:
        yield Reader()

    def draw(self, title: str, draw: Callable[[int], list[Content]]) -> None:
        self._draw = lambda width: [content.line(title, "bold"), Content(""), *draw(width)]
        self._show()

    def _show(self) -> None:
        if self._draw is not None:
            self.text = content.lines(*self._draw(max(_LEAST, self.size.width - _AROUND)))
            self.query_exactly_one(Reader).read(self.text)

    def on_resize(self) -> None:
        self._show()

    def copied(self) -> str:
        return self.text.plain


class Asking(Pictures):
    """The page that asks, for both of them."""

    def __init__(self) -> None:
        super().__init__()
        self.period = Period("")
        self.before: Period | None = None

    def question(self) -> Question[Found]:
        period, before, now = self.period, self.before, self.dashboard.clock()

        def look(reading: QueryReader) -> Found:
            found = load_insights(reading, period, now)
            return found, load_insights(reading, before, now) if before else None

        return look

    def show(self, found: Found) -> None:
        screen = self.screen
        if isinstance(screen, InsightsScreen):
            screen.draw(*found)


class InsightsScreen(BaseScreen):
    PLACE = "insights"
    BINDINGS: ClassVar[list[BindingType]] = bind("span", "compare", "why")

    def __init__(self) -> None:
        super().__init__()
        self._span = _FIRST
        self._comparing = False
        self._left, self._right = Asking(), Pictures()

    def panes(self) -> ComposeResult:
        self._set()
        yield self._left
        yield self._right

    def _set(self) -> None:
        """Say which period is asked for."""
        name, days = SPANS[self._span]
        self._left.before = None
        if days is None:
            self._left.period = Period(name)
            return
        now = self.dashboard.clock()
        since = now - timedelta(days=days)
        self._left.period = Period(f"the last {name}", since)
        if self._comparing:
            self._left.before = Period(f"the {name} before", since - timedelta(days=days), since)

    def draw(self, this: Insights, before: Insights | None) -> None:
        name = this.report.period.name
        if before is None:
            self._left.draw(name, lambda width: spending(this, width))
            self._right.draw(name, lambda width: running(this, width))
            return
        earlier, told = before.report.period.name, compare(before.report, this.report)
        self._left.draw(earlier, lambda width: spending(before, width, this))
        self._right.draw(
            name, lambda width: [*spending(this, width, before), *changes(told, (earlier, name))]
        )

    def action_span(self) -> None:
        self._span = (self._span + 1) % len(SPANS)
        self._set()
        self.ask()

    def action_why(self) -> None:
        """Who weighs most in these pictures."""
        from tui.screens.insights_details import behind_the_pictures
        from tui.screens.why import WhyScreen

        period = self._left.period
        nothing = "No session in this time."
        self.app.push_screen(
            WhyScreen(behind_the_pictures(period), f"who weighs most in {period.name}", nothing)
        )

    def action_compare(self) -> None:
        if SPANS[self._span][1] is None:
            self.notify("Before all of it there is nothing. t chooses a span.", markup=False)
            return
        self._comparing = not self._comparing
        self._set()
        self.ask()
