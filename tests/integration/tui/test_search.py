"""The search screen."""

from datetime import timedelta

import pytest

from tests.app_harness import (
    AppHarness,
    pane_text,
    press,
    press_each,
    screen_text,
    wait_for_text,
    wait_settled,
)
from tests.sample_home import HOSTILE
from tui.screens.search import ResultsPane, SearchInput, SearchScreen
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


async def test_hits_are_sorted_by_relevance_or_the_newest_first(harness: AppHarness) -> None:
    async with harness.open_dashboard("5") as (app, pilot):
        await press(pilot, *"parser")
        await wait_for_text(pilot, "best first, s: newest first")
        await press(pilot, "down")
        table = app.screen.query_exactly_one(ResultsPane).table
        best = list(table.all_keys())
        await press(pilot, "s")
        newest = list(table.all_keys())
        assert "newest first, s: best first" in screen_text(app)
        assert newest == sorted(newest, key=lambda hit: hit.at, reverse=True) != best
        assert set(newest) == set(best)
        await press(pilot, "s")
        assert list(table.all_keys()) == best


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


async def test_digits_switch_screens_until_the_box_has_text(harness: AppHarness) -> None:
    async with harness.open_dashboard("5") as (app, pilot):
        await press(pilot, "2", "5")
        assert app.current_mode == "search"
        await press(pilot, "x", "2")
        assert app.screen.query_exactly_one(SearchInput).value == "x2"


async def test_hits_show_the_session_its_project_and_the_exit_code(harness: AppHarness) -> None:
    async with harness.open_dashboard("5", size=(200, 50)) as (app, pilot):
        assert "0 hits" not in screen_text(app)
        await press_each(pilot, *"kind:command has:error")
        await wait_for_text(pilot, "3 hits")
        rows = pane_text(app, ResultsPane).splitlines()
        newest = next(line for line in rows if "exit 1" in line)
        for text in ("exit 1 pytest -x", "Fix the unicode test", "parser", "29 s"):
            assert text in newest
        await press_each(pilot, *" zzzz")
        await wait_for_text(pilot, "0 hits")


async def test_filters_are_coloured_and_words_are_not(harness: AppHarness) -> None:
    async with harness.open_dashboard("5") as (app, pilot):
        await press_each(pilot, *"ki", "tab", *"comm", "tab", *"kind")
        line = app.screen.query_exactly_one(SearchInput)
        assert line.value == "kind:command kind"
        spans = [(span.start, span.end) for span in line._value.spans if span.style]
        assert spans == [(0, len("kind:command"))]


async def test_a_filter_with_an_unknown_value_names_those_it_knows(harness: AppHarness) -> None:
    message = "since: does not know “lastweek”; 7d, yesterday"
    async with harness.open_dashboard("5", size=(160, 40)) as (app, pilot):
        await press_each(pilot, *"zzzz since:lastweek")
        await wait_for_text(pilot, message)
        assert "No matches" not in screen_text(app)
        await press(pilot, "escape")
        await press_each(pilot, *"/parser lexer since:lastweek")
        await wait_for_text(pilot, "hit")
        await wait_for_text(pilot, message)


async def test_a_slash_before_a_search_goes_to_the_box(harness: AppHarness) -> None:
    async with harness.open_dashboard("5") as (app, pilot):
        await press_each(pilot, *"/lexer/x")
        assert app.screen.query_exactly_one(SearchInput).value == "lexer/x"
        await press(pilot, "home", "slash")
        assert app.screen.query_exactly_one(SearchInput).value == "lexer/x"


async def test_a_search_is_saved_chosen_again_and_removed(harness: AppHarness) -> None:
    async with harness.open_dashboard("5") as (app, pilot):
        await press(pilot, "asterisk")
        assert "Type a search first" in "".join(note.message for note in app._notifications)
        await press_each(pilot, *"lexer", "asterisk", "enter")
        assert app.ui_state.searches == ["lexer"]
    app = harness.make_dashboard(keep_ui_state=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        await press(pilot, "5", "asterisk", "enter")
        await wait_for_text(pilot, "1 hit")
        await press(pilot, "asterisk", "enter")
        assert app.ui_state.searches == []
