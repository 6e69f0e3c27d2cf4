"""One session: its timeline, and beside it the full text of the entry under the cursor."""

from functools import partial
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.db.query_reader import QueryReader
from ingest.projects.git.alignment import AlignmentState, alignments
from ingest.projects.git.anchor import anchor_of
from ingest.projects.git.read_repository import Git
from ingest.sessions.scope import Scope
from ingest.sessions.session import Session, label, list_sessions
from ingest.sessions.timeline import (
    Moment,
    TimelinePosition,
    Tools,
    load_moments,
    load_reason,
    raw_line,
)
from ingest.text.numbers import tokens
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.query_runner import Query
from tui.resume_here import resume_here
from tui.screens.board_card import ALIGNMENT_TONES, resume_command
from tui.screens.session_timeline import Timeline
from tui.widgets.list_pane import ListPane
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table
from tui.widgets.text_view import TextView

_HIDDEN_ALIGNMENTS: Final = (AlignmentState.NO_REPO, AlignmentState.UNKNOWN)


def alignment(session: Session, git: Git) -> AlignmentState:
    """Whether the checkout still matches the commit where the session started. Runs git."""
    return alignments([anchor_of(session)], git)[session.id].state


class TimelinePane(ListPane):
    TITLE = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = bind("tools", "raw")

    def __init__(self, home: str, session: str) -> None:
        self.timeline = Timeline(home, session)
        super().__init__(Table(self.timeline, titles=False), noun="entry")
        self.session: Session | None = None
        self._alignment: Content | None = None

    def build_query(self) -> Query[Any]:
        """The timeline, and the session."""
        table_query, timeline, now = self.table.build_query(), self.timeline, self.dashboard.now
        screen = self.screen
        finds_reason = isinstance(screen, SessionScreen) and screen.finds_reason

        def query(
            reader: QueryReader,
        ) -> tuple[ListResult, Session | None, TimelinePosition | None]:
            sessions = list_sessions(reader, Scope(session=timeline.session), now)
            in_home = (session for session in sessions if session.home_id == timeline.home)
            reason = load_reason(reader, timeline.home, timeline.session) if finds_reason else None
            return table_query(reader), next(in_home, None), reason

        return query

    def show_result(
        self, result: tuple[ListResult, Session | None, TimelinePosition | None] | ListResult
    ) -> None:
        if not isinstance(result, ListResult):
            result, session, reason = result
            if isinstance(self.screen, SessionScreen) and self.screen.finds_reason:
                self.screen.start_at_reason(reason)
            if session is not None:
                first, self.session = self.session is None, session
                self._show_heading(session)
                if first:
                    self.start_worker(partial(self._load_alignment, session))
        super().show_result(result)

    def _show_heading(self, session: Session) -> None:
        self.set_heading(
            content.row(
                content.state(session.state_text), content.line(label(session), "title"),
                content.line(session.project, "bold"),
                content.line(f"{tokens(session.tokens.total)} tokens", "dim"),
                self._alignment,
            )
        )  # fmt: skip

    async def _load_alignment(self, session: Session) -> None:
        git = self.dashboard.git
        state = await self.dashboard.queries.ask(lambda _: alignment(session, git), slow=True)
        if state not in _HIDDEN_ALIGNMENTS:
            self._alignment = content.line(state, ALIGNMENT_TONES.get(state, "yellow"))
            self._show_heading(self.session or session)

    def status_note(self) -> Content | None:
        return content.line(f"tool output: {self.timeline.tools}")

    def action_tools(self) -> None:
        tools = list(Tools)
        self.timeline.tools = tools[(tools.index(self.timeline.tools) + 1) % len(tools)]
        self.table.set_view(self.table.view)

    def action_raw(self) -> None:
        screen = self.screen
        if isinstance(screen, SessionScreen):
            screen.show_raw()


