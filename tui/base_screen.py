"""What all screens have in common: header, tabs and footer, panes side by side, and when they ask.

A screen composes its panes; their questions are asked together, of one moment, when the screen
comes up and after changes, never more often than the answers take. Where it is narrow, one pane is
shown and Tab goes to the next; where it is too small, a line says how large it must be.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from tui import content
from tui.commands import bind
from tui.pushed_screen import PushedScreen
from tui.query_runner import Answer, QueryFailure, Question, failure_of
from tui.summary import Summary, summary
from tui.typeahead import ORDER
from tui.widgets.footer import Footer
from tui.widgets.header import Header
from tui.widgets.pane import DashboardNode, Pane
from tui.widgets.tabs import Tabs

WIDE: Final = 100
LEAST: Final = (60, 15)
SHORTEST_PAUSE: Final = 0.1
"""Seconds between two refreshes, at least; a change on an idle screen is asked for at once."""
COALESCE: Final = 0.03
_PATIENCE: Final = 4
"""Refreshes may take one part in so many of the time: the owner has other work."""
_CREDIT: Final = 1.0
"""Seconds of refreshing that need not wait: what one line brings comes in several commits."""

_SUMMARY: Final = "summary"


class BaseScreen(DashboardNode, PushedScreen[None]):
    """A subclass says which screen it is, and composes its panes."""

    PLACE: ClassVar[str] = "board"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("next-pane", "previous-pane", "pause-updates"),
        *bind("back", shown=False),
    ]
    DEFAULT_CSS = """
    BaseScreen {
        layout: vertical;
        background: $background;
        & > #body { height: 1fr; }
        & > #body > Pane { border-left: solid $panel-lighten-1; padding: 0; }
        & > #body > Pane.-first { border-left: none; }
        &.-narrow > #body > Pane { display: none; border-left: none; }
        &.-narrow > #body > Pane.-chosen { display: block; }
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
        self.took = 0.0
        """Seconds until the last questions were answered."""
        self._stale = True
        self._asking = False
        self._may_ask_from = 0.0
        self._owes, self._owes_since = 0.0, 0.0
        """How long lately others had to work for this screen."""
        self._had_focus: Widget | None = None
        self._held_back = 0
        """Changes that came while updates were paused."""

    def panes(self) -> ComposeResult:
        """The panes, from left to right."""
        yield from ()

    def above(self) -> ComposeResult:
        """What stands above the panes, over the whole width."""
        yield from ()

    def compose(self) -> ComposeResult:
        yield Header()
        yield Tabs(self.PLACE)
        yield from self.above()
        with Horizontal(id="body"):
            yield from self.panes()
        yield Static(id="too-small")
        yield Footer()

    def on_mount(self) -> None:
        first, *_ = [*self._all(), None]
        if first is not None:
            first.add_class("-first", "-chosen")
        self.say_header()

    def _all(self) -> list[Pane]:
        return list(self.query_exactly_one("#body").query_children(Pane))

    # ── asking ──────────────────────────────────────────────────────────────────────────────────

    def on_screen_resume(self) -> None:
        self.changed()

    def changed(self) -> None:
        """Something is new; ask for it, if this screen is seen."""
        self._stale = True
        if self.paused:
            self._held_back += 1
            self.say_header()
        elif self.is_current:
            self._ask_soon()

    @property
    def settled(self) -> bool:
        """Whether all that is known of is shown."""
        quiet = self.summary is not None and not self._asking and not self._stale
        return quiet and all(pane.settled for pane in self._all())

    def ask(self) -> None:
        """What is shown is another thing than before: ask now, whatever the pause."""
        self._stale, self._may_ask_from = True, 0.0
        self._ask_soon()

    def _ask_soon(self) -> None:
        if self._asking or not self._stale:
            return
        self._asking, self._stale = True, False
        self.run_worker(self._ask(), group="refresh", exclusive=True)

    async def _ask(self) -> None:
        try:
            wait = self._may_ask_from - time.monotonic()
            if wait > 0 and self.dashboard.manner.live:
                await asyncio.sleep(wait)
            began = time.monotonic()
            async for pane, answer in self.dashboard.feed.run_consistent(self._questions()):
                self._tell(pane, answer)
            ended = time.monotonic()
            self.took = ended - began
            paid = (ended - self._owes_since) / _PATIENCE
            self._owes = max(0.0, self._owes - paid) + ended - began
            self._owes_since = ended
            over = max(0.0, self._owes - _CREDIT)
            self._may_ask_from = max(began + SHORTEST_PAUSE, ended + over * _PATIENCE)
        finally:
            self._asking = False
        if self.is_current and not self.paused:
            self._ask_soon()

    def ask_pane(self, pane: Pane) -> None:
        """What one pane shows is another thing than before: ask for it alone, and drop what it
        asked before."""
        self.run_worker(self._ask_alone(pane), group=f"pane-{id(pane)}", exclusive=True)

    async def _ask_alone(self, pane: Pane) -> None:
        # Who walks through a list does not want every row of it; who stops at one, wants it now.
        if pane.asked_at is not None:
            await asyncio.sleep(COALESCE)
        question = pane.question()
        if question is not None:
            pane.asked_at = time.monotonic()
            self._tell(pane, await self.dashboard.feed.answer(question))

    def _questions(self) -> dict[Pane | str, Question[Any]]:
        asked: dict[Pane | str, Question[Any]] = {}
        for pane in self._all():
            try:
                question = pane.question()
            except Exception as error:  # noqa: BLE001 - one pane's mistake is not the others'
                pane.fail(failure_of(error))
                continue
            if question is not None:
                asked[pane] = question
                pane.asked_at = time.monotonic()
        asked[_SUMMARY] = self.summary_question()
        return asked

    def summary_question(self) -> Question[Summary]:
        """What the header is to tell."""
        now = self.dashboard.now
        return lambda reading: summary(reading, now)

    def _tell(self, pane: Pane | str, answer: Answer) -> None:
        if isinstance(pane, Pane):
            try:
                pane.answer(answer)
            except Exception as error:  # noqa: BLE001 - told in its place; the rest goes on
                pane.fail(failure_of(error))
        elif not isinstance(answer, QueryFailure):
            self.summary = answer.value
            self.dashboard.summary = answer.value
            self.say_header()

    def order(self, work: Callable[[], Awaitable[None]]) -> None:
        """Carry out what a key asked for, beside the loop; it may put a question to the person.
        Whatever goes wrong is told, and the rest goes on."""

        async def guarded() -> None:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - told to the person who ordered it
                self.complain(error)
            self.ask()

        self.run_worker(guarded(), group=ORDER)

    def complain(self, error: Exception | QueryFailure) -> None:
        """Tell who pressed a key that it could not be done, and what helps."""
        failure = error if isinstance(error, QueryFailure) else failure_of(error)
        said = content.lines(content.line(failure.message), content.line(failure.hint)).plain
        self.notify(said, severity="warning", timeout=12, markup=False)

    def say_header(self) -> None:
        note = f"‖ paused · {self._held_back} waiting" if self.paused else None
        self.query_exactly_one(Header).say(self.dashboard.chips(note))

    def tick(self) -> None:
        self.say_header()
        for pane in self._all():
            pane.say_busy(time.monotonic())
            pane.tick()

    def action_pause_updates(self) -> None:
        self.paused = not self.paused
        if not self.paused:
            self._held_back = 0
            self.ask()
        self.say_header()

    # ── panes ───────────────────────────────────────────────────────────────────────────────────

    @property
    def pane(self) -> Pane | None:
        """The pane that has the focus, or is the one that is shown."""
        focused = self.focused
        for pane in self._all():
            if focused is not None and (focused is pane or pane in focused.ancestors):
                return pane
        return next((pane for pane in self._all() if pane.has_class("-chosen")), None)

    def choose(self, pane: Pane) -> None:
        """Show this pane, where there is room for one, and give it the focus."""
        for one in self._all():
            one.set_class(one is pane, "-chosen")
        target = next((one for one in pane.query("*") if one.can_focus and one.display), None)
        if target is not None:
            self.set_focus(target)

    def _step(self, by: int) -> None:
        panes = [pane for pane in self._all() if any(one.can_focus for one in pane.query("*"))]
        if panes:
            at = panes.index(self.pane) if self.pane in panes else 0
            self.choose(panes[(at + by) % len(panes)])

    def action_next_pane(self) -> None:
        self._step(1)

    def action_previous_pane(self) -> None:
        self._step(-1)

    def action_back(self) -> None:
        """One level up; on the first level there is nowhere to go, and nothing is left."""
        first = next(iter(self._all()), None)
        if first is not None and self.pane is not first:
            self.choose(first)
        elif len(self.app.screen_stack) > 1:
            self.dismiss()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        pane = self.pane
        for one in self._all():
            one.set_class(one is pane, "-chosen")

    def on_resize(self, event: events.Resize) -> None:
        columns, rows = event.size
        self.set_class(columns < WIDE, "-narrow")
        tiny = columns < LEAST[0] or rows < LEAST[1]
        if tiny and self.focused is not None:
            # What is hidden loses the focus; it has it again when there is room.
            self._had_focus = self.focused
        elif not tiny and self.focused is None and self._had_focus is not None:
            self.call_after_refresh(self.set_focus, self._had_focus)
        self.set_class(tiny, "-tiny")
        if tiny:
            said = f"The window is {columns}×{rows}.\nTailboard needs {LEAST[0]}×{LEAST[1]}."
            self.query_exactly_one("#too-small", Static).update(content.block(said))
