"""One session: its timeline, and beside it the full text of the entry under the cursor."""

from functools import partial
from typing import Any, ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from ingest.actions import ReadAgain
from ingest.batches.action import Selection, Verb
from ingest.db.query_reader import QueryReader
from ingest.projects.journal import build
from ingest.sessions.scope import Scope
from ingest.sessions.session import Session, list_sessions
from ingest.sessions.spans import load_lanes
from ingest.sessions.timeline import TimelineKind, TimelinePosition, Tools, load_reason
from tui import content
from tui.commands import bind
from tui.query_runner import Query
from tui.resume_here import resume_here
from tui.scope import Place
from tui.screens.batch_actions import BatchActions
from tui.screens.board_card import resume_command
from tui.screens.journal_export import JournalExport
from tui.screens.session_entry import MomentPane
from tui.screens.session_heading import heading, load_alignment
from tui.screens.session_timeline import DAY, Timeline
from tui.widgets.lanes import MARGIN, NAME_COLUMNS, Lanes, LanesPicture, draw_lanes
from tui.widgets.table import ListResult, Table
from tui.widgets.tree_pane import TreePane

PLAY_SECONDS: Final = 0.7
"""Between two entries of a replay that plays."""
_HEADING_PADDING: Final = 2
LANES_SIZE: Final = (140, 30)
"""Of the window, from which on the lanes are shown by themselves."""


class SessionResult(Struct, frozen=True):
    list_result: ListResult
    session: Session | None
    reason: TimelinePosition | None
    failed_batches: list[str]
    lanes: LanesPicture | None
    """None if they are not shown."""


