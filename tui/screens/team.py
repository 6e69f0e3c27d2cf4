"""What everybody in the team shares: sessions, tasks, a search and tokens, each over the main
screen of its kind while the scope is the team.

The store is asked on a thread of its own, so a server that is away or slow delays no key; a line
says so, and what was shown stays.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import ClassVar, Final

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.team.read import BY, Question, ask
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.query_runner import failure_of
from tui.screens.insights import DEFAULT_PERIOD, PERIODS
from tui.screens.team_rows import TeamList, details
from tui.widgets.list_pane import ListPane
from tui.widgets.pane import BUSY_AFTER, Pane
from tui.widgets.table import ListResult, Table
from tui.widgets.text_view import TextView

REFRESH_SECONDS: Final = 30.0
_NOUNS: Final = {"sessions": "session", "tasks": "open task", "search": "hit", "report": "row"}


class TeamPane(ListPane):
    def __init__(self, question: Question) -> None:
        self.question = question
        self.found = TeamList(question.noun)
        super().__init__(Table(self.found, marks=False), noun=_NOUNS[question.noun])
        self._asked_at: float | None = None
        """Monotonic time of the question that is not answered."""
        self._answered = False
        self._next_at = 0.0
        """When the store is asked again."""
        self._problem = ""

    def on_mount(self) -> None:
        self.border_title = f"Team: {self.question.noun}"

    # ── asking ────────────────────────────────────────────────────────────────────────────────────

    def ask(self, question: Question) -> None:
        """Show the answer to this question as soon as it is there."""
        self.question = question
        self.start_worker(self._ask, group="team", exclusive=True)

    async def _ask(self) -> None:
        question, team, now = self.question, self.dashboard.team, self.dashboard.now
        if team is None:
            self._problem = "This installation is not a member of a team any more."
            self._next_at = time.monotonic() + REFRESH_SECONDS
            self.update_status_line()
            return
        self._asked_at = time.monotonic()
        self.update_status_line()
        try:
            rows = await self.dashboard.queries.call(partial(ask, team, question, now))
        except Exception as error:  # noqa: BLE001 - shown in the status line
            self._problem = failure_of(error).message
        else:
            self._problem = ""
            self.found.show(rows, now.moment)
            self._answered = True
        self._asked_at, self._next_at = None, time.monotonic() + REFRESH_SECONDS
        self.screen.load_pane(self)  # type: ignore[attr-defined]
        self.update_status_line()

    def show_result(self, result: ListResult) -> None:
        super().show_result(result)
        self.update_status_line()
        self.screen.show_details()  # type: ignore[attr-defined]
        if self.question.noun == "search" and result.view.filter != self.question.words:
            self.table.expect_other_rows()
            self.ask(replace(self.question, words=result.view.filter))

    def tick(self) -> None:
        super().tick()
        if self._asked_at is not None:
            self.update_status_line()
        elif time.monotonic() >= self._next_at:
            self.ask(self.question)

    # ── what the lines say ────────────────────────────────────────────────────────────────────────

    def status_note(self) -> Content | None:
        if self._asked_at is not None:
            waited = time.monotonic() - self._asked_at
            if waited >= BUSY_AFTER or not self._answered:
                seconds = f" for {waited:.0f} s" if waited >= BUSY_AFTER else ""
                return content.line(f"◌ asking the team's store{seconds}", "yellow")
        return content.line(f"✗ {self._problem}", "red") if self._problem else None

    def empty_text(self) -> Content:
        if self._problem or not self._answered:
            return Content("")
        if self.question.noun == "search":
            return content.line("Searches what everybody shares. / begins.", "dim")
        return content.line("Nobody shares anything like this.", "dim")

    def no_match_text(self) -> Content:
        known = self._asked_at is None and not self._problem
        return super().no_match_text() if known else Content("")


class TeamDetails(Pane):
    TITLE = "Details"

    def __init__(self) -> None:
        super().__init__()
        self.text = Content("")

    def compose(self) -> ComposeResult:
        yield TextView()

    def show(self, text: Content) -> None:
        if text != self.text:
            self.text = text
            self.query_exactly_one(TextView).set_text(text, scroll_to_top=True)

    def text_to_copy(self) -> str:
        return self.text.plain


class TeamScreen(BaseScreen):
    NOUN: ClassVar[str] = "sessions"
    SHOWS_TEAM = True
    DEFAULT_CSS = "TeamScreen TeamPane { width: 2fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.list = TeamPane(Question(self.NOUN))
        self._details = TeamDetails()

    def on_mount(self) -> None:
        super().on_mount()
        self.ask()

    def ask(self) -> None:
        self.list.ask(self.list.question)

    def panes(self) -> ComposeResult:
        yield self.list
        yield self._details

    @on(Table.CursorMoved)
    def show_details(self) -> None:
        row = self.list.found.found.get(self.list.table.key)
        self._details.show(details(row) if row is not None else Content(""))

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        """Open the session of the row, if it is on this machine."""
        row = self.list.found.found.get(message.key, {})
        session = row.get("session") or row.get("id")
        if self.NOUN != "report":
            self.run_command(partial(self._open, session, row["who"], row["where"]))

    async def _open(self, session: str | None, who: str, where: str) -> None:
        home = await self.dashboard.queries.ask(
            lambda reader: reader.first_row("sessions.home_of", id=session or "")
        )
        if home is not None and session is not None:
            self.dashboard.open_session(home["home"], session)
        else:
            text = content.line(f"It is on {where}, the machine of {who}.").plain
            self.notify(text, markup=False)

    def action_back(self) -> None:
        if self.current_pane is self.list:
            self.dashboard.leave_team()
        else:
            super().action_back()


class TeamTasks(TeamScreen):
    TAB = "tasks"
    NOUN = "tasks"


class TeamSearch(TeamScreen):
    TAB = "search"
    NOUN = "search"

    def on_mount(self) -> None:
        super().on_mount()
        self.call_after_refresh(self.list.action_filter)


class TeamInsights(TeamScreen):
    TAB = "insights"
    NOUN = "report"
    BINDINGS: ClassVar[list[BindingType]] = bind("period", "view")
    DEFAULT_CSS = "TeamInsights TeamDetails { width: 1fr; } TeamInsights TeamPane { width: 3fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._period = DEFAULT_PERIOD

    def ask(self) -> None:
        self._ask(BY[0])

    def _ask(self, by: str) -> None:
        name, days = PERIODS[self._period]
        since = None if days is None else self.dashboard.clock() - timedelta(days=days)
        self.list.table.expect_other_rows()
        self.list.ask(Question(self.NOUN, since=since, by=by))
        period = name if days is None else f"the last {name}"
        heading = content.row(content.line(f"by {by}", "bold"), content.line(period, "dim"))
        self.list.set_heading(heading)

    def action_period(self) -> None:
        self._period = (self._period + 1) % len(PERIODS)
        self._ask(self.list.question.by)

    def action_view(self) -> None:
        """Show one row for each person, project, day or model."""
        self._ask(BY[(BY.index(self.list.question.by) + 1) % len(BY)])


TEAM_SCREENS: Final[Mapping[str, type[TeamScreen]]] = {
    each.TAB: each for each in (TeamScreen, TeamTasks, TeamSearch, TeamInsights)
}
"""By the main screen that each is shown over."""
