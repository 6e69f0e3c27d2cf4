"""Base of all screens: header, tabs, panes side by side, footer, and when the data is loaded.

A screen composes its panes. Their queries run together on one consistent snapshot, when the screen
comes up and after commits, limited to a share of the time. On a narrow terminal one pane is shown
and Tab goes to the next; on a tiny one, a line says which size is needed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Static

from tui import content
from tui.commands import bind, changes_data
from tui.pushed_screen import PushedScreen
from tui.query_runner import Answer, Query, QueryFailure, failure_of
from tui.scope import TEAM
from tui.summary import Summary, summary
from tui.typeahead import COMMAND_GROUP
from tui.widgets.footer import Footer
from tui.widgets.header import Header
from tui.widgets.pane import DashboardNode, Pane
from tui.widgets.split import Split
from tui.widgets.table import Table
from tui.widgets.tabs import Tabs

WIDE_COLUMNS: Final = 100
"""From this width on, panes are shown side by side."""
MIN_SIZE: Final = (60, 15)
MIN_LOAD_INTERVAL: Final = 0.1
"""Seconds between two loads, at least. On an idle screen, a change is loaded at once."""
PANE_DELAY: Final = 0.03
"""Seconds that a pane waits while the cursor moves on, before it loads its query."""
_LOAD_SHARE: Final = 4
"""Loading may take one part in this many of the time: the database process has other work."""
_FREE_LOAD_SECONDS: Final = 1.0
"""Loading time that does not count yet: one line of a file may cause several commits."""

_SUMMARY: Final = "summary"


class BaseScreen(DashboardNode, PushedScreen[None]):
    """A subclass defines its `TAB` and composes its panes."""

    TAB: ClassVar[str] = "board"
    """The tab that is highlighted."""
    FOLLOWS_SCOPE: ClassVar[bool] = True
    """Whether it shows only what is in the scope of the dashboard."""
    SHOWS_TEAM: ClassVar[bool] = False
    """Whether it shows what the team shares, and only while that is the scope."""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("next-pane", "previous-pane", "pause-updates"),
        *bind("jump", "back", shown=False),
    ]
    DEFAULT_CSS = """
    BaseScreen {
        layout: vertical;
        background: $background;
        & > #body { height: 1fr; }
        & > #body > Pane {
            border: round $pane-border;
            border-title-color: $foreground-muted;
            padding: 0 0 0 1;
        }
        & > #body > Pane:focus-within {
            border: round $accent;
            border-title-color: $text-accent;
            border-title-style: bold;
        }
        &.-narrow > #body > Pane { display: none; border: none; padding: 0; }
        &.-narrow > #body > Pane:focus-within { border: none; }
        &.-narrow > #body > Pane.-current { display: block; }
        & > #too-small {
            display: none;
            height: 1fr;
            content-align: center middle;
            text-align: center;
        }
        &.-tiny > #body { display: none; }
        &.-tiny > #too-small { display: block; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.paused = False
        self.summary: Summary | None = None
        self.load_seconds = 0.0
        """How long the last load took."""
        self._stale = True
        self._loading = self._resuming = False
        self._next_load_at = 0.0
        self._recent_load, self._recent_load_at = 0.0, 0.0
        """Loading time of the recent past, which decreases as time passes, and when it was set."""
        self._focus_before: Widget | None = None
        self._changes_while_paused = 0
        # Not found by queries: a load may be answered while the screen closes and these are gone.
        self._header = Header()
        self._body = Split(id="body")

    def panes(self) -> ComposeResult:
        """The panes, from left to right."""
        yield from ()

    def above_panes(self) -> ComposeResult:
        """Widgets above the panes, as wide as the screen."""
        yield from ()

    def compose(self) -> ComposeResult:
        yield self._header
        yield Tabs(self.TAB)
        yield from self.above_panes()
        with self._body:
            yield from self.panes()
        yield Static(id="too-small")
        yield Footer()

    def on_mount(self) -> None:
        first, *_ = [*self._panes(), None]
        if first is not None:
            first.add_class("-first", "-current")
        self.update_header()

    def _panes(self) -> list[Pane]:
        return list(self._body.query_children(Pane))

    def _focusable_panes(self) -> list[Pane]:
        """Those that Tab goes through."""
        return [pane for pane in self._panes() if any(node.can_focus for node in pane.query("*"))]

    # ── loading ───────────────────────────────────────────────────────────────────────────────────

    def on_screen_resume(self) -> None:
        self._stale = True
        if self.is_current and self.dashboard.show_scope():
            return
        # Textual resumes a new screen of a mode twice in a row, and one load is enough.
        if not self._resuming:
            self._resuming = True
            self.call_later(self._resumed)

    def _resumed(self) -> None:
        self._resuming = False
        self.data_changed()

    def data_changed(self, *, at_once: bool = False) -> None:
        """Load the data again, as soon as this screen is shown and not paused. `at_once`: the limit
        of the share of time does not count, because the change is rare.
        """
        self._stale = True
        if at_once:
            self._next_load_at = 0.0
        if self.paused:
            self._changes_while_paused += 1
            self.update_header()
        elif self.is_current:
            self._load_soon()

    @property
    def settled(self) -> bool:
        """Whether everything that is known to have changed is shown."""
        quiet = self.summary is not None and not self._loading and not self._stale
        return quiet and all(pane.settled for pane in self._panes())

    def load_now(self) -> None:
        """Load without waiting: the screen has to show something else."""
        self._stale, self._next_load_at = True, 0.0
        self._load_soon()

    def _load_soon(self) -> None:
        if self._loading or not self._stale:
            return
        self._loading, self._stale = True, False
        self.start_worker(self._load, group="load", exclusive=True)

    async def _load(self) -> None:
        try:
            while (wait := self._next_load_at - time.monotonic()) > 0:
                if not self.dashboard.options.live:
                    break
                await asyncio.sleep(min(wait, MIN_LOAD_INTERVAL))
            started = time.monotonic()
            async for pane, answer in self.dashboard.queries.run_consistent(self._build_queries()):
                self._deliver(pane, answer)
            ended = time.monotonic()
            self.load_seconds = ended - started
            expired = (ended - self._recent_load_at) / _LOAD_SHARE
            self._recent_load = max(0.0, self._recent_load - expired) + self.load_seconds
            self._recent_load_at = ended
            over = max(0.0, self._recent_load - _FREE_LOAD_SECONDS)
            self._next_load_at = max(started + MIN_LOAD_INTERVAL, ended + over * _LOAD_SHARE)
        finally:
            self._loading = False
        if self.is_current and not self.paused:
            self._load_soon()

    def load_pane(self, pane: Pane) -> None:
        """Load one pane, which has to show something else; cancels its previous query."""
        self.start_worker(partial(self._load_pane, pane), group=f"pane-{id(pane)}", exclusive=True)

    async def _load_pane(self, pane: Pane) -> None:
        # While the cursor moves through a list, not every row is loaded; where it stops, at once.
        if pane.query_started_at is not None:
            await asyncio.sleep(PANE_DELAY)
        query = pane.build_query()
        if query is not None:
            pane.query_started_at = time.monotonic()
            self._deliver(pane, await self.dashboard.queries.answer(query))

    def _build_queries(self) -> dict[Pane | str, Query[Any]]:
        queries: dict[Pane | str, Query[Any]] = {}
        for pane in self._panes():
            try:
                query = pane.build_query()
            except Exception as error:  # noqa: BLE001 - the other panes are not affected
                pane.show_failure(failure_of(error))
                continue
            if query is not None:
                queries[pane] = query
                pane.query_started_at = time.monotonic()
        queries[_SUMMARY] = self.build_summary_query()
        return queries

    def build_summary_query(self) -> Query[Summary]:
        """The query for the header."""
        now, errors = self.dashboard.now, self.dashboard.last_errors
        return lambda reader: summary(reader, now, errors)

    def _deliver(self, pane: Pane | str, answer: Answer) -> None:
        if isinstance(pane, Pane):
            try:
                pane.set_answer(answer)
            except Exception as error:  # noqa: BLE001 - shown in the pane
                pane.show_failure(failure_of(error))
        elif not isinstance(answer, QueryFailure):
            self.summary = answer.value
            self.dashboard.set_summary(answer.value)
            self.show_summary(answer.value)
            self.update_header()

    def show_summary(self, summary: Summary) -> None:
        """Called when the numbers of the header have been loaded."""

    def scope_changed(self) -> None:
        """Show what the new scope of the dashboard contains."""
        for table in self.query(Table):
            table.expect_other_rows()
        self.load_now()

    def run_command(self, command: Callable[[], Awaitable[None]]) -> None:
        """Run what a key asked for in a worker. It may open dialogs. Errors are shown."""

        async def run() -> None:
            try:
                await command()
            except Exception as error:  # noqa: BLE001 - shown to the person
                self.show_error(error)
            self.load_now()

        self.start_worker(run, group=COMMAND_GROUP)

    def explained(self) -> Query[list[Content]] | None:
        """What this screen adds to the `why` dialog."""
        return None

    def show_error(self, error: Exception | QueryFailure) -> None:
        """Show why a command failed, and what to do."""
        failure = error if isinstance(error, QueryFailure) else failure_of(error)
        text = content.lines(content.line(failure.message), content.line(failure.hint)).plain
        self.notify(text, severity="warning", timeout=12, markup=False)

    def update_header(self) -> None:
        note = f"‖ paused · {self._changes_while_paused} changes" if self.paused else None
        scoped = self.FOLLOWS_SCOPE and (self.SHOWS_TEAM or self.dashboard.scope is not TEAM)
        self._header.set_chips(self.dashboard.chips(note, scope=scoped))

    def tick(self) -> None:
        """Called every second."""
        self.update_header()
        for pane in self._panes():
            pane.show_busy(time.monotonic())
            pane.tick()

    def action_pause_updates(self) -> None:
        self.paused = not self.paused
        if not self.paused:
            self._changes_while_paused = 0
            self.load_now()
        self.update_header()

    # ── keys that do nothing here ─────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """Say why the key of a command that changes data does nothing now."""
        for node, bindings in self._binding_chain:
            for binding in bindings.key_to_bindings.get(event.key, ()):
                if changes_data(binding) and node.check_action(binding.action, ()) is not True:
                    why = self.why_not(binding.action)
                    self.notify(f"{binding.description}: {why}", markup=False)
                    return

    def why_not(self, action: str) -> str:
        """Why a command that changes data does nothing now."""
        return "there is nothing here that it could change."

    # ── panes ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def current_pane(self) -> Pane | None:
        """The pane that has the focus, else the one shown on a narrow screen."""
        for node in self.focused.ancestors_with_self if self.focused is not None else ():
            if isinstance(node, Pane):
                return node
        return next((pane for pane in self._panes() if pane.has_class("-current")), None)

    def _set_current(self, pane: Pane | None) -> None:
        """On a narrow screen, show this pane of the body."""
        panes = self._panes()
        if pane in panes:
            for each in panes:
                each.set_class(each is pane, "-current")

    def focus_pane(self, pane: Pane) -> None:
        """Give a pane the focus; on a narrow screen, show it."""
        self._set_current(pane)
        target = next((node for node in pane.query("*") if node.can_focus and node.display), None)
        if target is not None:
            self.set_focus(target)

    def _focus_next_pane(self, step: int) -> None:
        panes = self._focusable_panes()
        if panes:
            index = panes.index(self.current_pane) if self.current_pane in panes else 0
            self.focus_pane(panes[(index + step) % len(panes)])

    def action_next_pane(self) -> None:
        self._focus_next_pane(1)

    def action_previous_pane(self) -> None:
        self._focus_next_pane(-1)

    def action_jump(self) -> None:
        """Show a letter on each visible pane and row, and go to the one that is typed."""
        from tui.screens.jump import Jump, JumpScreen

        targets: dict[Offset, Jump] = {}
        for pane in self.query(Pane):
            if pane.region:
                targets[pane.region.offset] = partial(self.focus_pane, pane)
                for node in pane.query("*"):
                    targets |= getattr(node, "jump_targets", dict)() if node.region else {}
        self.app.push_screen(JumpScreen(targets), lambda jump: jump() if jump else None)

    def action_back(self) -> None:
        """Go back one level. The first pane of a main screen is the top level."""
        first = next(iter(self._panes()), None)
        if first is not None and self.current_pane is not first:
            self.focus_pane(first)
        elif len(self.app.screen_stack) > 1:
            self.dismiss()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._set_current(self.current_pane)

    def on_resize(self, event: events.Resize) -> None:
        columns, rows = event.size
        self.set_class(columns < WIDE_COLUMNS, "-narrow")
        tiny = columns < MIN_SIZE[0] or rows < MIN_SIZE[1]
        if tiny and self.focused is not None:
            # Hidden widgets lose the focus. It comes back when the window is large enough.
            self._focus_before = self.focused
        elif not tiny and self.focused is None and self._focus_before is not None:
            self.call_after_refresh(self.set_focus, self._focus_before)
        self.set_class(tiny, "-tiny")
        if tiny:
            text = f"The window is {columns}×{rows}.\nTailboard needs {MIN_SIZE[0]}×{MIN_SIZE[1]}."
            self.query_exactly_one("#too-small", Static).update(content.block(text))
