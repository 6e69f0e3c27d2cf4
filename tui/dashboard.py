"""The program behind the screens: which of the six is shown, and what they all share.

It holds the feed, the clock and the figures of the header; screens are made when they are first
shown. News of the owner comes in from the caretaker's thread as messages.
"""

import asyncio
import contextlib
import os
import signal
from datetime import UTC, datetime, timedelta
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
from textual.screen import Screen

from ingest.projects.git.lookup import Git
from ingest.sessions.scope import Now
from ingest.settings import Settings
from ingest.text.times import Clock, utc_now
from tui import content, supervisor, unexpected_errors
from tui.actions import carry_out, possible
from tui.base_screen import BaseScreen
from tui.commands import SCREENS, bind
from tui.idle_gc import IdleCollector
from tui.messages import HungUp, Moved, OwnerFound, OwnerLost, OwnerNoted, OwnerRefused
from tui.output_sanitizer import OutputSanitizer
from tui.query_runner import QueryFailure, QueryRunner
from tui.screens import MODES
from tui.screens.help import HelpScreen
from tui.screens.refused import RefusedScreen
from tui.summary import Summary
from tui.supervisor import Supervisor
from tui.themes import HIGH_CONTRAST, OWN, THEMES
from tui.typeahead import TypeAhead
from tui.ui_state import recall, remember
from tui.unexpected_errors import UnexpectedErrors, UnexpectedErrorScreen, cause_of
from tui.widgets.header import Chip, chips
from tui.window_size import is_too_small, laid_out, sentence

TICK: Final = 1.0
LOOK_AGAIN: Final = 30
"""Ticks after which states are judged anew without any commit: they hang on the clock."""
LOOK_AGAIN_AT_MOST: Final = 600
LOOK_AGAIN_LIVE: Final = 5
"""The same while something runs: how long it has been quiet counts by the second."""


def refresh_hint(summary: Summary | None, now: datetime, took: float) -> float:
    """Seconds until a look is worth it although nothing was committed: once it is still, the ages
    that are shown may be a tenth wrong, and looking takes a part in three hundred of the time.
    """
    still = (now - summary.fresh_at).total_seconds() if summary and summary.fresh_at else 0.0
    if summary is not None and (summary.running or still < LOOK_AGAIN):
        return LOOK_AGAIN_LIVE
    return min(LOOK_AGAIN_AT_MOST, max(LOOK_AGAIN, still / 10, took * 300))


class Options(Struct, frozen=True):
    """How this run of the dashboard behaves, apart from the settings."""

    mouse: bool = True
    ascii: bool = False
    few_colours: bool = False
    """Whether the terminal has sixteen of them."""
    live: bool = True
    """Whether time passes by itself; pictures for tests hold still."""


