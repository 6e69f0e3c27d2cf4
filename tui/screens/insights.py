"""Insights: where tokens and time went, and charts of limits, failures and lengths."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
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
from tui.query_runner import Query
from tui.screens.insights_charts import changes, work
from tui.screens.insights_spending import SpendingPane
from tui.widgets.pane import Pane
from tui.widgets.text_view import TextView

PERIODS: Final = (("7 days", 7), ("30 days", 30), ("90 days", 90), ("all time", None))
DEFAULT_PERIOD: Final = 1
_MIN_WIDTH: Final = 24
_FRAME_WIDTH: Final = 4
"""Columns for border, padding and scrollbar."""

Result = tuple[Insights, Insights | None]
"""Of the period, and of the one before it if the two are compared."""


class ChartsPane(Pane):
    """A page of charts, as wide as the pane."""

    TITLE = "Charts"

    def __init__(self) -> None:
        super().__init__()
        self.period = Period("")
        self.before: Period | None = None
        self._draw: Callable[[int], list[Content]] | None = None
        self.text = Content("")

    def compose(self) -> ComposeResult:
        yield TextView()

    def build_query(self) -> Query[Result]:
        period, before, now = self.period, self.before, self.dashboard.clock()

        def query(reader: QueryReader) -> Result:
            current = load_insights(reader, period, now)
            return current, load_insights(reader, before, now) if before else None

        return query

    def show_result(self, result: Result) -> None:
        self._draw = partial(_page, *result)
        self._redraw()

    def _redraw(self) -> None:
        if self._draw is not None:
            self.text = content.lines(*self._draw(max(_MIN_WIDTH, self.size.width - _FRAME_WIDTH)))
            self.query_exactly_one(TextView).set_text(self.text)

    def on_resize(self) -> None:
        self._redraw()

    def text_to_copy(self) -> str:
        return self.text.plain


def _page(this: Insights, before: Insights | None, width: int) -> list[Content]:
    name = this.report.period.name
    if before is None:
        return [_heading(name), Content(""), *work(this, width)]
    earlier = before.report.period.name
    return [
        *changes(compare(before.report, this.report), (earlier, name)),
        Content(""), _heading(name), Content(""), *work(this, width, before),
        Content(""), _heading(earlier), Content(""), *work(before, width, this),
    ]  # fmt: skip


def _heading(period: str) -> Content:
    # Also where the other pane lists the sessions of one project.
    return content.row(content.line(period, "bold"), content.line("all projects", "dim"))


class InsightsScreen(BaseScreen):
    TAB = "insights"
    FOLLOWS_SCOPE = False
    BINDINGS: ClassVar[list[BindingType]] = bind("period", "compare")
    DEFAULT_CSS = (
        "InsightsScreen SpendingPane { width: 1fr; } InsightsScreen ChartsPane { width: 1fr; }"
    )

    def __init__(self) -> None:
        super().__init__()
        self._period = DEFAULT_PERIOD
        self._comparing = False
        self._spending, self._charts = SpendingPane(), ChartsPane()

    def panes(self) -> ComposeResult:
        yield self._spending
        yield self._charts

    def on_mount(self) -> None:
        super().on_mount()
        self._set_periods()

    def _set_periods(self) -> None:
        name, days = PERIODS[self._period]
        self._charts.before = None
        if days is None:
            self._charts.period = Period(name)
        else:
            since = self.dashboard.clock() - timedelta(days=days)
            self._charts.period = Period(f"the last {name}", since)
            if self._comparing:
                before = Period(f"the {name} before", since - timedelta(days=days), since)
                self._charts.before = before
        self._spending.show_period(self._charts.period)

    def action_period(self) -> None:
        self._period = (self._period + 1) % len(PERIODS)
        self._set_periods()
        self.load_now()

    def explained(self) -> Query[list[Content]]:
        """The sessions and turns with the largest numbers."""
        from tui.screens.insights_details import charts_details

        return charts_details(self._charts.period)

    def action_compare(self) -> None:
        if PERIODS[self._period][1] is None:
            self.notify(
                "There is no period before all time. T chooses a shorter period.", markup=False
            )
            return
        self._comparing = not self._comparing
        self._set_periods()
        if self._comparing and self.has_class("-narrow"):
            self.focus_pane(self._charts)
        self.load_now()
