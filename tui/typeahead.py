"""What is typed, handed on one by one, so that each key reaches the screen it was typed for.

Textual gives every key to whatever has the focus at that moment, and does not wait for what the
key before it leads to. Here each is held until the screen on top is drawn and has its focus, and
until an order that may still ask something is answered (for a while). A letter that changes
something is not carried out where it was typed before its screen was shown; nor is what was typed
behind it, which was meant for what it would have opened.
"""

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from textual import events
from textual.app import ScreenStackError
from textual.message_pump import MessagePump
from textual.screen import Screen

from tui import content
from tui.commands import changes, sign
from tui.pushed_screen import PushedScreen

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

ORDER: Final = "order"
"""The group of the workers that carry out what a key asked for, and may ask something first."""
PATIENCE: Final = 2.0
"""Seconds that a key waits for a screen, or for the answer to an order."""
_LOOK: Final = 0.005
_PASSES: Final = 8
"""How often a key's messages are followed through the widgets, at most."""
_LOST: Final = 15.0
"""Seconds after which a widget that does not answer is not waited for any longer."""


class TypeAhead:
    def __init__(self, app: "Dashboard") -> None:
        self._app = app
        self._held: deque[events.Event] = deque()
        self._passing: events.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._shown: Screen[object] | None = None
        self._shown_at = 0.0
        self.handed_on = self.refused = 0
        """How many there were; none is lost."""
        self._ordered_since: float | None = None
        """Since when an order is carried out that has put no question on the screen."""
        self._refused_until = 0.0
        """What was typed before this moment is not carried out."""

    @property
    def settled(self) -> bool:
        return self._task is None

    def holds(self, event: events.Event) -> bool:
        """Whether the app is to leave this event to us: it is handed in again when it is due."""
        if event is self._passing or event.is_forwarded:
            return False
        if isinstance(event, events.MouseMove) and self.settled:
            return False
        if not isinstance(event, events.InputEvent | events.Paste):
            return False
        self._held.append(event)
        if self._task is None:
            self._task = asyncio.create_task(self._hand_on())
        return True

    def drawn(self, screen: Screen[object]) -> None:
        """This screen stands on the terminal now."""
        if screen is not self._shown:
            self._shown, self._shown_at = screen, time.monotonic()

    async def _hand_on(self) -> None:
        try:
            await self._hand_on_all()
        except ScreenStackError:
            pass  # The app is closing.
        except Exception as error:  # noqa: BLE001 - as where any other handler fails
            self._app._handle_exception(error)
        finally:
            self._passing = self._task = None

    async def _hand_on_all(self) -> None:
        while self._held and self._app.is_running:
            answered = await self._ready()
            event = self._held.popleft()
            if self._refuses(event, answered):
                self.refused += 1
                continue
            self.handed_on += 1
            self._passing = event
            self._app.post_message(event)
            await self._through(self._app)
            await self._quiet()

    # ── when a key is due ───────────────────────────────────────────────────────────────────────

    def _ordered(self) -> bool:
        """Whether something is carried out that may still put a question on the screen."""
        screen = self._app.screen
        if self._app.exporting or (isinstance(screen, PushedScreen) and screen.is_modal):
            return False  # All questions are answered; or one of them stands on the screen.
        return any(one.group == ORDER and not one.is_finished for one in self._app.workers)

    async def _ready(self) -> bool:
        """Until the screen on top can be typed at; whether no order is unanswered."""
        until = time.monotonic() + PATIENCE
        while True:
            screen, ordered = self._app.screen, self._ordered()
            if not ordered:
                self._ordered_since = None
            elif self._ordered_since is None:
                self._ordered_since = time.monotonic()
            waits = ordered and time.monotonic() < (self._ordered_since or 0.0) + PATIENCE
            drawn = screen is self._shown or time.monotonic() >= until
            if drawn and not waits:
                await self._quiet()
                if screen is self._app.screen and ordered == self._ordered():
                    return not ordered
            await asyncio.sleep(_LOOK)

    async def _quiet(self) -> None:
        """Until all that was set going is done: messages climb from the focus to the app, one
        widget after the other, and what they lead to sets out from there again."""
        before: object = None
        for _ in range(_PASSES):
            screen = self._app.screen
            for node in (screen.focused or screen).ancestors_with_self:
                await self._through(node)
            now = (self._app.screen, self._app.screen.focused, len(self._app.screen_stack))
            if now == before:
                return
            before = now

    async def _through(self, node: MessagePump) -> None:
        """Until this one has done all that was sent to it, or is gone."""
        done = asyncio.Event()
        if not node.call_later(done.set):
            return
        until = time.monotonic() + _LOST
        while not done.is_set() and node.is_running and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK * 20):
                    await done.wait()

    # ── what is not carried out ─────────────────────────────────────────────────────────────────

    def _refuses(self, event: events.Event, answered: bool) -> bool:
        if event.time < self._refused_until:
            return True
        if not isinstance(event, events.Key):
            # A click is meant for what was seen at that place.
            return (
                isinstance(event, events.MouseDown | events.MouseUp) and event.time < self._shown_at
            )
        early = event.time < self._shown_at
        if not (early or not answered):
            return False
        if not self._may_change(event):
            return False
        self._refused_until = self._shown_at if early else time.monotonic()
        when = "before this screen was shown" if early else "before the last order was answered"
        said = f"“{sign(event.key)}” was typed {when}: it was not carried out, nor what came after."
        self._app.notify(content.line(said).plain, severity="warning", markup=False)
        return True

    def _may_change(self, key: events.Key) -> bool:
        """Whether it may change something here, now or as soon as the lists are filled."""
        screen = self._app.screen
        for node in (screen.focused or screen).ancestors_with_self:
            if node.check_consume_key(key.key, key.character):
                return False  # It is written there.
            if any(changes(one) for one in node._bindings.key_to_bindings.get(key.key, ())):
                return True
            if node.is_modal:
                return False
        return False