class Dashboard(App[int]):
    MODES = MODES
    DEFAULT_MODE = "board"
    TITLE = "Tailboard"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind(
            *SCREENS, "command", "palette", "help", "why", "theme", "suspend", "quit", shown=False
        ),
    ]
    CSS = """
    * { scrollbar-size-vertical: 1; }
    """

    def __init__(
        self,
        settings: Settings,
        keeper: Supervisor,
        manner: Options = Options(),  # noqa: B008 - frozen
        clock: Clock = utc_now,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.keeper = keeper
        self.manner = manner
        self.clock = clock
        self.feed = QueryRunner(keeper)
        self.git = Git(os.environ)
        """Git, for questions that are `slow`: it remembers what it read of each repository for as
        long as nothing moves there."""
        self.exporting = False
        """Whether something is being written that a person asked for."""
        self.tidying = IdleCollector()
        self.typed = TypeAhead(self)
        self.mistakes = UnexpectedErrors(settings.db)
        self._window: Size | None = None
        """How large the terminal is; screens may be laid out in a larger size."""
        self._begins_anew = False
        """Whether screens in which something failed are being thrown away."""
        self._ticks = 0
        self._standing = "◌ opening the database"
        self.remembered = recall(keeper.path)
        self.summary: Summary | None = None
        self.animation_level = "none"
        self._filters.append(OutputSanitizer(ascii=manner.ascii))
        if settings.color == "never" and not self.no_color:
            self._filters.append(Monochrome())
        for theme in THEMES:
            self.register_theme(theme)
        # Of sixteen colours, the pale ones of ours would all be the same grey.
        self._usual = HIGH_CONTRAST if manner.few_colours else OWN
        known = self.remembered.theme in self.available_themes
        self.theme = self.remembered.theme if known else self._usual

    # ── what everybody asks ─────────────────────────────────────────────────────────────────────

    @property
    def now(self) -> Now:
        """Now, as sessions are judged by it."""
        return Now(
            self.clock(),
            timedelta(minutes=self.settings.stall_minutes),
            timedelta(hours=self.settings.idle_hours),
        )

    def chips(self, note: str | None) -> list[Chip]:
        """What stands in the header."""
        now = self.clock()
        clock = now.replace(tzinfo=UTC).astimezone().strftime("%H:%M") if self.manner.live else ""
        said = note or self._standing
        shown = content.line(said, "yellow") if said else None
        home = next(iter(self.settings.codex_homes), None)
        return chips(self.summary or Summary(), _tilde(str(home or "")), shown, now, clock)

    # ── news of the owner ───────────────────────────────────────────────────────────────────────

    def on_mount(self) -> None:
        if self.remembered.screen in SCREENS:
            self.go(self.remembered.screen)
        self.keeper.listen(self._hear)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._task_failed)
        for number in ("SIGTERM", "SIGHUP"):
            # Not on every system, and not outside the main thread.
            with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(getattr(signal, number), self.exit, 0)
        if self.manner.live:
            self.set_interval(TICK, self._tick)

    def on_ready(self) -> None:
        if self.manner.live:
            self.tidying.begin()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self.tidying.touch()
        if not self.typed.holds(event):
            await super().on_event(event)

    def post_display_hook(self) -> None:
        if not self._batch_count:  # Else it was called, but nothing was drawn.
            self.typed.drawn(self.screen)

    def on_unmount(self) -> None:
        if self.current_mode in SCREENS:
            self.remembered.screen = self.current_mode
        self.remembered.theme = "" if self.theme == self._usual else self.theme
        remember(self.keeper.path, self.remembered)
        self.keeper.close()
        self.feed.close()

    def _hear(self, news: supervisor.News) -> None:
        """On the caretaker's thread."""
        message: Message
        match news:
            case supervisor.DataChanged():
                message = Moved()
            case supervisor.OwnerConnected():
                message = OwnerFound()
            case supervisor.OwnerDisconnected():
                message = OwnerLost()
            case supervisor.OwnerMessage(text):
                message = OwnerNoted(text)
            case supervisor.SupervisorProblem():
                message = OwnerRefused(news)
        self.post_message(message)

    @on(Moved)
    def _moved(self) -> None:
        if isinstance(self.screen, BaseScreen):
            self.screen.changed()

    def _say(self, standing: str) -> None:
        """Say in the header how it stands with the owner; nothing where all is well."""
        self._standing = standing
        if isinstance(self.screen, BaseScreen):
            self.screen.say_header()

    @on(OwnerLost)
    def _lost(self) -> None:
        self._say("◌ the owner ended, another one comes")

    @on(OwnerFound)
    def _found(self) -> None:
        self._say("")
        if isinstance(self.screen, RefusedScreen):
            self.screen.dismiss()
        # What was asked before there was an owner is being answered now.
        if self.summary is not None:
            self._moved()

    @on(OwnerRefused)
    def _refused(self, message: OwnerRefused) -> None:
        if isinstance(self.screen, RefusedScreen):
            self.screen.tell(message.trouble)
        else:
            self.push_screen(RefusedScreen(message.trouble))

    @on(OwnerNoted)
    def _noted(self, message: OwnerNoted) -> None:
        self.notify(content.block(message.text).plain, markup=False)

    def hung_up(self) -> None:
        """The terminal is gone; told on whatever thread notices it."""
        self.post_message(HungUp())

    @on(HungUp)
    def _leave(self) -> None:
        self.exit(0)

    def _tick(self) -> None:
        self.tidying.tick()
        self._ticks += 1
        took = 0.0
        if isinstance(self.screen, BaseScreen) and self.screen.is_mounted:
            self.screen.tick()
            took = self.screen.took
        if self._ticks >= refresh_hint(self.summary, self.clock(), took):
            self._ticks = 0
            self._moved()

    # ── how large it is ─────────────────────────────────────────────────────────────────────────

    @property
    def size(self) -> Size:
        return laid_out(super().size)

    async def _on_resize(self, event: Resize) -> None:
        event.prevent_default()  # Else Textual hands it to its own method, too.
        event.stop()
        before, self._window = self._window or event.size, event.size
        await super()._on_resize(Resize(laid_out(event.size), laid_out(event.size)))
        if is_too_small(before) or is_too_small(event.size):
            self.refresh(layout=True)  # Also where that size is the one before.

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        window = self._window or super().size
        if renderable is not None and is_too_small(window):
            renderable = sentence(window)
        super()._display(screen, renderable)

    # ── going places ────────────────────────────────────────────────────────────────────────────

    def go(self, place: str) -> None:
        shown = self.current_mode
        self.switch_mode(place)
        if shown == unexpected_errors.PLACE != place:
            self.remove_mode(shown)

    def action_board(self) -> None:
        self.go("board")

    def action_tasks(self) -> None:
        self.go("tasks")

    def action_pipeline(self) -> None:
        self.go("pipeline")

    def action_journal(self) -> None:
        self.go("journal")

    def action_search(self) -> None:
        self.go("search")

    def action_insights(self) -> None:
        self.go("insights")

    # ── what can be done everywhere ─────────────────────────────────────────────────────────────

    def action_help(self) -> None:
        self.push_screen(HelpScreen(list(possible(self.screen))))

    def action_why(self) -> None:
        from tui.screens.why import of_the_header

        self.push_screen(of_the_header(self.now))

    def action_palette(self) -> None:
        from tui.screens.palette import palette

        self.push_screen(palette())

    def action_command(self) -> None:
        from tui.screens.command_line import CommandLine

        screen = self.screen

        async def done(line: str | None) -> None:
            refused = await carry_out(screen, line) if line else None
            if refused:
                self.notify(refused, severity="warning", markup=False)

        self.push_screen(CommandLine(list(possible(screen))), done)

    def action_theme(self, name: str = "") -> None:
        if not name:
            from tui.screens.palette import themes

            self.push_screen(themes())
        elif name in self.available_themes:
            self.theme = name
        else:
            known = ", ".join(sorted(self.available_themes))
            said = content.line(f"There is no theme “{name}”; there are {known}.").plain
            self.notify(said, severity="warning", markup=False)

    def action_suspend(self) -> None:
        self.action_suspend_process()

    async def action_quit(self) -> None:
        if not self.exporting:
            self.exit(0)
            return

        def answered(sure: bool | None) -> None:
            if sure:
                self.exit(0)

        from tui.dialogs import Confirm

        rest = "What is written stays whole; what is still to come is not written."
        self.push_screen(Confirm("An export is being written. Quit?", [rest], yes="Quit"), answered)

    # ── mistakes of our own ─────────────────────────────────────────────────────────────────────

    def _handle_exception(self, error: Exception) -> None:
        """Called for all that nothing else has caught, of handlers, workers and drawing."""
        cause, place = cause_of(error), self.current_mode
        if self._begins_anew:
            # Of what is being thrown away already: a screen that is half made fails more than once.
            self.mistakes.note(cause)
            return
        failure = self.mistakes.meet(cause)
        if failure is None or place == unexpected_errors.PLACE or self._exit or not self.is_running:
            super()._handle_exception(error)
        else:
            self._begins_anew = True
            self.call_later(self._begin_anew, place, failure)

    def _task_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task nobody waited for."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    async def _dispatch_message(self, message: Message) -> None:
        # What fails here would end our own message loop, and with it the program.
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001 - this is where all of them end
            self._handle_exception(error)

    async def _begin_anew(self, place: str, failure: QueryFailure) -> None:
        """Show the mistake alone; all screens of that place go, and are made when next shown."""
        self.add_mode(unexpected_errors.PLACE, lambda: UnexpectedErrorScreen(failure, place))
        self.switch_mode(unexpected_errors.PLACE)
        removed = self.remove_mode(place)
        self.add_mode(place, MODES[place])
        await removed
        self._begins_anew = False

    def panic(self, *_: object) -> None:
        """What read the keys has ended: nobody could leave any more."""
        super()._handle_exception(RuntimeError("The terminal can no longer be read."))

    def _fatal_error(self) -> None:
        error = cause_of(self._exception or RuntimeError())
        self._exit_renderables.append(
            Text(
                f"Tailboard ended by a mistake of its own: {type(error).__name__}. Nothing that "
                f"was read is lost.\nThe details are in "
                f"{content.line(str(self.mistakes.log)).plain}; please report them."
            )
        )
        self._close_messages_no_wait()

    def get_default_screen(self) -> Screen[Any]:
        return Screen(id="_default")


def _tilde(path: str) -> str:
    from pathlib import Path

    home = str(Path.home())
    return "~" + path.removeprefix(home) if path.startswith(home) else path
