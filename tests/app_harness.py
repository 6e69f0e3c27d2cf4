"""Runs the owner of a database in this process, and dashboards that are connected to its socket.

The owner runs on a thread of its own instead of in a process of its own. Its clock stands still at
`now`. What a test writes to `home` is visible after `ingest`.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from ingest.actions import ReadNow, RunReport
from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.sessions.search.indexer import bring_up_to_date
from ingest.settings import Settings
from tests.build import Home
from tui.base_screen import BaseScreen
from tui.dashboard import Dashboard, Options
from tui.dialogs import Dialog
from tui.supervisor import Supervisor
from tui.ui_state import state_file

TIMEOUT = 60
"""Seconds after which a test has failed."""


def _index_after_reading(server: RunningServer) -> None:
    """So that a search finds what was read, without a background job."""
    read_once = server.owner.read_once

    def read_and_index() -> RunReport:
        report = read_once()
        bring_up_to_date(server.database, server.database.path)
        return report

    server.owner.read_once = read_and_index  # type: ignore[method-assign, assignment]


class AppHarness:
    def __init__(self, tmp: Path, home: Home | None = None) -> None:
        self.home = home or Home(tmp / "codex")
        self.db = tmp / "data" / "tailboard.duckdb"
        self.now = datetime(2026, 11, 21, 14)
        self.dashboards: list[Dashboard] = []
        """All dashboards of the test; none may have recorded an unexpected error."""
        self._server: RunningServer | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._wake = threading.Event()

    # ── the owner ───────────────────────────────────────────────────────────────────────────────

    def start_owner(self) -> None:
        started = threading.Event()
        self._stopping.clear()

        def serve() -> None:
            options = ServerOptions(homes([self.home.path]), Role.DASHBOARD)
            server = start_or_connect(self.db, options, lambda: self.now)
            assert isinstance(server, RunningServer)
            with server:
                server.actions.wake = self._wake.set
                _index_after_reading(server)
                self._server = server
                started.set()
                while not self._stopping.is_set():
                    server.actions.run_pending(idle=True)
                    self._wake.wait(0.05)
                    self._wake.clear()

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        assert started.wait(TIMEOUT)

    def stop_owner(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT)

    def ingest(self) -> None:
        """Read everything that is new, and set the clock to half a minute after it."""
        self.now = datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(
            tzinfo=None
        ) + timedelta(seconds=30)
        with DatabaseClient(self.db) as client:
            client.act(ReadNow())

    # ── the dashboard ───────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def open_dashboard(
        self,
        *keys: str,
        size: tuple[int, int] = (120, 40),
        notifications: bool = False,
        **settings: Any,
    ) -> AsyncIterator[tuple[Dashboard, Pilot[int]]]:
        """A dashboard after these keys, and its pilot; optionally with visible notifications."""
        app = self.make_dashboard(**settings)
        async with app.run_test(size=size, notifications=notifications) as pilot:
            await wait_settled(pilot)
            await press_each(pilot, *keys)
            yield app, pilot

    def make_dashboard(
        self,
        options: Options = Options(live=False),  # noqa: B008
        *,
        keep_ui_state: bool = False,
        **settings: Any,
    ) -> Dashboard:
        """A dashboard without timers. It starts as for the first time, unless `keep_ui_state`."""
        if not keep_ui_state:
            state_file(self.db).unlink(missing_ok=True)
        supervisor = Supervisor(self.db)
        supervisor.start()
        dashboard = Dashboard(
            Settings(codex_homes=(Path("/home/dev/.codex"),), db=self.db, **settings),
            supervisor,
            options,
            lambda: self.now,
        )
        notify = dashboard.notify

        def notify_for_long(message: str, **details: Any) -> None:
            notify(message, **details | {"timeout": 3600})

        # On a busy machine a message would disappear before a test reads it.
        dashboard.notify = notify_for_long  # type: ignore[method-assign]
        self.dashboards.append(dashboard)
        return dashboard


def expect_errors(app: Dashboard, kind: type[BaseException]) -> None:
    """Assert that the dashboard recorded unexpected errors, all of this type."""
    recorded = app.unexpected_errors.recorded
    assert recorded
    assert all(isinstance(error, kind) for error in recorded)
    recorded.clear()


async def wait_until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Polls the condition, because other threads change what it depends on."""
    async with asyncio.timeout(TIMEOUT):
        await pilot.pause()
        while not condition():
            assert pilot.app._exception is None, "the app has ended"
            await asyncio.sleep(0.005)
            await pilot.pause()


