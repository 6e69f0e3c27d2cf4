"""The board: the tree of all sessions, and a card with what is needed to continue the session under
the cursor.
"""

import asyncio
import time
from functools import partial
from typing import ClassVar, Final

from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.projects.resume.model import Resume
from ingest.sessions.session import label
from ingest.text.welcome import HINTS
from tui import content
from tui.base_screen import BaseScreen
from tui.commands import bind
from tui.query_runner import Query, QueryResult
from tui.reading_progress import ReadingProgress
from tui.resume_here import resume_here
from tui.scope import Place
from tui.screens.board_card import (
    Card,
    load_card,
    load_resume,
    render_card,
    resume_command,
    state_lines,
    what_time_changes,
)
from tui.screens.board_tree import BoardTree
from tui.screens.needs_pane import NeedsPane
from tui.summary import Summary, summarize, summary
from tui.widgets.listing import Key
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table
from tui.widgets.text_view import TextView
from tui.widgets.tree_pane import TreePane, TreeTable

_HINT_INDENT: Final = 11
MORE_AFTER: Final = 0.15
"""Seconds on a session after which the slow part of its card is loaded."""
MORE_GROUP: Final = "more"
MORE_INTERVAL: Final = 10.0
"""Seconds between two loads of the slow part."""


class SessionsPane(TreePane):
    TITLE = "Sessions"
    BINDINGS: ClassVar[list[BindingType]] = bind("view", "fold-all")
    REMEMBERS_FILTER = False

    def __init__(self) -> None:
        self.board = BoardTree()
        super().__init__(TreeTable(self.board, marks=False), prefs_name="board")
        self._shown_note: Content | None = None

    def build_query(self) -> Query[ListResult]:
        self.board.homes = self.dashboard.settings.codex_homes
        self.board.set_now(self.dashboard.now, self.dashboard.scope)
        return super().build_query()

    def show_result(self, result: ListResult) -> None:
        first = not self.table.length
        # A session that waits for the person is shown at once, even if rows move.
        new = self.board.waiting_sessions.keys() - set(self.table.all_keys())
        self.table.set_result(result, at_once=any(key in new for key in result.keys))
        self.update_status_line()
        if self.board.is_partial:
            self.table.expect_other_rows()
        if first and self.table.length > 1:
            # Start at the first session; row 0 is its project.
            self.table.cursor = 1

    def tick(self) -> None:
        super().tick()
        if self.status_note() != self._shown_note:
            self.update_status_line()

    def count_text(self) -> str:
        return self.board.count_text

    def action_view(self) -> None:
        """Show all sessions in one list, or the tree of projects."""
        view = self.table.view
        self.table.set_view(replace(view, flat=not view.flat))

    def action_fold_all(self) -> None:
        view = self.table.view
        self.table.set_view(replace(view, folded=view.folded ^ self.board.toggled_heads()))

    def status_note(self) -> Content | None:
        """What needs the person and is not on screen."""
        summary = self.dashboard.summary
        if self.table.view.filter and summary is not None:
            shown = set(self.table.all_keys())
            hidden = sum(1 for need in summary.needs if need.key not in shown)
            if hidden:
                verb = "needs" if hidden == 1 else "need"
                return content.line(f"{hidden} hidden {verb} you", "yellow")
        waiting = [
            session
            for key, session in self.board.waiting_sessions.items()
            if not self.table.shows_row(key)
        ]
        if not waiting:
            return None
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        return content.row(
            content.glyph(SessionState.WAITING),
            content.line(f"waits for you: {label(waiting[0])}{more}", "yellow"),
            gap=" ",
        )

    def update_status_line(self) -> None:
        self._shown_note = self.status_note()
        super().update_status_line()

    def empty_text(self) -> Content:
        homes = ", ".join(map(str, self.dashboard.settings.codex_homes))
        return content.lines(
            content.line("No sessions yet.", "bold"),
            "",
            *(
                [content.line(f"✗ {problem}", "red") for problem in self.board.problems]
                or [
                    content.block(f"Start Codex in a project. It writes to {homes},"),
                    content.line("and its sessions appear here at once."),
                ]
            ),
            content.row("Another home?", content.line("tailboard --codex-home PATH", "cyan")),
            "",
            content.line("Good to know", "bold"),
            *(
                content.line(label, "title")
                + Content(" " * (_HINT_INDENT - len(label)))
                + content.line(text)
                for label, text in HINTS
            ),
        )

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        row = self.table.row
        if row is not None and row.parent is None and row.collapsed is not None:
            message.stop()
            self.toggle(row.key)