class MomentPane(Pane):
    """The full text of a timeline entry, or the line of Codex's file that it was read from."""

    TITLE = "Entry"
    BINDINGS: ClassVar[list[BindingType]] = bind("raw")

    def __init__(self, home: str, session: str) -> None:
        super().__init__()
        self.home, self.session_id = home, session
        self.at: TimelinePosition | None = None
        self.raw = False
        self.text = ""

    def compose(self) -> ComposeResult:
        yield TextView()

    def build_query(self) -> Query[tuple[TimelinePosition, Moment | None, str | None]] | None:
        at, home, session, raw = self.at, self.home, self.session_id, self.raw
        if at is None:
            return None
        position = at

        def query(reader: QueryReader) -> tuple[TimelinePosition, Moment | None, str | None]:
            moment = load_moments(reader, home, session, [position]).get(position)
            line = raw_line(reader, position, moment.length if moment else None) if raw else None
            return position, moment, line

        return query

    def show_result(self, result: tuple[TimelinePosition, Moment | None, str | None]) -> None:
        at, moment, line = result
        if moment is None:
            self._show_text(content.line("This entry no longer exists.", "dim"))
        elif line is not None:
            self._show_text(
                content.lines(
                    content.line("Raw line   i shows the entry", "dim"), content.block(line)
                )
            )
        else:
            when = f"{moment.time:%Y-%m-%d %H:%M:%S} UTC" if moment.time else ""
            self._show_text(
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

    def _show_text(self, text: Content) -> None:
        self.query_exactly_one(TextView).set_text(text, scroll_to_top=True)

    def text_to_copy(self) -> str:
        return self.text

    def action_raw(self) -> None:
        screen = self.screen
        if isinstance(screen, SessionScreen):
            screen.show_raw()


class SessionScreen(BaseScreen):
    TAB = "board"
    BINDINGS: ClassVar[list[BindingType]] = bind("resume", "resume-here")
    DEFAULT_CSS = (
        "SessionScreen TimelinePane { width: 3fr; } SessionScreen MomentPane { width: 2fr; }"
    )

    def __init__(
        self,
        home: str,
        session: str,
        at: TimelinePosition | None = None,
        *,
        newest: bool = False,
        at_reason: bool = False,
    ) -> None:
        """The cursor starts at the entry `at`, with `newest` at the last one, with `at_reason` at
        the one from which the state of the session follows: its question, open command or error.
        """
        super().__init__()
        self._newest = newest
        self.finds_reason = at_reason
        self.home, self.session_id, self._start_at = home, session, at

    def panes(self) -> ComposeResult:
        yield TimelinePane(self.home, self.session_id)
        yield MomentPane(self.home, self.session_id)

    def start_at_reason(self, reason: TimelinePosition | None) -> None:
        """Called before the first rows are shown."""
        self.finds_reason, self._start_at, self._newest = False, reason, reason is None
        if self.has_class("-narrow") and reason is not None:
            self.focus_pane(self.query_exactly_one(MomentPane))

    @on(Table.CursorMoved)
    def _cursor_moved(self, message: Table.CursorMoved) -> None:
        if self._newest:
            self._newest = False
            message.table.action_bottom()
        elif self._start_at is not None:
            start, self._start_at = self._start_at, None
            if start != message.key and message.table.move_to(start):
                return
        pane = self.query_exactly_one(MomentPane)
        if message.key != pane.at:
            pane.at, pane.raw = message.key, False
            self.load_pane(pane)

    @on(Table.RowOpened)
    def _row_opened(self) -> None:
        self.focus_pane(self.query_exactly_one(MomentPane))

    def show_raw(self) -> None:
        pane = self.query_exactly_one(MomentPane)
        at = self.query_exactly_one(Table).key
        # For the entry under the cursor, also if its message has not arrived yet.
        pane.raw = not pane.raw if at == pane.at else True
        pane.at = at
        self.load_pane(pane)
        if self.has_class("-narrow"):
            self.focus_pane(pane)

    def action_resume_here(self) -> None:
        pane = self.query_exactly_one(TimelinePane)
        if pane.session is not None:
            resume_here(self.app, pane.session)

    def action_resume(self) -> None:
        pane = self.query_exactly_one(TimelinePane)
        if pane.session is not None:
            pane.copy_text(resume_command(pane.session))
