"""One session as it happened: its timeline, and beside it all that is known of one moment."""

from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.db.query_reader import QueryReader
from ingest.projects.git.alignment import AlignmentState, alignments
from ingest.projects.git.anchor import anchor_of
from ingest.projects.git.lookup import Git
from ingest.sessions.scope import Scope
from ingest.sessions.session import Session, label, list_sessions
from ingest.sessions.timeline import Moment, TimelinePosition, Tools, load_moments, raw_line
from ingest.text.units import tokens
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.query_runner import Question
from tui.screens.board_card import ALIGNED, resume_command
from tui.screens.session_timeline import Timeline
from tui.widgets.list_pane import ListPane
from tui.widgets.pane import Pane
from tui.widgets.reader import Reader
from tui.widgets.table import RowsNeeded, Table

_UNTOLD: Final = (AlignmentState.NO_REPO, AlignmentState.UNKNOWN)
"""Where git cannot say how a session stands, nothing is said."""


def standing(session: Session, git: Git) -> AlignmentState:
    """How the place where the session began stands to what is checked out there."""
    return alignments([anchor_of(session)], git)[session.id].state


class TimelinePane(ListPane):
    BINDINGS: ClassVar[list[BindingType]] = bind("tools", "raw")

    def __init__(self, home: str, session: str) -> None:
        self.timeline = Timeline(home, session)
        super().__init__(Table(self.timeline, titles=False), noun="moment")
        self.session: Session | None = None
        self._stands: Content | None = None
        """How it stands to what is checked out, once git has said."""

    def question(self) -> Question[Any]:
        """The moments, and whose they are, as the session stands now."""
        look, line, now = self.table.question(), self.timeline, self.dashboard.now

        def ask(reading: QueryReader) -> tuple[RowsNeeded, Session | None]:
            found = list_sessions(reading, Scope(session=line.session), now)
            return look(reading), next((one for one in found if one.home_id == line.home), None)

        return ask

    def show(self, found: tuple[RowsNeeded, Session | None] | RowsNeeded) -> None:
        if not isinstance(found, RowsNeeded):
            found, session = found
            if session is not None:
                first, self.session = self.session is None, session
                self._say_whose(session)
                if first:
                    self.run_worker(self._look_further(session))
        super().show(found)

    def _say_whose(self, session: Session) -> None:
        self.head(
            content.row(
                content.state(session.state), content.line(label(session), "title"),
                content.line(session.project, "bold"),
                content.line(f"{tokens(session.tokens.total)} tokens", "dim"),
                self._stands,
            )
        )  # fmt: skip

    async def _look_further(self, session: Session) -> None:
        git = self.dashboard.git
        stands = await self.dashboard.feed.ask(lambda _: standing(session, git), slow=True)
        if stands not in _UNTOLD:
            self._stands = content.line(stands, ALIGNED.get(stands, "yellow"))
            self._say_whose(self.session or session)

    def note(self) -> Content | None:
        return content.line(f"tool output: {self.timeline.tools}")

    def action_tools(self) -> None:
        tools = list(Tools)
        self.timeline.tools = tools[(tools.index(self.timeline.tools) + 1) % len(tools)]
        self.table.see(self.table.view)

    def action_raw(self) -> None:
        screen = self.screen
        if isinstance(screen, SessionScreen):
            screen.show_raw()


class MomentPane(Pane):
    """All that is kept of a moment; or the line of Codex's file that it was read from."""

    BINDINGS: ClassVar[list[BindingType]] = bind("raw")

    def __init__(self, home: str, session: str) -> None:
        super().__init__()
        self.home, self.session_id = home, session
        self.at: TimelinePosition | None = None
        self.raw = False
        self.text = ""

    def compose(self) -> ComposeResult:
        yield Reader()

    def question(self) -> Question[tuple[TimelinePosition, Moment | None, str | None]] | None:
        at, home, session, raw = self.at, self.home, self.session_id, self.raw
        if at is None:
            return None
        place = at

        def look(reading: QueryReader) -> tuple[TimelinePosition, Moment | None, str | None]:
            found = load_moments(reading, home, session, [place]).get(place)
            line = raw_line(reading, place, found.length if found else None) if raw else None
            return place, found, line

        return look

    def show(self, found: tuple[TimelinePosition, Moment | None, str | None]) -> None:
        at, moment, line = found
        if moment is None:
            self.read(content.line("This moment is no more.", "dim"))
        elif line is not None:
            self.read(
                content.lines(content.line("Raw line   i goes back", "dim"), content.block(line))
            )
        else:
            when = f"{moment.time:%Y-%m-%d %H:%M:%S} UTC" if moment.time else ""
            self.read(
                content.lines(
                    content.row(
                        content.line(moment.name or "output", "title"),
                        content.state(moment.state) if moment.state else None,
                    ),
                    content.row(
                        content.line(when, "dim"), content.line(f"byte {at.byte:,}", "dim")
                    ),
                    "",
                    content.block(moment.body),
                )
            )
        self.text = line if line is not None else moment.body if moment else ""

    def read(self, text: Content) -> None:
        self.query_exactly_one(Reader).read(text, anew=True)

    def copied(self) -> str:
        return self.text

    def action_raw(self) -> None:
        screen = self.screen
        if isinstance(screen, SessionScreen):
            screen.show_raw()


class SessionScreen(BaseScreen):
    PLACE = "board"
    BINDINGS: ClassVar[list[BindingType]] = bind("resume")
    DEFAULT_CSS = (
        "SessionScreen TimelinePane { width: 3fr; } SessionScreen MomentPane { width: 2fr; }"
    )

    def __init__(
        self, home: str, session: str, at: TimelinePosition | None = None, *, newest: bool = False
    ) -> None:
        """`at`: the moment to begin with; or the `newest`."""
        super().__init__()
        self._newest = newest
        self.home, self.session_id, self._begin = home, session, at

    def panes(self) -> ComposeResult:
        yield TimelinePane(self.home, self.session_id)
        yield MomentPane(self.home, self.session_id)

    @on(Table.Moved)
    def _moved(self, message: Table.Moved) -> None:
        if self._newest:
            self._newest = False
            message.table.action_bottom()
        elif self._begin is not None:
            begin, self._begin = self._begin, None
            if message.table.select(begin):
                return
        shown = self.query_exactly_one(MomentPane)
        if message.key != shown.at:
            shown.at, shown.raw = message.key, False
            self.ask_pane(shown)

    @on(Table.Opened)
    def _opened(self) -> None:
        self.choose(self.query_exactly_one(MomentPane))

    def show_raw(self) -> None:
        shown = self.query_exactly_one(MomentPane)
        at = self.query_exactly_one(Table).key
        # Of the moment under the cursor, even where the news of it is still on its way.
        shown.raw = not shown.raw if at == shown.at else True
        shown.at = at
        self.ask_pane(shown)
        if self.has_class("-narrow"):
            self.choose(shown)

    def action_resume(self) -> None:
        pane = self.query_exactly_one(TimelinePane)
        if pane.session is not None:
            pane.copy_text(resume_command(pane.session))
