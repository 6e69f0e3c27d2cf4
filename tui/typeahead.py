"""Delivers typed keys one by one, so that each key reaches the screen it was typed for.

Textual gives a key to whatever has the focus at that moment, and does not wait for the effects of
the previous key. Here each key waits until the top screen is drawn and has its focus, and until a
running command can no longer open a dialog (for `MAX_WAIT` seconds). A key that changes data is
ignored if it was typed before its screen was shown, and so are the keys typed between it and that
moment: they were meant for what it would have opened.
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
from tui.commands import changes_data, key_label
from tui.pushed_screen import PushedScreen

if TYPE_CHECKING:
    from tui.dashboard import Dashboard

COMMAND_GROUP: Final = "command"
"""The group of the workers that run commands, which may open a dialog."""
MAX_WAIT: Final = 2.0
"""Seconds that a key waits for a screen to be drawn, or for a command."""
_POLL: Final = 0.005
_MAX_ROUNDS: Final = 8
"""How often the messages caused by a key are followed through the widgets."""
_HANG_SECONDS: Final = 15.0
"""A widget that does not process its messages for this long is no longer waited for."""


class TypeAhead:
    def __init__(self, app: "Dashboard") -> None:
        self._app = app
        self._queue: deque[events.Event] = deque()
        self._delivering: events.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._drawn_screen: Screen[object] | None = None
        self._drawn_at = 0.0
        self.delivered = self.ignored = 0
        """Together all events that were intercepted."""
        self._command_since: float | None = None
        """Since when a command has been running that has opened no dialog."""
        self._ignore_before = 0.0
        """Events from before this time are ignored."""

    @property
    def settled(self) -> bool:
        return self._task is None

    def intercept(self, event: events.Event) -> bool:
        """Whether the app must not handle this event now: it gets it again when it is due."""
        if event is self._delivering or event.is_forwarded:
            return False
        if isinstance(event, events.MouseMove) and self.settled:
            return False
        if not isinstance(event, events.InputEvent | events.Paste):
            return False
        self._queue.append(event)
        if self._task is None:
            self._task = asyncio.create_task(self._deliver())
        return True

    def screen_drawn(self, screen: Screen[object]) -> None:
        """Called by the app after it has drawn a screen."""
        if screen is not self._drawn_screen:
            self._drawn_screen, self._drawn_at = screen, time.monotonic()

    async def _deliver(self) -> None:
        try:
            await self._deliver_all()
        except ScreenStackError:
            pass  # The app is closing.
        except Exception as error:  # noqa: BLE001 - handled like the error of any other handler
            self._app._handle_exception(error)
        finally:
            self._delivering = self._task = None

    async def _deliver_all(self) -> None:
        while self._queue and self._app.is_running:
            no_command = await self._wait_until_ready()
            event = self._queue.popleft()
            if self._must_ignore(event, no_command):
                self.ignored += 1
                continue
            self.delivered += 1
            self._delivering = event
            self._app.post_message(event)
            await self._wait_processed(self._app)
            await self._wait_idle()

    # ── when a key is due ─────────────────────────────────────────────────────────────────────────

    def _command_runs(self) -> bool:
        """Whether a command is running that may still open a dialog."""
        screen = self._app.screen
        if self._app.exporting or (isinstance(screen, PushedScreen) and screen.is_modal):
            return False  # All dialogs are answered, or one is open.
        return any(
            worker.group == COMMAND_GROUP and not worker.is_finished for worker in self._app.workers
        )

    async def _wait_until_ready(self) -> bool:
        """Wait until the top screen accepts keys. Returns whether no command is running."""
        deadline = time.monotonic() + MAX_WAIT
        while True:
            screen, running = self._app.screen, self._command_runs()
            if not running:
                self._command_since = None
            elif self._command_since is None:
                self._command_since = time.monotonic()
            waits = running and time.monotonic() < (self._command_since or 0.0) + MAX_WAIT
            drawn = screen is self._drawn_screen or time.monotonic() >= deadline
            if drawn and not waits:
                await self._wait_idle()
                if screen is self._app.screen and running == self._command_runs():
                    return not running
            await asyncio.sleep(_POLL)

    async def _wait_idle(self) -> None:
        """Wait until all messages caused by a key are processed: they bubble from the focused
        widget to the app, and what they cause starts at the focused widget again."""
        before: object = None
        for _ in range(_MAX_ROUNDS):
            screen = self._app.screen
            for node in (screen.focused or screen).ancestors_with_self:
                await self._wait_processed(node)
            now = (self._app.screen, self._app.screen.focused, len(self._app.screen_stack))
            if now == before:
                return
            before = now

    async def _wait_processed(self, node: MessagePump) -> None:
        """Wait until this widget has processed its message queue, or is gone."""
        done = asyncio.Event()
        if not node.call_later(done.set):
            return
        deadline = time.monotonic() + _HANG_SECONDS
        while not done.is_set() and node.is_running and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL * 20):
                    await done.wait()

    # ── which keys are ignored ────────────────────────────────────────────────────────────────────

    def _must_ignore(self, event: events.Event, no_command: bool) -> bool:
        if event.time < self._ignore_before:
            return True
        early = event.time < self._drawn_at
        if not isinstance(event, events.Key):
            # A click is meant for what was at this position when it was made.
            return early and isinstance(event, events.MouseDown | events.MouseUp)
        if no_command and not early:
            return False
        if not self._may_change_data(event):
            return False
        self._ignore_before = self._drawn_at if early else time.monotonic()
        when = "before this screen was shown" if early else "before the last command was finished"
        key = content.line(key_label(event.key)).plain
        text = f"“{key}” was typed {when}. It was ignored, and so were the keys after it."
        self._app.notify(text, severity="warning", markup=False)
        return True

    def _may_change_data(self, key: events.Key) -> bool:
        """Whether this key may change data here, now or as soon as the lists are loaded."""
        screen = self._app.screen
        for node, bindings in screen._modal_binding_chain:  # With the keys of the settings.
            if node.check_consume_key(key.key, key.character):
                return False  # A text input takes it.
            if any(map(changes_data, bindings.key_to_bindings.get(key.key, ()))):
                return True
        return False
