"""The Textual application: its modes (one for each of the six screens) and what they share.

It holds the query runner, the clock, the summary for the header and the state saved between runs.
Events of the supervisor arrive from its thread as messages. It is over 400 lines because Textual
finds actions and message handlers only as methods of this class.
"""

import asyncio
import contextlib
import os
import signal
import threading
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final

from msgspec import Struct
from rich.console import RenderableType
from rich.text import Text
from textual import on
from textual.app import App
from textual.binding import BindingType
from textual.events import Event, InputEvent, Resize
from textual.filter import Monochrome
from textual.geometry import Size
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.worker import WorkType

from ingest.errors import TailboardError
from ingest.live.home import watch_homes
from ingest.projects.git.read_repository import Git
from ingest.sessions.nudges import Nudges, are_off, is_quiet, terminal_sequence, turn
from ingest.sessions.scope import Now, now_for
from ingest.settings import Settings
from ingest.team.membership import Membership, TeamFile
from ingest.text.times import Clock, utc_now
from tui import content, unexpected_errors
from tui.actions import carry_out, possible
from tui.base_screen import BaseScreen
from tui.colourless import Colourless
from tui.commands import SCREENS, bind, remapped_keys
from tui.idle_gc import IdleCollector
from tui.needs import LastErrors
from tui.output_sanitizer import OutputSanitizer
from tui.query_runner import QueryFailure, QueryResult, QueryRunner
from tui.retry_outcomes import Outcome, RetryOutcomes
from tui.scope import EVERYTHING, TEAM, TEAM_MODES, Place, ScopeKind, ScreenScope, next_scope
from tui.screens import MODES
from tui.screens.database_error import DatabaseErrorScreen
from tui.screens.help import HelpScreen
from tui.summary import Summary
from tui.supervisor import (
    DataChanged,
    OwnerConnected,
    OwnerDisconnected,
    OwnerEvent,
    OwnerMessage,
    Supervisor,
    SupervisorProblem,
)
from tui.themes import DEFAULT, HIGH_CONTRAST, THEMES
from tui.typeahead import COMMAND_GROUP, TypeAhead
from tui.ui_state import load_ui_state, save_ui_state
from tui.unexpected_errors import UnexpectedErrors, UnexpectedErrorScreen, cause_of
from tui.widgets.header import Chip, chips
from tui.window_size import is_too_small, layout_size, too_small_message

TICK: Final = 1.0
URGENT_SECONDS: Final = 3.0
"""Seconds in which the lines are expected that belong to a change reported by Codex's daemon."""
REFRESH_SECONDS: Final = 30
"""Without a commit, data is loaded again after this time: session states depend on the clock."""
MAX_REFRESH_SECONDS: Final = 600
LIVE_REFRESH_SECONDS: Final = 5
"""The same while a session runs: whether it counts as stalled changes by the second."""
_LOAD_SHARE: Final = 300
"""Loading without a commit may take one part in this many of the time."""


def refresh_interval(summary: Summary | None, now: datetime, load_seconds: float) -> float:
    """Seconds after which data is loaded again without a commit. The longer nothing has happened,
    the rarer: ages on screen may be a tenth off.
    """
    last = summary.last_line_at if summary is not None else None
    quiet = (now - last).total_seconds() if last is not None else 0.0
    if summary is not None and (summary.running or quiet < REFRESH_SECONDS):
        return LIVE_REFRESH_SECONDS
    wanted = max(REFRESH_SECONDS, quiet / 10, load_seconds * _LOAD_SHARE)
    return min(MAX_REFRESH_SECONDS, wanted)


class SupervisorEvent(Message):
    """An event of the supervisor, posted from its thread."""

    def __init__(self, event: OwnerEvent) -> None:
        super().__init__()
        self.event = event

    def can_replace(self, message: Message) -> bool:
        # A flood of events of one kind becomes one message. Texts for the person all count.
        if not isinstance(message, SupervisorEvent) or isinstance(self.event, OwnerMessage):
            return False
        return type(message.event) is type(self.event)