class TimelinePane(TreePane):
    TITLE = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = bind("tools", "fold-all")

    def __init__(self, home: str, session: str) -> None:
        self.timeline = Timeline(home, session)
        super().__init__(Table(self.timeline, titles=False), noun="entry")
        self.session: Session | None = None
        self.failed_batches: list[str] = []
        self._alignment: Content | None = None

    def build_query(self) -> Query[Any]:
        """The timeline, and the session."""
        table_query, timeline, now = self.table.build_query(), self.timeline, self.dashboard.now
        screen = self.screen
        finds_reason = isinstance(screen, SessionScreen) and screen.finds_reason
        columns = screen.lane_columns if isinstance(screen, SessionScreen) else 0

        def query(reader: QueryReader) -> SessionResult:
            sessions = list_sessions(reader, Scope(session=timeline.session), now)
            in_home = (session for session in sessions if session.home_id == timeline.home)
            reason = load_reason(reader, timeline.home, timeline.session) if finds_reason else None
            failed = reader.rows("pipeline.failed_of_session", session=timeline.session)
            ids = [row["id"] for row in failed]
            listed = table_query(reader)
            lanes = None
            if columns:
                spans = load_lanes(reader, timeline.home, timeline.session, now.moment)
                lanes = draw_lanes(spans, columns)
            return SessionResult(listed, next(in_home, None), reason, ids, lanes)

        return query

    def show_result(self, result: "SessionResult | ListResult") -> None:
        if isinstance(result, SessionResult):
            if isinstance(self.screen, SessionScreen) and self.screen.finds_reason:
                self.screen.start_at_reason(result.reason)
            if bool(self.failed_batches) != bool(result.failed_batches):
                self.screen.refresh_bindings()
            self.failed_batches = result.failed_batches
            session = result.session
            if session is not None:
                first, self.session = self.session is None, session
                self._show_heading(session)
                if first:
                    self.screen.refresh_bindings()
                    self.start_worker(partial(self._load_alignment, session))
            if result.lanes is not None and isinstance(self.screen, SessionScreen):
                self.screen.lanes.set_picture(result.lanes)
            result = result.list_result
        super().show_result(result)

    def on_resize(self) -> None:
        if self.session is not None:
            self._show_heading(self.session)

    def _show_heading(self, session: Session) -> None:
        columns = self.size.width - _HEADING_PADDING
        failed = len(self.failed_batches)
        self.set_heading(heading(session, columns, failed, self._alignment))
        for pane in self.screen.query(MomentPane):
            pane.show_session(session)

    async def _load_alignment(self, session: Session) -> None:
        git = self.dashboard.git
        self._alignment = await self.dashboard.queries.ask(
            lambda _: load_alignment(session, git), slow=True
        )
        self._show_heading(self.session or session)

    def status_note(self) -> Content | None:
        return content.line(f"tool output: {self.timeline.tools}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("fold", "unfold"):
            row = self.table.row
            return row is not None and (row.collapsed is not None or row.parent is not None)
        return super().check_action(action, parameters)

    def action_fold_all(self) -> None:
        """Close all entries; open all if none is open."""
        view = self.table.view
        folded = frozenset() if view.folded else frozenset(self.timeline.keys_with_parts())
        self.table.set_view(replace(view, folded=folded))

    def action_tools(self) -> None:
        tools = list(Tools)
        self.timeline.tools = tools[(tools.index(self.timeline.tools) + 1) % len(tools)]
        self.table.set_view(self.table.view)


class SessionScreen(BatchActions, JournalExport):
    TAB = "board"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind(
            "raw", "resume", "resume-here", "retry", "reset", "export", "lanes", "replay",
            "replay-back",
        ),
        # In a replay, before the key of the list.
        *bind("play", priority=True),
    ]  # fmt: skip
    DEFAULT_CSS = """
    SessionScreen {
        & TimelinePane { width: 3fr; }
        & MomentPane { width: 2fr; }
        & MomentPane > .heading { display: none; }
        &.-narrow MomentPane > .heading { display: block; }
    }
    """

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
        self._newest, self._at_start = newest, True
        self.finds_reason = at_reason
        self.lanes = Lanes()
        self._playing: Timer | None = None
        self.home, self.session_id, self._start_at = home, session, at

    def above_panes(self) -> ComposeResult:
        yield self.lanes

    def panes(self) -> ComposeResult:
        yield (pane := TimelinePane(self.home, self.session_id))
        yield MomentPane(pane.timeline)

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
        elif self._start_at is None and self._at_start and message.key is not None:
            # Begin at the first entry, not at its date.
            self._at_start = False
            if message.key.what == DAY:
                message.table.action_down()
                return
        elif self._start_at is not None:
            self._at_start = False
            start, self._start_at = self._start_at, None
            start = self.query_exactly_one(TimelinePane).timeline.entry_key(start)
            if start != message.key and message.table.move_to(start):
                return
        timeline = self.query_exactly_one(TimelinePane).timeline
        self.lanes.set_cursor(timeline.time_of(message.key))
        pane = self.query_exactly_one(MomentPane)
        if message.key != pane.at:
            pane.at, pane.raw = message.key, False
            self.load_pane(pane)

    # ── lanes ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def lane_columns(self) -> int:
        """The width of the lanes; 0 if they are not shown."""
        return max(1, self.size.width - MARGIN - NAME_COLUMNS) if self.lanes.display else 0

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._fit_lanes()

    def _fit_lanes(self) -> None:
        """Show or hide the lanes, as the person chose or as there is room."""
        shown, columns, rows = self.dashboard.shows_lanes, *self.size
        if shown is None:
            shown = columns >= LANES_SIZE[0] and rows >= LANES_SIZE[1]
        self.lanes.display = shown
        if shown and self.lane_columns != self.lanes.picture.columns:
            self.load_now()

    def action_lanes(self) -> None:
        self.dashboard.shows_lanes = not self.lanes.display
        self._fit_lanes()

    @on(Lanes.TimePicked)
    def _time_picked(self, message: Lanes.TimePicked) -> None:
        pane = self.query_exactly_one(TimelinePane)
        key = pane.timeline.key_at(message.moment)
        if key is not None:
            pane.table.move_to(key)

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        """Go to the place that the row is about: the session of a sub-agent, the tasks of a plan,
        everything about a file. Other rows are shown in full."""
        pane, key = self.query_exactly_one(TimelinePane), message.key
        child = pane.timeline.children.get(key)
        row = pane.table.row
        if key.what == DAY:
            return
        if child and child != self.session_id:
            self.app.push_screen(SessionScreen(self.home, child))
        elif key.what == TimelineKind.PLAN and pane.session is not None:
            self.dashboard.open_session_tasks(
                Place(pane.session.project, pane.session.cwd), self.session_id
            )
        elif key.what == TimelineKind.FILE and row is not None:
            self.dashboard.open_search(f'kind:file "{row.text.partition(" ")[2]}"')
        else:
            self.focus_pane(self.query_exactly_one(MomentPane))

    def action_raw(self) -> None:
        if self.replays:
            self._set_replay(on=False)
        pane = self.query_exactly_one(MomentPane)
        at = self.query_exactly_one(Table).key
        # For the entry under the cursor, also if its message has not arrived yet.
        pane.raw = not pane.raw if at == pane.at else True
        pane.at = at
        self.load_pane(pane)
        if self.has_class("-narrow"):
            self.focus_pane(pane)

    # ── the replay ────────────────────────────────────────────────────────────────────────────────

    @property
    def replays(self) -> bool:
        panes = self.query(MomentPane)
        return bool(panes) and panes.first().replays

    def _set_replay(self, *, on: bool) -> None:
        pane = self.query_exactly_one(MomentPane)
        pane.replays, pane.raw = on, False
        pane.border_title = "Replay" if on else pane.TITLE
        self.footer_first = ("replay", "replay_back", "play") if on else ()
        self._stop_playing()
        self.load_pane(pane)
        self.refresh_bindings()

    def _step(self, by: int) -> bool:
        """Move to the next entry in this direction; whether there is one."""
        pane = self.query_exactly_one(TimelinePane)
        key = pane.timeline.next_entry(pane.table.key, by)
        return key is not None and pane.table.move_to(key)

    def _replay(self, by: int) -> None:
        """The first key shows the entry under the cursor, each further one the next."""
        if not self.replays:
            key = self.query_exactly_one(Table).key
            if key is not None and key.what == DAY:
                self._step(1)
            self._set_replay(on=True)
            if self.has_class("-narrow"):
                self.focus_pane(self.query_exactly_one(MomentPane))
        else:
            self._stop_playing()
            self._step(by)

    def action_replay(self) -> None:
        self._replay(1)

    def action_replay_back(self) -> None:
        self._replay(-1)

    def action_play(self) -> None:
        if self._playing is not None:
            self._stop_playing()
        elif self._step(1):
            self._playing = self.set_interval(PLAY_SECONDS, self._play_on)
        else:
            self.notify("This is the last entry. < goes back.", markup=False)

    def _play_on(self) -> None:
        if not self._step(1):
            self._stop_playing()

    def _stop_playing(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    def action_back(self) -> None:
        if self.replays:
            self._set_replay(on=False)
        else:
            super().action_back()

    # ── batches, journal, resuming ────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("retry", "reset", "export"):
            panes = self.query(TimelinePane)
            if not panes or panes.first().session is None:
                return False
            return action != "retry" or bool(panes.first().failed_batches)
        if action == "play":
            return self.replays and not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        if action == "retry":
            return "no batch of this session has failed."
        return super().why_not(action)

    def action_retry(self) -> None:
        """Retry the failed batches of this session."""
        ids = self.query_exactly_one(TimelinePane).failed_batches
        self.run_command(lambda: self.run_batch_action(Verb.RETRY, ids))

    def action_reset(self) -> None:
        selection = Selection(session=self.session_id)
        self.run_command(lambda: self.read_from_start(ReadAgain(selection=selection)))

    def action_export(self) -> None:
        self.run_command(self._export)

    async def _export(self) -> None:
        session, rules = self.session_id, self.rules
        journal = await self.dashboard.queries.ask(
            lambda reader: build.session_journal(reader, session, rules)
        )
        await self.export_journals([journal])

    def action_resume_here(self) -> None:
        pane = self.query_exactly_one(TimelinePane)
        if pane.session is not None:
            resume_here(self.app, pane.session)

    def action_resume(self) -> None:
        pane = self.query_exactly_one(TimelinePane)
        if pane.session is not None:
            pane.copy_text(resume_command(pane.session))
