"""The search screen."""

from datetime import timedelta

import pytest

from tests.app_harness import AppHarness, press, screen_text, wait_for_text, wait_settled
from tests.sample_home import HOSTILE
from tui.screens.search import SearchInput, SearchScreen
from tui.screens.session import SessionScreen
from tui.widgets.table import Table


async def test_a_search_result_opens_its_session_at_the_match(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await pilot.press("5", *"pytest", "space", *"kind:out", "tab")
        assert app.screen.query_exactly_one(SearchInput).value == "pytest kind:output "
        await pilot.press(*["backspace"] * 12, *"kind:command", "space", *"has:error")
        await wait_for_text(pilot, "1 hit")
        assert "↓ results" in screen_text(app)
        await press(pilot, "enter")
        await wait_for_text(pilot, "✗ failed")
        await press(pilot, "enter")
        assert isinstance(app.screen, SessionScreen)
        await wait_for_text(pilot, "1 failed")
        assert "pytest -x" in screen_text(app)
        await press(pilot, "escape")
        assert "1 hit" in screen_text(app)


async def test_results_appear_while_typing_and_escape_clears_them(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await pilot.press("5")
        await wait_for_text(pilot, "project:")
        await pilot.press(*"lex")
        await wait_for_text(pilot, "Refactor the lexer")
        await pilot.press("escape", "slash", *"parser", "slash", *"lex.py")
        await wait_for_text(pilot, "file")
        await pilot.press("escape")
        await wait_for_text(pilot, "and changed files.")
        await press(pilot, "1")
        assert app.current_mode == "board"


async def test_a_hit_has_the_same_key_an_hour_later(harness: AppHarness) -> None:
    async with harness.open_dashboard("5") as (app, pilot):
        await pilot.press(*"lexer")
        await wait_for_text(pilot, "1 hit")
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        harness.now += timedelta(hours=1)
        screen.load_now()
        await wait_settled(pilot)
        assert screen.query_exactly_one(Table).pending_keys is None


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_on_a_narrow_screen_tab_shows_the_hit(
    harness: AppHarness, size: tuple[int, int]
) -> None:
    async with harness.open_dashboard(size=size) as (_, pilot):
        await pilot.press("5", *"lexer")
        await wait_for_text(pilot, "1 hit")
        await pilot.press("enter", "tab")
        await wait_for_text(pilot, "turn 1")


@pytest.mark.fault("U02", "U14")
async def test_hits_are_neither_markup_nor_control_sequences(harness: AppHarness) -> None:
    async with harness.open_dashboard(size=(200, 50)) as (app, pilot):
        await pilot.press("5", *"[bold", "enter")
        await wait_for_text(pilot, "[bold]x[/bold]")
        assert "\x1b" not in screen_text(app)
        assert HOSTILE not in screen_text(app)
