"""A database with its door open in this process, and dashboards that look through the door.

The owner works on a thread of its own, as it would in a process of its own; the clock stands still
at `now`. What is written to `home` is seen after `read`.
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

from ingest.pipeline.bootstrap import RunningServer, ServerOptions, start_or_connect
from ingest.pipeline.homes import homes
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.settings import Settings
from tests.build import Home
from tui.base_screen import BaseScreen
from tui.dashboard import Dashboard, Options
from tui.dialogs import Dialog
from tui.supervisor import Supervisor
from tui.ui_state import beside

PATIENCE = 60
"""Seconds after which something hangs for good."""


class Stage:
    def __init__(self, tmp: Path, home: Home | None = None) -> None:
        self.home = home or Home(tmp / "codex")
        self.db = tmp / "data" / "tailboard.duckdb"
        self.now = datetime(2026, 11, 21, 14)
        self.dashboards: list[Dashboard] = []
        """All that looked at it; none of them may have met a mistake that no test expected."""
        self._owned: RunningServer | None = None
        self._work: threading.Thread | None = None
        self._ending = threading.Event()
        self._bell = threading.Event()

    # ── the owner ───────────────────────────────────────────────────────────────────────────────

    def open(self) -> None:
        """Become the owner, and let others in."""
        opened = threading.Event()
        self._ending.clear()

        def work() -> None:
            wish = ServerOptions(homes([self.home.path]), Role.DASHBOARD)
            found = start_or_connect(self.db, wish, lambda: self.now)
            assert isinstance(found, RunningServer)
            with found:
                found.commands.wake = self._bell.set
                self._owned = found
                opened.set()
                while not self._ending.is_set():
                    found.commands.run_pending(idle=True)
                    self._bell.wait(0.05)
                    self._bell.clear()

        self._work = threading.Thread(target=work, daemon=True)
        self._work.start()
        assert opened.wait(PATIENCE)

    def close(self) -> None:
        """The owner ends, and its door with it."""
        self._ending.set()
        self._bell.set()
        if self._work is not None:
            self._work.join(PATIENCE)

    def read(self) -> None:
        """Have everything read that is new; the clock then stands half a minute after it."""
        self.now = datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(
            tzinfo=None
        ) + timedelta(seconds=30)
        with DatabaseClient(self.db) as remote:
            remote.act("pass")

    # ── the dashboard ───────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def opened(
        self, *keys: str, size: tuple[int, int] = (120, 40), notes: bool = False, **said: Any
    ) -> AsyncIterator[tuple[Dashboard, Pilot[int]]]:
        """A dashboard in a window, and who presses its keys, once what these lead to is shown;
        with `notes`, also what is told in passing."""
        app = self.dashboard(**said)
        async with app.run_test(size=size, notifications=notes) as pilot:
            await settled(pilot)
            await steps(pilot, *keys)
            yield app, pilot

    def dashboard(
        self,
        manner: Options = Options(live=False),  # noqa: B008
        *,
        remembers: bool = False,
        **said: Any,
    ) -> Dashboard:
        """One that holds still: what it is told it shows, and time does not pass. It begins as at
        the very first start, unless it `remembers` the one before."""
        if not remembers:
            beside(self.db).unlink(missing_ok=True)
        settings = Settings(codex_homes=(Path("/home/dev/.codex"),), db=self.db, **said)
        keeper = Supervisor(self.db)
        keeper.start()
        made = Dashboard(settings, keeper, manner, lambda: self.now)
        self.dashboards.append(made)
        return made


def expected(app: Dashboard, kind: type[BaseException]) -> None:
    """It has met a mistake, and only of this kind."""
    assert app.mistakes.met
    assert all(isinstance(one, kind) for one in app.mistakes.met)
    app.mistakes.met.clear()


async def when(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    """Until it is so; looked at again and again, because other threads have a hand in it."""
    async with asyncio.timeout(PATIENCE):
        await pilot.pause()
        while not true():
            assert pilot.app._exception is None, "it has ended"
            await asyncio.sleep(0.005)
            await pilot.pause()


async def settled(pilot: Pilot[Any]) -> None:
    """Until everything that is known of is on the screen."""

    def still() -> bool:
        screen = pilot.app.screen
        typed = isinstance(pilot.app, Dashboard) and not pilot.app.typed.settled
        # An order waits for its answer as long as the question stands.
        asked = isinstance(screen, Dialog)
        done = asked or all(worker.is_finished for worker in pilot.app.workers)
        return (
            done
            and not typed
            and is_drawn(screen)
            and (not isinstance(screen, BaseScreen) or screen.settled)
        )

    await when(pilot, still)


def is_drawn(screen: Screen[Any]) -> bool:
    """Whether nothing of it waits to be drawn, the keys in its footer among it."""
    return not (screen._dirty_widgets or screen._layout_required or screen._callbacks)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """All of them at once, as one types; until what came of it is on the screen."""
    await pilot.press(*keys)
    await settled(pilot)


async def burst(pilot: Pilot[Any], *keys: str) -> None:
    """All of them in one read, as a terminal hands on what was typed while the program was busy;
    until what came of it is on the screen."""
    driver = pilot.app._driver
    assert driver is not None
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        driver.send_message(events.Key(name, key_to_character(name)))
    await settled(pilot)


async def steps(pilot: Pilot[Any], *keys: str) -> None:
    """One after the other, each when what came of the last is on the screen."""
    for key in keys:
        await press(pilot, key)


async def until(pilot: Pilot[Any], text: str) -> None:
    """Until this stands on the screen, and all that came with it."""
    await when(pilot, lambda: text in shown(pilot.app))
    await settled(pilot)


async def asked(pilot: Pilot[Any], kind: type[Dialog[Any]]) -> None:
    """Until a question of this kind is put to the person."""
    await when(pilot, lambda: type(pilot.app.screen) is kind)
    await pilot.pause()


async def answered(pilot: Pilot[Any]) -> None:
    """Until no question is left, and what came of it is on the screen."""
    await when(pilot, lambda: not isinstance(pilot.app.screen, Dialog))
    await settled(pilot)


def shown(app: App[Any]) -> str:
    """What stands on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


@contextmanager
def staged(tmp: Path, write: Callable[[Home], object] | None = None) -> Iterator[Stage]:
    """A stage with what `write` puts into its home, all of it read."""
    stage = Stage(tmp)
    if write is not None:
        write(stage.home)
    stage.open()
    try:
        stage.read()
        yield stage
    finally:
        stage.close()
    for dashboard in stage.dashboards:
        for mistake in dashboard.mistakes.met:
            raise AssertionError("the dashboard met a mistake of its own") from mistake