class CardPane(Pane):
    TITLE = "Session"
    BINDINGS: ClassVar[list[BindingType]] = bind("resume")

    def __init__(self, board: BoardTree) -> None:
        super().__init__()
        self.board = board
        self.key: Key | None = None
        self.card: Card | None = None
        self.more: Resume | None = None
        self._more_loaded_at = 0.0

    def compose(self) -> ComposeResult:
        yield TextView()

    def build_query(self) -> Query[Card | None] | None:
        if self.key is None:
            return None
        board, key, now = self.board, self.key, self.dashboard.now

        def query(reader: QueryReader) -> Card | None:
            session = board.sessions.get(key)
            return load_card(reader, session, now) if session is not None else None

        return query

    def show_result(self, result: Card | None) -> None:
        before, self.card = self.card, result
        if before is None or result is None:
            self.screen.refresh_bindings()
        same = before is not None and result is not None and before.session.id == result.session.id
        if not same:
            self.more, self._more_loaded_at = None, 0.0
        self._draw(scroll_to_top=not same)
        if result is not None and result != before:
            # Not more often than the interval, but also once after the last change.
            wait = max(MORE_AFTER, self._more_loaded_at + MORE_INTERVAL - time.monotonic())
            self.start_worker(
                partial(self._load_more, result.session.id, wait),
                group=MORE_GROUP,
                exclusive=True,
            )

    def tick(self) -> None:
        if self.card is None:
            return
        updated = replace(self.card, now=self.dashboard.now)
        if what_time_changes(updated) != what_time_changes(self.card):
            self.card = updated
            self._draw(scroll_to_top=False)

    def _draw(self, *, scroll_to_top: bool) -> None:
        text = content.line("This session no longer exists.", "dim")
        if self.card is not None:
            text = render_card(self.card, self.more)
        self.query_exactly_one(TextView).set_text(text, scroll_to_top=scroll_to_top)

    async def _load_more(self, session: str, wait: float) -> None:
        # Waits until the cursor stays: this runs git.
        await asyncio.sleep(wait)
        self._more_loaded_at = time.monotonic()
        now, git = self.dashboard.now, self.dashboard.git
        answer = await self.dashboard.queries.answer(
            lambda reader: load_resume(reader, session, now, git), slow=True
        )
        more = answer.value if isinstance(answer, QueryResult) else None
        if self.card is not None and self.card.session.id == session:
            self.more = more
            self._draw(scroll_to_top=False)

    def show_text(self, text: Content) -> None:
        """Show a text instead of a card."""
        self.key = self.card = self.more = None
        self.query_exactly_one(TextView).set_text(text, scroll_to_top=True)
        self.screen.refresh_bindings()

    def text_to_copy(self) -> str:
        return render_card(self.card, self.more).plain if self.card else ""

    def id_to_copy(self) -> str:
        return self.card.session.id if self.card else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume":
            return self.card is not None
        return super().check_action(action, parameters)

    def action_resume(self) -> None:
        if self.card is not None:
            self.copy_text(resume_command(self.card.session))


