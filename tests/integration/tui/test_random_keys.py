"""Thousands of keys without sense, while the window changes, owners die and the database goes."""

import asyncio
import os
import random
from functools import partial
from typing import Final

import pytest
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.keys import key_to_character
from textual.widgets import Input

from tests.app_harness import PATIENCE, Stage, when
from tui.commands import COMMANDS
from tui.dashboard import Dashboard

SOAK: Final = bool(os.environ.get("TAILBOARD_SOAK"))
SEEDS: Final = range(20 if SOAK else 2)
KEYS: Final = 10_000 if SOAK else 600
"""Of each seed."""
BURST: Final = 40
"""Keys between two looks at whether all is well."""
DISTURBED: Final = 5
"""In one burst of so many the owner ends, in turns with the database and without."""
SIZES: Final = [(1, 1), (300, 80), (300, 1), (1, 80), (80, 24)]
"""Apart from any other between the smallest and the largest of them."""
LEAVES: Final = {"q", "ctrl+c", "ctrl+z"}
BOUND: Final = sorted({key for one in COMMANDS.values() for key in one.keys.split(",")} - {""})
POOL: Final = [
    *(key for key in BOUND if key not in LEAVES),
    *["enter"] * 6, *["escape"] * 6, *["y", "n", "tab", "backspace", "delete", "f5", "é", "x"],
    *"abcdefghijklmnoprstuvwxyz0123456789 !/:[]",
]  # fmt: skip


def name_of(key: str) -> str:
    return "space" if key == " " else key


async def handed_on(app: Dashboard, sent: int = 0) -> None:
    """Until so many keys have come and none is held; it may take long, as long as it goes on."""

    def waits() -> bool:
        return passed_on(app) < sent or not app.typed.settled

    while waits():
        done = passed_on(app)
        async with asyncio.timeout(PATIENCE):
            while waits() and passed_on(app) == done:
                assert app._exception is None
                await asyncio.sleep(0.002)


def passed_on(app: Dashboard) -> int:
    return app.typed.handed_on + app.typed.refused


def resize(app: Dashboard, chance: random.Random) -> None:
    """As the terminal tells it: in between the keys, and nobody waits for it."""
    any_size = (chance.randint(1, 300), chance.randint(1, 80))
    size = Size(*(chance.choice(SIZES) if chance.random() < 0.3 else any_size))
    assert isinstance(app._driver, HeadlessDriver)
    app._driver._size = size
    app._driver.send_message(events.Resize(size, size))


def disturb(stage: Stage, *, deleted: bool) -> None:
    """The owner ends and another comes; in between, the database may be deleted."""
    stage.close()
    if deleted:
        for one in stage.db.parent.glob(f"{stage.db.name}*"):
            if one.is_file():
                one.unlink()
    stage.open()


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_key_ends_it_and_none_is_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    # By a name in the palette, too, one could leave.
    monkeypatch.setattr(Dashboard, "action_quit", left_alone)
    monkeypatch.setattr(Dashboard, "action_suspend", lambda _: None)
    async with stage.opened() as (app, pilot):
        driver = app._driver
        assert driver is not None
        sent = 0
        for number in range(KEYS // BURST):
            happening = None
            if number % DISTURBED == seed % DISTURBED:
                deleted = bool(number // DISTURBED % 2)
                happening = asyncio.create_task(asyncio.to_thread(disturb, stage, deleted=deleted))
            for _ in range(BURST):
                key = name_of(chance.choice(POOL))
                driver.send_message(events.Key(key, key_to_character(key)))
                sent += 1
                if chance.random() < 0.05:
                    resize(app, chance)
                if chance.random() < 0.2:
                    await asyncio.sleep(0)
            await handed_on(app, sent)
            if happening is not None:
                await happening
            assert passed_on(app) == sent
            assert app.mistakes.met == []
        await pilot.resize_terminal(120, 40)
        # Its keys are still what they were: out of everything, and from screen to screen.
        for place, key in (("pipeline", "3"), ("insights", "6"), ("board", "1")):
            while len(app.screen_stack) > 1 or isinstance(app.focused, Input):
                app.simulate_key("escape")
                await asyncio.sleep(0)
                await handed_on(app)
            app.simulate_key(key)
            await asyncio.sleep(0)
            await when(pilot, partial(is_at, app, place))
        assert app.mistakes.met == []


def is_at(app: Dashboard, place: str) -> bool:
    return app.current_mode == place


async def left_alone(_: Dashboard) -> None:
    pass
