"""Thousands of keys without sense, while the window changes, owners die and the database goes."""

import asyncio
import os
import random
from functools import partial
from typing import Final

import pytest
from textual import events
from textual.keys import key_to_character
from textual.widgets import Input

from tests.app_harness import PATIENCE, Stage, when
from tui.commands import COMMANDS
from tui.dashboard import Dashboard

SOAK: Final = bool(os.environ.get("TAILBOARD_SOAK"))
SEEDS: Final = range(20 if SOAK else 4)
KEYS: Final = 10_000 if SOAK else 80
"""Few in the tests, so that a loaded machine bears them; `make soak` presses 200,000."""
BURST: Final = 40
"""Keys between two looks at whether all is well."""
LEAVES: Final = {"q", "ctrl+c", "ctrl+z"}
BOUND: Final = sorted({key for one in COMMANDS.values() for key in one.keys.split(",")} - {""})
POOL: Final = [
    *(key for key in BOUND if key not in LEAVES),
    *["enter"] * 6, *["escape"] * 6, *["y", "n", "tab", "backspace", "delete", "f5", "é", "x"],
    *"abcdefghijklmnoprstuvwxyz0123456789 !/:[]",
]  # fmt: skip


def name_of(key: str) -> str:
    return "space" if key == " " else key


async def handed_on(app: Dashboard) -> None:
    async with asyncio.timeout(PATIENCE):
        while not app.typed.settled:
            assert app._exception is None
            await asyncio.sleep(0.002)


def disturb(stage: Stage, chance: random.Random) -> None:
    """The owner ends and another comes; sometimes the database is gone in between."""
    stage.close()
    if chance.random() < 0.5:
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
        while sent < KEYS:
            for _ in range(BURST):
                key = name_of(chance.choice(POOL))
                driver.send_message(events.Key(key, key_to_character(key)))
                sent += 1
                if chance.random() < 0.2:
                    await asyncio.sleep(0)
            if chance.random() < 0.5:
                await pilot.resize_terminal(chance.randint(1, 300), chance.randint(1, 80))
            if chance.random() < 0.04:
                await asyncio.to_thread(disturb, stage, chance)
            await handed_on(app)
            assert app.typed.handed_on + app.typed.refused == sent
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