async def wait_settled(pilot: Pilot[Any]) -> None:
    """Wait until all keys are processed and all known data is on the screen."""

    def is_settled() -> bool:
        screen = pilot.app.screen
        typing = isinstance(pilot.app, Dashboard) and not pilot.app.typeahead.settled
        # A command waits for its dialog, so its worker does not finish while that is open.
        finished = isinstance(screen, Dialog) or all(
            worker.is_finished for worker in pilot.app.workers
        )
        return (
            finished
            and not typing
            and is_drawn(screen)
            and (not isinstance(screen, BaseScreen) or screen.settled)
        )

    await wait_until(pilot, is_settled)


def is_drawn(screen: Screen[Any]) -> bool:
    """Whether no part of the screen waits to be drawn, including the keys in the footer."""
    return not (screen._dirty_widgets or screen._layout_required or screen._callbacks)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press all keys in a row, then wait until their effects are on the screen."""
    await pilot.press(*keys)
    await wait_settled(pilot)


async def press_at_once(pilot: Pilot[Any], *keys: str) -> None:
    """Send all keys in one read, as a terminal does after the program was busy; then wait until
    their effects are on the screen."""
    driver = pilot.app._driver
    assert driver is not None
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        driver.send_message(events.Key(name, key_to_character(name)))
    await wait_settled(pilot)


async def press_each(pilot: Pilot[Any], *keys: str) -> None:
    """Press the keys one after another, waiting for the effects of each, or of a whole text."""
    for key, following in zip(keys, (*keys, "")[1:], strict=True):
        if len(key) == len(following) == 1 and isinstance(pilot.app.focused, Input):
            await pilot.press(key)
        else:
            await press(pilot, key)


async def wait_for_text(pilot: Pilot[Any], text: str) -> None:
    """Wait until this text, and all that comes with it, is on the screen."""
    await wait_until(pilot, lambda: text in screen_text(pilot.app))
    await wait_settled(pilot)


async def wait_for_dialog(pilot: Pilot[Any], kind: type[Dialog[Any]]) -> None:
    await wait_until(pilot, lambda: type(pilot.app.screen) is kind)
    await pilot.pause()


async def wait_for_dialogs_closed(pilot: Pilot[Any]) -> None:
    """Wait until no dialog is open, and the effects of its answer are on the screen."""
    await wait_until(pilot, lambda: not isinstance(pilot.app.screen, Dialog))
    await wait_settled(pilot)


def screen_text(app: App[Any]) -> str:
    """The text on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def pane_text(app: App[Any], pane: type[Widget] | str) -> str:
    """The text of one part of the screen, without its border. Assumes narrow characters."""
    found = app.screen.query_exactly_one(pane)
    region = found.content_region
    lines = screen_text(app).splitlines()[region.y : region.bottom]
    return "\n".join(line[region.x : region.right].rstrip() for line in lines)


@contextmanager
def running_harness(
    tmp: Path,
    write: Callable[[Home], object] | None = None,
    *,
    home: Home | None = None,
    now: datetime | None = None,
) -> Iterator[AppHarness]:
    """A harness with a running owner, which has read what `write` puts into the home. With `now`,
    the database has been copied to its place, and contains what is in the home."""
    harness = AppHarness(tmp, home)
    if write is not None:
        write(harness.home)
    harness.start_owner()
    try:
        if now is None:
            harness.ingest()
        else:
            harness.now = now
        yield harness
    finally:
        harness.stop_owner()
    for dashboard in harness.dashboards:
        for error in dashboard.unexpected_errors.recorded:
            raise AssertionError("the dashboard recorded an unexpected error") from error
