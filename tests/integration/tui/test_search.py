"""Search and jump, as a person at the keyboard does it."""

import asyncio

import pytest
from textual.pilot import Pilot

from tests.scenes import HOSTILE
from tests.stage import PATIENCE, Stage, settled, shown
from tui.dashboard import Dashboard
from tui.screens.search import QuestionLine
from tui.screens.session import SessionScreen


async def until(pilot: Pilot[int], app: Dashboard, text: str) -> None:
    """Until this stands on the screen."""
    async with asyncio.timeout(PATIENCE):
        while text not in shown(app):
            await settled(pilot)
            await asyncio.sleep(0.005)


async def test_search_and_jump(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("5", *"pytest", "space", *"kind:out", "tab")
        assert app.screen.query_exactly_one(QuestionLine).value == "pytest kind:output "
        await pilot.press(*["backspace"] * 12, *"kind:command", "space", *"has:error")
        await until(pilot, app, "1 hit")
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, app, "✗ failed")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, SessionScreen)
        await until(pilot, app, "1 failed")
        assert "pytest -x" in shown(app)
        await pilot.press("escape")
        await settled(pilot)
        assert "1 hit" in shown(app)


async def test_results_come_as_one_types_and_go_with_escape(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await until(pilot, app, "project:")
        await pilot.press(*"lex")
        await until(pilot, app, "Refactor the lexer")
        await pilot.press("escape", "slash", *"parser", "slash", *"lex.py")
        await until(pilot, app, "file")
        await pilot.press("escape")
        await until(pilot, app, "in every session")
        await pilot.press("1")
        await settled(pilot)
        assert app.current_mode == "board"


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_where_it_is_narrow_tab_shows_the_place(stage: Stage, size: tuple[int, int]) -> None:
    app = stage.dashboard()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("5", *"lexer")
        await until(pilot, app, "1 hit")
        await pilot.press("enter", "tab")
        await until(pilot, app, "turn 1")


@pytest.mark.fault("U02", "U14")
async def test_nothing_that_was_found_is_markup_or_an_escape(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(200, 50)) as pilot:
        await settled(pilot)
        await pilot.press("5", *"[bold", "enter")
        await until(pilot, app, "[bold]x[/bold]")
        assert "\x1b" not in shown(app)
        assert HOSTILE not in shown(app)
