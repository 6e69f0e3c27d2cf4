"""Thousands of random keys while the window is resized, owners end and the database is deleted."""

import asyncio
import random
from functools import partial
from typing import Final

import pytest
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.keys import key_to_character
from textual.widgets import Input

from tests.app_harness import TIMEOUT, AppHarness, wait_until
from tests.soak import SOAK
from tui.commands import COMMANDS
from tui.dashboard import Dashboard

SEEDS: Final = range(20 if SOAK else 5)
KEYS: Final = 10_000 if SOAK else 120
"""Per seed."""
BURST: Final = 40
"""Keys between two checks."""
DISTURB_EVERY: Final = 3
"""In one of this many bursts the owner is replaced, alternately with and without the database."""
SIZES: Final = [(1, 1), (300, 80), (300, 1), (1, 80), (80, 24)]
"""Besides random sizes between the smallest and the largest of these."""
LEAVES: Final = {"q", "ctrl+c", "ctrl+z"}
BOUND: Final = sorted(
    {key for command in COMMANDS.values() for key in command.keys.split(",")} - {""}
)
POOL: Final = [
    *(key for key in BOUND if key not in LEAVES),
    *["enter"] * 6, *["escape"] * 6, *["y", "n", "tab", "backspace", "delete", "f5", "é", "x"],
    *"abcdefghijklmnoprstuvwxyz0123456789 !/:[]",
]  # fmt: skip


def name_of(key: str) -> str:
    return "space" if key == " " else key


async def wait_delivered(app: Dashboard, sent: int = 0) -> None:
    """Wait until this many keys are processed. Fails only if there is no progress."""

    def pending() -> bool:
        return processed(app) < sent or not app.typeahead.settled

    while pending():
        done = processed(app)
        async with asyncio.timeout(TIMEOUT):
            while pending() and processed(app) == done:
                assert app._exception is None
                await asyncio.sleep(0.002)


def processed(app: Dashboard) -> int:
    return app.typeahead.delivered + app.typeahead.ignored


def resize(app: Dashboard, chance: random.Random) -> None:
    """Send a resize as a terminal does: between keys, without waiting."""
    any_size = (chance.randint(1, 300), chance.randint(1, 80))
    size = Size(*(chance.choice(SIZES) if chance.random() < 0.3 else any_size))
    assert isinstance(app._driver, HeadlessDriver)
    app._driver._size = size
    app._driver.send_message(events.Resize(size, size))


def disturb(harness: AppHarness, *, deleted: bool) -> None:
    """Replace the owner, and delete the database in between if asked to."""
    harness.stop_owner()
    if deleted:
        for path in harness.db.parent.glob(f"{harness.db.name}*"):
            if path.is_file():
                path.unlink()
    harness.start_owner()


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_keys_neither_crash_the_dashboard_nor_get_lost(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    # The palette could quit, too.
    monkeypatch.setattr(Dashboard, "action_quit", do_nothing)
    monkeypatch.setattr(Dashboard, "action_suspend", lambda _: None)
    async with harness.open_dashboard() as (app, pilot):
        driver = app._driver
        assert driver is not None
        sent = 0
        for number in range(KEYS // BURST):
            disturbance = None
            if number % DISTURB_EVERY == seed % DISTURB_EVERY:
                deleted = bool(number // DISTURB_EVERY % 2)
                disturbance = asyncio.create_task(
                    asyncio.to_thread(disturb, harness, deleted=deleted)
                )
            for _ in range(BURST):
                key = name_of(chance.choice(POOL))
                driver.send_message(events.Key(key, key_to_character(key)))
                sent += 1
                if chance.random() < 0.05:
                    resize(app, chance)
                if chance.random() < 0.2:
                    await asyncio.sleep(0)
            await wait_delivered(app, sent)
            if disturbance is not None:
                await disturbance
            assert processed(app) == sent
            assert app.unexpected_errors.recorded == []
        await pilot.resize_terminal(120, 40)
        # Escape still closes everything, and number keys still switch screens.
        for mode, key in (("pipeline", "3"), ("insights", "6"), ("board", "1")):
            while len(app.screen_stack) > 1 or isinstance(app.focused, Input):
                app.simulate_key("escape")
                await asyncio.sleep(0)
                await wait_delivered(app)
            app.simulate_key(key)
            await asyncio.sleep(0)
            await wait_until(pilot, partial(is_at, app, mode))
        assert app.unexpected_errors.recorded == []


def is_at(app: Dashboard, mode: str) -> bool:
    return app.current_mode == mode


async def do_nothing(_: Dashboard) -> None:
    pass