class BoardScreen(BaseScreen):
    TAB = "board"
    AUTO_FOCUS = "SessionsPane Table"
    BINDINGS: ClassVar[list[BindingType]] = bind("resume", "resume-here")

    def __init__(self) -> None:
        super().__init__()
        self._progress, self._needs = ReadingProgress(), NeedsPane()
        self._goes_to_needs = False
        """Whether the strip gets the focus when it is loaded."""
        self._details_of: Table | None = None
        """The list that had the focus last: the card shows its row. None for the tree."""

    def above_panes(self) -> ComposeResult:
        yield self._progress
        yield self._needs

    def panes(self) -> ComposeResult:
        yield (sessions := SessionsPane())
        yield CardPane(sessions.board)

    def build_summary_query(self) -> Query[Summary]:
        board = self.query_exactly_one(SessionsPane).board
        now, errors = board.now or self.dashboard.now, self.dashboard.last_errors

        def query(reader: QueryReader) -> Summary:
            # The tree has just been loaded from the same snapshot, so the sessions are known.
            sessions = board.recent_sessions(now)
            if sessions is None:
                return summary(reader, now, errors)
            return summarize(reader, sessions, now, errors)

        return query

    # ── what needs the person ─────────────────────────────────────────────────────────────────────

    def _focusable_panes(self) -> list[Pane]:
        panes = super()._focusable_panes()
        return [*panes, self._needs] if self._needs.display else panes

    def show_summary(self, summary: Summary) -> None:
        if self.query_exactly_one(SessionsPane).board.is_partial:
            self.data_changed()
        self._needs.show_needs(summary.needs)
        self._progress.show_state(summary.size, summary.behind, time.monotonic())
        if self._goes_to_needs:
            self.next_need()

    def tick(self) -> None:
        super().tick()
        self._needs.tick()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._needs.screen_resized()

    def next_need(self) -> None:
        """Give the strip the focus, or go to its next row, from the last one to the first."""
        table = self._needs.table
        self._goes_to_needs = self.summary is None
        if self._goes_to_needs:
            return  # They are not loaded yet.
        if not self._needs.needs:
            self.notify("Nothing needs you.", markup=False)
        elif table.has_focus:
            table.cursor = (table.cursor + 1) % table.length
        else:
            self.focus_pane(self._needs)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        super().on_descendant_focus(event)
        table = event.widget
        if isinstance(table, Table) and table is not self._details_of:
            self._details_of = table
            if table.loaded:
                self._show_details(table.key)

    @on(Table.CursorMoved)
    def _cursor_moved(self, message: Table.CursorMoved) -> None:
        shown = self._details_of or self.query_exactly_one(SessionsPane).table
        if message.table is shown:
            self._show_details(message.key)

    def _show_details(self, key: Key | None) -> None:
        pane = self.query_exactly_one(CardPane)
        # The line below a running session has a longer key, which begins with that of the session.
        key = key and key[:2]
        if key is None:
            pane.show_text(Content(""))
        elif key[0] == "project":
            self.dashboard.place = Place(key[1])
            pane.show_text(
                content.lines(content.line(key[1], "title"), "", "Enter opens and closes it.")
            )
        else:
            session = pane.board.sessions.get(key)
            if session is not None:
                self.dashboard.place = Place(session.project, session.cwd)
            if key != pane.key:
                pane.key = key
                # It would delay the next keys, for a session that is not selected any more.
                self.workers.cancel_group(pane, MORE_GROUP)
                self.load_pane(pane)

    @on(Table.RowOpened)
    def _row_opened(self, message: Table.RowOpened) -> None:
        from tui.screens.session import SessionScreen

        home, session, *now = message.key
        self.app.push_screen(SessionScreen(home, session, at_reason=bool(now)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("resume", "resume_here"):
            cards = self.query(CardPane)
            return bool(cards) and cards.first().card is not None
        return super().check_action(action, parameters)

    def action_resume(self) -> None:
        self.query_exactly_one(CardPane).action_resume()

    def action_resume_here(self) -> None:
        card = self.query_exactly_one(CardPane).card
        if card is not None:
            resume_here(self.app, card.session)

    def explained(self) -> Query[list[Content]] | None:
        """Why the session under the cursor has its state."""
        card = self.query_exactly_one(CardPane).card
        return None if card is None else lambda _: state_lines(card.session)
