"""One session: its timeline, and beside it the full text of the entry under the cursor."""

from datetime import UTC
from functools import partial
from typing import Any, ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.actions import ReadAgain
from ingest.batches.action import Selection, Verb
from ingest.db.query_reader import QueryReader
from ingest.projects.git.alignment import AlignmentState, alignments
from ingest.projects.git.anchor import anchor_of
from ingest.projects.git.read_repository import Git
from ingest.projects.journal import build
from ingest.sessions.scope import Scope
from ingest.sessions.session import Session, label, list_sessions
from ingest.sessions.timeline import (
    Moment,
    TimelineKind,
    TimelinePosition,
    Tools,
    load_moments,
    load_reason,
    raw_line,
)
from ingest.text.numbers import pluralize, tokens
from tui import content
from tui.commands import bind
from tui.json_text import json_text
from tui.query_runner import Query
from tui.resume_here import resume_here
from tui.scope import Place
from tui.screens.batch_actions import BatchActions
from tui.screens.board_card import ALIGNMENT_TONES, resume_command
from tui.screens.journal_export import JournalExport
from tui.screens.session_timeline import DAY, Timeline
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table
from tui.widgets.text_view import TextView
from tui.widgets.tree_pane import TreePane

_HIDDEN_ALIGNMENTS: Final = (AlignmentState.NO_REPO, AlignmentState.UNKNOWN)


def alignment(session: Session, git: Git) -> AlignmentState:
    """Whether the checkout still matches the commit where the session started. Runs git."""
    return alignments([anchor_of(session)], git)[session.id].state


class SessionResult(Struct, frozen=True):
    list_result: ListResult
    session: Session | None
    reason: TimelinePosition | None
    failed_batches: list[str]


class TimelinePane(TreePane):
    TITLE = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = bind("tools", "raw", "fold-all")

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

        def query(reader: QueryReader) -> SessionResult:
            sessions = list_sessions(reader, Scope(session=timeline.session), now)
            in_home = (session for session in sessions if session.home_id == timeline.home)
            reason = load_reason(reader, timeline.home, timeline.session) if finds_reason else None
            failed = reader.rows("pipeline.failed_of_session", session=timeline.session)
            ids = [row["id"] for row in failed]
            return SessionResult(table_query(reader), next(in_home, None), reason, ids)

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
            result = result.list_result
        super().show_result(result)

    def _show_heading(self, session: Session) -> None:
        self.set_heading(
            content.row(
                content.state(session.state_text),
                content.line(f"✗ {pluralize(failed, 'failed batch')}: r retries", "red")
                if (failed := len(self.failed_batches)) else None,
                content.line(label(session), "title"),
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

    def action_raw(self) -> None:
        screen = self.screen
        if isinstance(screen, SessionScreen):
            screen.show_raw()


class MomentPane(Pane):
    """The full text of a timeline entry, or the line of Codex's file that it was read from."""

    TITLE = "Entry"
    BINDINGS: ClassVar[list[BindingType]] = bind("raw")

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self.timeline = timeline
        self.at: TimelinePosition | None = None
        self.raw = False
        self.text = ""

    def compose(self) -> ComposeResult:
        yield TextView()

    def build_query(self) -> Query[tuple[list[Moment], str | None]] | None:
        at, timeline, raw = self.at, self.timeline, self.raw
        if at is None:
            return None
        if at.what == DAY:
            return lambda _: ([], "")
        key = at

        def query(reader: QueryReader) -> tuple[list[Moment], str | None]:
            items = timeline.items_of(key)
            found = load_moments(reader, timeline.home, timeline.session, items)
            moments = [found[item] for item in items if item in found]
            if not raw:
                return moments, None
            return moments, raw_line(reader, items[0], moments[0].length if moments else None)

        return query

    def show_result(self, result: tuple[list[Moment], str | None]) -> None:
        moments, line = result
        if line is not None:
            where, _, text = line.partition("\n\n")
            shown = content.lines(content.block(where, "dim"), "", json_text(text))
            self._show_text(shown if line else Content(""))
        elif not moments:
            self._show_text(content.line("This entry no longer exists.", "dim"))
        else:
            self._show_text(content.lines(*(_moment_text(moment) for moment in moments)))
        self.text = line if line is not None else "\n\n".join(each.body for each in moments)

    def _show_text(self, text: Content) -> None:
        self.query_exactly_one(TextView).set_text(text, scroll_to_top=True)

    def text_to_copy(self) -> str:
        return self.text

    def action_raw(self) -> None:
        screen = self.screen
        if isinstance(screen, SessionScreen):
            screen.show_raw()


def _moment_text(moment: Moment) -> Content:
    time = moment.time.replace(tzinfo=UTC).astimezone() if moment.time else None
    return content.lines(
        content.row(
            content.line(moment.name or "output", "title"),
            content.state(moment.state) if moment.state else None,
            content.line(f"{time:%Y-%m-%d %H:%M:%S}" if time else "", "dim"),
            content.line(f"byte {moment.at.byte:,}", "dim"),
        ),
        "",
        content.block(moment.body.rstrip()),
        "",
    )


class SessionScreen(BatchActions, JournalExport):
    TAB = "board"
    BINDINGS: ClassVar[list[BindingType]] = bind(
        "resume", "resume-here", "retry", "reset", "export"
    )
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
        self._newest, self._at_start = newest, True
        self.finds_reason = at_reason
        self.home, self.session_id, self._start_at = home, session, at

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
        pane = self.query_exactly_one(MomentPane)
        if message.key != pane.at:
            pane.at, pane.raw = message.key, False
            self.load_pane(pane)

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

    def show_raw(self) -> None:
        pane = self.query_exactly_one(MomentPane)
        at = self.query_exactly_one(Table).key
        # For the entry under the cursor, also if its message has not arrived yet.
        pane.raw = not pane.raw if at == pane.at else True
        pane.at = at
        self.load_pane(pane)
        if self.has_class("-narrow"):
            self.focus_pane(pane)

    # ── batches, journal, resuming ────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("retry", "reset", "export"):
            panes = self.query(TimelinePane)
            if not panes or panes.first().session is None:
                return False
            return action != "retry" or bool(panes.first().failed_batches)
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
