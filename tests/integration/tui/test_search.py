"""Search and jump, as a person at the keyboard does it."""

from datetime import timedelta

import pytest

from tests.app_harness import Stage, press, settled, shown, until
from tests.sample_home import HOSTILE
from tui.screens.search import QuestionLine, SearchScreen
from tui.screens.session import SessionScreen
from tui.widgets.table import Table


async def test_search_and_jump(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await pilot.press("5", *"pytest", "space", *"kind:out", "tab")
        assert app.screen.query_exactly_one(QuestionLine).value == "pytest kind:output "
        await pilot.press(*["backspace"] * 12, *"kind:command", "space", *"has:error")
        await until(pilot, "1 hit")
        assert "↓ results" in shown(app)
        await press(pilot, "enter")
        await until(pilot, "✗ failed")
        await press(pilot, "enter")
        assert isinstance(app.screen, SessionScreen)
        await until(pilot, "1 failed")
        assert "pytest -x" in shown(app)
        await press(pilot, "escape")
        assert "1 hit" in shown(app)


async def test_results_come_as_one_types_and_go_with_escape(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await pilot.press("5")
        await until(pilot, "project:")
        await pilot.press(*"lex")
        await until(pilot, "Refactor the lexer")
        await pilot.press("escape", "slash", *"parser", "slash", *"lex.py")
        await until(pilot, "file")
        await pilot.press("escape")
        await until(pilot, "in every session")
        await press(pilot, "1")
        assert app.current_mode == "board"


async def test_a_hit_is_the_same_an_hour_later(stage: Stage) -> None:
    async with stage.opened("5") as (app, pilot):
        await pilot.press(*"lexer")
        await until(pilot, "1 hit")
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        stage.now += timedelta(hours=1)
        screen.ask()
        await settled(pilot)
        assert screen.query_exactly_one(Table).waiting is None


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_where_it_is_narrow_tab_shows_the_place(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.opened(size=size) as (_, pilot):
        await pilot.press("5", *"lexer")
        await until(pilot, "1 hit")
        await pilot.press("enter", "tab")
        await until(pilot, "turn 1")


@pytest.mark.fault("U02", "U14")
async def test_nothing_that_was_found_is_markup_or_an_escape(stage: Stage) -> None:
    async with stage.opened(size=(200, 50)) as (app, pilot):
        await pilot.press("5", *"[bold", "enter")
        await until(pilot, "[bold]x[/bold]")
        assert "\x1b" not in shown(app)
        assert HOSTILE not in shown(app)