class LiveChanged(Message):
    """Codex's daemon, or the locks of its processes, report something new."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, LiveChanged)


class TerminalClosed(Message):
    """The terminal is gone."""


class Options(Struct, frozen=True):
    """Options of one run of the dashboard."""

    mouse: bool = True
    ascii: bool = False
    few_colours: bool = False
    """Whether the terminal has only 16 colours."""
    live: bool = True
    """Whether timers run; tests turn them off."""


class Dashboard(App[int]):
    MODES = MODES
    DEFAULT_MODE = "board"
    TITLE = "Tailboard"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    """`y` copies, with secrets masked; a drag with Shift selects in the terminal. The screens have
    no style for text that Textual selects."""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind(
            *SCREENS,
            "needs",
            "nudges",
            "scope",
            "command",
            "palette",
            "help",
            "why",
            "go",
            "theme",
            "suspend",
            "quit",
            shown=False,
        ),
    ]
    CSS = """
    * { scrollbar-size-vertical: 1; }
    """

    def __init__(
        self,
        settings: Settings,
        supervisor: Supervisor,
        options: Options = Options(),  # noqa: B008 - frozen
        clock: Clock = utc_now,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.supervisor = supervisor
        self.options = options
        self.clock = clock
        self.queries = QueryRunner(supervisor)
        self.git = Git(os.environ)
        """For slow queries. Caches what it has read of a repository until that changes."""
        self.exporting = False
        """Whether an export that a person started is being written."""
        self.idle_gc = IdleCollector()
        self.typeahead = TypeAhead(self)
        self.unexpected_errors = UnexpectedErrors(settings.db)
        self._terminal_size: Size | None = None
        """Screens may be laid out larger than this."""
        self._resetting = False
        """Whether a screen that failed is being replaced."""
        self._ticks = 0
        self._owner_status = "◌ opening the database…"
        """Shown in the header; empty while the owner answers."""
        self.ui_state = load_ui_state(supervisor.path)
        self.summary: Summary | None = None
        self.last_errors = LastErrors()
        self.retries = RetryOutcomes()
        self.shows_lanes: bool | None = None
        """Whether sessions show their lanes; None as long as the person has not chosen."""
        self._nudges = Nudges()
        self._urgent_until = 0.0
        """Until then data is loaded at once, whatever share of the time that takes."""
        self._stop_watching = threading.Event()
        """Ends the threads that watch."""
        self.remapped, self._key_problems = remapped_keys(settings.keys)
        """Keys of commands that the settings change."""
        self.set_keymap(self.remapped)
        self._team_file = TeamFile(settings.db)
        self.scope = TEAM if self.ui_state.team and self.team is not None else EVERYTHING
        self.place: Place | None = None
        """Where the session under the cursor works, or worked when the cursor left it."""
        self.animation_level = "none"
        self._filters.append(OutputSanitizer(ascii=options.ascii))
        if settings.color == "never" or self.no_color:
            self.no_color = True
            # Textual's own filter leaves shades of grey.
            kept = [each for each in self._filters if not isinstance(each, Monochrome)]
            self._filters = [*kept, Colourless()]
        for theme in THEMES:
            self.register_theme(theme)
        # With 16 colours, the muted ones of the default theme would all be the same grey.
        self._default_theme = HIGH_CONTRAST if options.few_colours else DEFAULT
        known = self.ui_state.theme in self.available_themes
        self.theme = self.ui_state.theme if known else self._default_theme

    # ── what screens need ─────────────────────────────────────────────────────────────────────────

    @property
    def now(self) -> Now:
        """The current time with the limits from which session states follow."""
        return now_for(self.settings, self.clock())

    @property
    def team(self) -> Membership | None:
        """The team that this installation is a member of."""
        with contextlib.suppress(TailboardError):  # The file is damaged: `tailboard team` says so.
            return self._team_file.read()
        return None

    @property
    def shared_batches(self) -> dict[str, str]:
        """The projects that are shared with the team, by the id of the batch that sends each."""
        team = self.team
        return {each.batch_id: each.label for each in team.projects} if team is not None else {}

    def chips(self, note: str | None, *, scope: bool) -> list[Chip]:
        """The parts of the header; `note` replaces the status of the owner."""
        now = self.clock()
        clock = now.replace(tzinfo=UTC).astimezone().strftime("%H:%M") if self.options.live else ""
        status = note or self._owner_status
        shown = content.line(status, "yellow") if status else None
        home = next(iter(self.settings.codex_homes), None)
        where = self.scope.label if scope else ""
        return chips(self.summary or Summary(), _tilde(str(home or "")), shown, now, clock, where)

    def set_summary(self, summary: Summary) -> None:
        """Take the numbers for the header, and ring the terminal for what is new in them."""
        self.summary = summary
        now = self.clock()
        found = self._nudges.new(summary.events, now)
        if not found or self._driver is None or are_off(self.settings.db):
            return
        local = now.replace(tzinfo=UTC).astimezone().time()
        if not is_quiet(self.settings.notify_quiet_hours, local):
            for nudge in found:
                self._driver.write(terminal_sequence(nudge.text, os.environ))

    # ── start, end and events ─────────────────────────────────────────────────────────────────────

    def on_mount(self) -> None:
        if self.ui_state.screen in SCREENS:
            self.go_to(self.ui_state.screen)
        for problem in self._key_problems:
            self.notify(content.line(problem).plain, severity="warning", markup=False)
        self.supervisor.listen(self._post_supervisor_event)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._task_failed)
        for number in ("SIGTERM", "SIGHUP"):
            # Not on every system, and only on the main thread.
            with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(getattr(signal, number), self.exit, 0)
        if self.options.live:
            self.set_interval(TICK, self._tick)
            watch_homes(
                self.settings.codex_homes,
                self._stop_watching,
                self._post_live_changed,
                ask=self.settings.codex_daemon,
            )

    def on_ready(self) -> None:
        if self.options.live:
            self.idle_gc.start()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self.idle_gc.input_received()
        if not self.typeahead.intercept(event):
            await super().on_event(event)

    def post_display_hook(self) -> None:
        if not self._batch_count:  # During a batch update nothing was drawn.
            self.typeahead.screen_drawn(self.screen)

    def on_unmount(self) -> None:
        self._stop_watching.set()
        if self.current_mode in SCREENS:
            self.ui_state.screen = self.current_mode
        self.ui_state.team = self.scope is TEAM
        self.ui_state.theme = "" if self.theme == self._default_theme else self.theme
        save_ui_state(self.supervisor.path, self.ui_state)
        self.supervisor.close()
        self.queries.close()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a message, never as markup. It replaces an earlier one with the same text."""
        for shown in list(self._notifications):
            if (shown.message, shown.title) == (message, title):
                self._unnotify(shown, refresh=False)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def _post_supervisor_event(self, event: OwnerEvent) -> None:
        """Called on the thread of the supervisor."""
        self.post_message(SupervisorEvent(event))

    @on(SupervisorEvent)
    def _supervisor_event(self, message: SupervisorEvent) -> None:
        match message.event:
            case DataChanged():
                self._data_changed()
            case OwnerConnected():
                self._set_owner_status("")
                if isinstance(self.screen, DatabaseErrorScreen):
                    self.screen.dismiss()
                # The first load has been waiting for the owner, and needs no second one.
                if self.summary is not None:
                    self._data_changed()
            case OwnerDisconnected():
                self._set_owner_status("◌ database process ended, restarting…")
            case OwnerMessage(text):
                self.notify(content.block(text).plain, markup=False)
            case SupervisorProblem() as problem:
                if isinstance(self.screen, DatabaseErrorScreen):
                    self.screen.set_problem(problem)
                else:
                    self.push_screen(DatabaseErrorScreen(problem))

    def _post_live_changed(self) -> None:
        """Called on the threads that watch."""
        self.post_message(LiveChanged())

    @on(LiveChanged)
    def _live_changed(self) -> None:
        self._urgent_until = time.monotonic() + URGENT_SECONDS
        if isinstance(self.screen, BaseScreen):
            self.screen.data_changed(at_once=True)

    def _data_changed(self) -> None:
        if self.retries.waiting:
            self.run_worker(self._report_retries(), group="retries", exclusive=True)
        if isinstance(self.screen, BaseScreen):
            self.screen.data_changed(at_once=time.monotonic() < self._urgent_until)

    async def _report_retries(self) -> None:
        """Show what came of the batches that the person retried."""
        match await self.queries.answer(self.retries.query()):
            case QueryResult(Outcome() as outcome):
                self.retries.take(outcome)
                if outcome.text:
                    severity: SeverityLevel = "warning" if outcome.failed else "information"
                    text = content.block(outcome.text).plain
                    self.notify(text, severity=severity, markup=False, timeout=12)

    def _set_owner_status(self, status: str) -> None:
        self._owner_status = status
        if isinstance(self.screen, BaseScreen):
            self.screen.update_header()

    def terminal_closed(self) -> None:
        """May be called on any thread."""
        self.post_message(TerminalClosed())

    @on(TerminalClosed)
    def _terminal_closed(self) -> None:
        self.exit(0)

    def _tick(self) -> None:
        self.idle_gc.tick()
        self._ticks += 1
        load_seconds = 0.0
        if isinstance(self.screen, BaseScreen) and self.screen.is_mounted:
            self.screen.tick()
            load_seconds = self.screen.load_seconds
        if self._ticks >= refresh_interval(self.summary, self.clock(), load_seconds):
            self._ticks = 0
            self._data_changed()

    # ── the size of the terminal ──────────────────────────────────────────────────────────────────

    @property
    def size(self) -> Size:
        return layout_size(super().size)

    async def _on_resize(self, event: Resize) -> None:
        event.prevent_default()  # Else Textual also calls its own handler.
        event.stop()
        before, self._terminal_size = self._terminal_size or event.size, event.size
        await super()._on_resize(Resize(layout_size(event.size), layout_size(event.size)))
        if is_too_small(before) or is_too_small(event.size):
            self.refresh(layout=True)  # The layout size may be the same as before.

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        size = self._terminal_size or super().size
        if renderable is not None and is_too_small(size):
            renderable = too_small_message(size)
        super()._display(screen, renderable)

    # ── the six screens ───────────────────────────────────────────────────────────────────────────

    def _load_screen_css(self, screen: Screen[Any]) -> None:
        super()._load_screen_css(screen)
        if not screen.is_mounted:
            # A new screen gets the current styles as it is mounted. Textual would first parse all
            # style sheets again, and twice.
            screen._css_update_count = self._css_update_count

    def go_to(self, mode: str) -> None:
        before = self.current_mode
        self.switch_mode(mode)
        if before == unexpected_errors.MODE != mode:
            self.remove_mode(before)

    def action_board(self) -> None:
        self.go_to("board")

    def action_tasks(self) -> None:
        self.go_to("tasks")

    def action_pipeline(self) -> None:
        self.go_to("pipeline")

    def action_journal(self) -> None:
        self.go_to("journal")

    def action_search(self, words: str = "") -> None:
        if words:
            self.open_search(words)
        else:
            self.go_to("search")

    def action_insights(self) -> None:
        self.go_to("insights")

    async def action_needs(self) -> None:
        """Go to the next session that needs the person, on the board."""
        from tui.screens.board import BoardScreen

        self.leave_team()
        self.go_to("board")
        while len(self.screen_stack) > 1 and not isinstance(self.screen, BoardScreen):
            await self.pop_screen()
        if isinstance(self.screen, BoardScreen):
            self.screen.next_need()

    def action_go(self, name: str = "") -> None:
        """Open the session, project or task with this name."""
        if name:
            self._open_named(name, "session, project or task", ("session", "project", "task"))
        else:
            self.action_palette()

    def _open_named(self, name: str, what: str, kinds: tuple[str, ...]) -> None:
        from tui.screens.arguments import Arguments, named

        async def find_and_open() -> None:
            known = Arguments([])
            await known.load(self)
            found = next(iter(named(known.names, name, kinds)), None)
            if found is not None:
                found.open(self)
            else:
                text = content.line(f"There is no {what} “{name}”.").plain
                self.notify(text, severity="warning", markup=False)

        work: WorkType[None] = find_and_open
        self.run_worker(work, group=COMMAND_GROUP)

    def action_scope(self, project: str = "") -> None:
        """Show everything, the project of the session under the cursor, its worktree, or what the
        team shares; or this project."""
        if project:
            self._open_named(project, "project", ("project",))
            return
        team = self.current_mode in TEAM_MODES and self.team is not None
        before = self.scope if team or self.scope is not TEAM else EVERYTHING
        place = self.place
        if isinstance(self.screen, BaseScreen) and not self.screen.FOLLOWS_SCOPE:
            if not team:
                self.notify("This screen always shows everything.", markup=False)
                return
            before, place = EVERYTHING, None
        self.scope = next_scope(before, place, team=team)
        if self.scope == before:
            self.notify("Go to a session first: its project is shown then.", markup=False)
        else:
            self._scope_changed()

    def leave_team(self) -> None:
        """Show what is on this machine again."""
        if self.scope is TEAM:
            self.scope = EVERYTHING
            self._scope_changed()

    def show_scope(self) -> bool:
        """Put the screen with what the team shares over the main screen, or take it away, as the
        scope says. Returns whether another screen is shown from now on.
        """
        if isinstance(self.screen, BaseScreen) and self.screen.SHOWS_TEAM:
            if self.scope is TEAM:
                return False
            self.screen.dismiss()
            return True
        if self.scope is not TEAM or len(self.screen_stack) > 1:
            return False
        if self.current_mode not in TEAM_MODES:
            return False
        from tui.screens.team import TEAM_SCREENS

        self.push_screen(TEAM_SCREENS[self.current_mode]())
        return True

    def _scope_changed(self) -> None:
        if isinstance(self.screen, BaseScreen) and not self.show_scope():
            self.screen.scope_changed()
            self.screen.update_header()

    def open_session(self, home: str, session: str) -> None:
        from tui.screens.session import SessionScreen

        self.go_to("board")
        self.push_screen(SessionScreen(home, session))

    def show_project(self, place: Place) -> None:
        """Limit the screens to this project."""
        self.scope = ScreenScope(ScopeKind.PROJECT, place)
        self._scope_changed()

    def open_session_tasks(self, place: Place, session: str) -> None:
        from tui.screens.tasks import TasksScreen

        self.leave_team()
        self.place = place
        self.go_to("tasks")
        if isinstance(self.screen, TasksScreen):
            self.screen.show_session(place.project, session)

    def open_search(self, words: str) -> None:
        from tui.screens.search import SearchScreen

        self.leave_team()
        self.go_to("search")
        if isinstance(self.screen, SearchScreen):
            self.screen.search_for(words)

    def open_task(self, place: Place, task: str) -> None:
        from tui.screens.tasks import TasksScreen

        self.leave_team()
        self.go_to("tasks")
        if isinstance(self.screen, TasksScreen):
            self.screen.show_task(place.project, task)

    # ── commands of every screen ──────────────────────────────────────────────────────────────────

    def action_nudges(self) -> None:
        """Turn nudges on or off, for every process that uses this database."""
        off = not are_off(self.settings.db)
        turn(self.settings.db, on=not off)
        state = "off" if off else "on: when a session begins to wait or fails"
        self.notify(f"Bell and notifications are {state}.", markup=False)

    def action_help(self) -> None:
        self.push_screen(HelpScreen(list(possible(self.screen))))

    def action_why(self) -> None:
        from tui.screens.why import details

        screen = self.screen
        here = screen.explained() if isinstance(screen, BaseScreen) else None
        self.push_screen(details(self.now, here))

    def action_palette(self) -> None:
        from tui.screens.palette import command_palette

        self.push_screen(command_palette())

    def action_command(self) -> None:
        from tui.screens.command_line import CommandLine

        screen = self.screen

        async def run(line: str | None) -> None:
            refused = await carry_out(screen, line) if line else None
            if refused:
                self.notify(refused, severity="warning", markup=False)

        self.push_screen(CommandLine(list(possible(screen)), self), run)

    def action_theme(self, name: str = "") -> None:
        if not name:
            from tui.screens.palette import theme_palette

            self.push_screen(theme_palette())
        elif name in self.available_themes:
            self.theme = name
        else:
            known = ", ".join(sorted(self.available_themes))
            text = content.line(f"Unknown theme “{name}”. Available: {known}.").plain
            self.notify(text, severity="warning", markup=False)

    def action_suspend(self) -> None:
        self.action_suspend_process()

    async def action_quit(self) -> None:
        if not self.exporting:
            self.exit(0)
            return

        def confirmed(yes: bool | None) -> None:
            if yes:
                self.exit(0)

        from tui.dialogs import ConfirmDialog

        title = "An export is being written. Quit?"
        body = "Files that are already written stay complete; the others are not written."
        self.push_screen(ConfirmDialog(title, [body], yes="Quit"), confirmed)

    # ── unexpected errors ─────────────────────────────────────────────────────────────────────────

    def _handle_exception(self, error: Exception) -> None:
        """Called by Textual for uncaught errors of handlers, workers and drawing."""
        cause, mode = cause_of(error), self.current_mode
        if self._resetting:
            # A screen that is only half built fails more than once.
            self.unexpected_errors.record(cause)
            return
        failure = self.unexpected_errors.handle(cause)
        if failure is None or mode == unexpected_errors.MODE or self._exit or not self.is_running:
            super()._handle_exception(error)
        else:
            self._resetting = True
            self.call_later(self._reset_mode, mode, failure)

    def _task_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Called by asyncio for a task that nothing awaits."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    async def _dispatch_message(self, message: Message) -> None:
        # An error here would end the message loop of the app.
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001 - handled like all other errors
            self._handle_exception(error)

    async def _reset_mode(self, mode: str, failure: QueryFailure) -> None:
        """Show the error. Remove all screens of the mode, which are built again when next shown."""
        self.add_mode(unexpected_errors.MODE, lambda: UnexpectedErrorScreen(failure, mode))
        self.switch_mode(unexpected_errors.MODE)
        removed = self.remove_mode(mode)
        self.add_mode(mode, MODES[mode])
        await removed
        self._resetting = False

    def panic(self, *_: object) -> None:
        """Called by Textual when its input thread has ended. No key could quit any more."""
        super()._handle_exception(RuntimeError("The terminal can no longer be read."))

    def _fatal_error(self) -> None:
        error = cause_of(self._exception or RuntimeError())
        self._exit_renderables.append(
            Text(
                f"Tailboard ended because of an unexpected error: {type(error).__name__}. No "
                f"stored data is lost.\nThe details are in "
                f"{content.line(str(self.unexpected_errors.log)).plain}; please report them."
            )
        )
        self._close_messages_no_wait()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """For the themes of Textual, which do not have these."""
        return {"pane-border": "#7f7f7f"}

    def get_default_screen(self) -> Screen[Any]:
        return Screen(id="_default")


@cache
def _tilde(path: str) -> str:
    home = str(Path.home())
    return "~" + path.removeprefix(home) if path.startswith(home) else path
