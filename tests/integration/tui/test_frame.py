"""What all screens have in common: keys, help, filter, themes, window sizes, errors."""

from functools import partial
from pathlib import Path

import pytest
from textual.geometry import Size

from tests.app_harness import (
    AppHarness,
    pane_text,
    press,
    press_each,
    running_harness,
    screen_text,
    wait_for_text,
    wait_settled,
    wait_until,
)
from tui.base_screen import BaseScreen
from tui.commands import SCREENS
from tui.dashboard import Dashboard, Options
from tui.screens.board import CardPane, SessionsPane
from tui.themes import DEFAULT, HIGH_CONTRAST
from tui.window_size import layout_size


async def test_number_keys_switch_screens(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        # The box of the search takes digits as text only behind other text.
        for key in "2346151":
            await press(pilot, key)
            assert app.current_mode == SCREENS[int(key) - 1]


async def test_a_new_screen_loads_its_data_once_and_parses_no_style_sheet_again(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []
    load = BaseScreen._load

    async def count_and_load(screen: BaseScreen) -> None:
        loads.append(screen.TAB)
        await load(screen)

    monkeypatch.setattr(BaseScreen, "_load", count_and_load)
    async with harness.open_dashboard() as (app, pilot):
        monkeypatch.setattr(app.stylesheet, "reparse", lambda: loads.append("style sheets"))
        await press(pilot, "3")
        await press(pilot, "4")
        await press(pilot, "1")
        assert loads == ["board", "pipeline", "journal", "board"]


async def test_escape_never_quits(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "escape", "escape")
        assert app.is_running
        assert app.current_mode == "board"


async def test_help_lists_the_commands_of_the_current_screen(harness: AppHarness) -> None:
    async with harness.open_dashboard(size=(120, 60)) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Show only rows with these words" in screen_text(app)
        assert "Quit. Reading that has started is finished first." in screen_text(app)
        await press(pilot, "escape")
        assert "Show only rows" not in screen_text(app)


def footer_has_none(app: Dashboard, words: tuple[str, ...]) -> bool:
    footer = screen_text(app).splitlines()[-1]
    return not any(word in footer for word in words)


async def test_footer_follows_what_the_list_contains(tmp_path: Path) -> None:
    with running_harness(tmp_path) as harness:
        async with harness.open_dashboard() as (app, pilot):
            for screen, absent in (
                ("1", ("open", "copy", "resume")),
                ("3", ("open", "copy", "mark")),
                ("4", ("open", "copy", "mark")),
            ):
                await press(pilot, screen)
                # The footer is refreshed after the list.
                await wait_until(pilot, partial(footer_has_none, app, absent))
            new = harness.home.session(cwd="/home/dev/parser")
            new.prompt("Begin")
            new.write()
            harness.ingest()
            await pilot.press("1")
            await wait_for_text(pilot, "c resume")
            await wait_for_text(pilot, "Enter open  y copy")
            await press_each(pilot, "3", "right_square_bracket")
            await wait_for_text(pilot, "Enter open  Space mark  y copy")


async def test_why_explains_the_header_if_no_session_is_selected(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "g", "w")
        assert "what states and numbers come from" in screen_text(app)


async def test_terminals_with_16_colours_get_the_high_contrast_theme_by_default(
    harness: AppHarness,
) -> None:
    few, many = Options(live=False, few_colours=True), Options(live=False)
    app = harness.make_dashboard(few)
    async with app.run_test() as pilot:
        await wait_settled(pilot)
        assert app.theme == HIGH_CONTRAST
    app = harness.make_dashboard(many, keep_ui_state=True)
    async with app.run_test() as pilot:
        await wait_settled(pilot)
        assert app.theme == DEFAULT
        app.action_theme("nord")
    app = harness.make_dashboard(few, keep_ui_state=True)
    async with app.run_test() as pilot:
        await wait_settled(pilot)
        assert app.theme == "nord"


async def test_help_lists_screen_specific_commands_first_and_wraps_with_indent(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard(size=(80, 70)) as (app, pilot):
        assert screen_text(app).splitlines()[1].endswith("? help")
        await pilot.press("question_mark")
        await pilot.pause()
        text = screen_text(app)
        assert text.index("Open the row under the cursor.") < text.index("Quit. Reading")
        (wrapped,) = (line for line in text.splitlines() if "!word excludes." in line)
        (whole,) = (line for line in text.splitlines() if "Open the row under" in line)
        start = whole.index("Open the row")
        assert wrapped[start - 1].isspace()
        assert wrapped[start] != " "
        await pilot.press("G")
        await pilot.pause()
        assert "Up half a page." in screen_text(app)


async def test_a_command_is_typed_completed_and_run(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "colon", "p", "i", "p", "tab", "enter")
        assert app.current_mode == "pipeline"


async def test_filter_shows_matching_rows_and_escape_clears_it(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "slash", *"lexer", "enter")
        assert "Refactor the lexer" in screen_text(app)
        assert "Bump the dependencies" not in pane_text(app, SessionsPane)
        await press(pilot, "escape")
        assert "Bump the dependencies" in screen_text(app)


async def test_every_window_size_is_handled(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        for columns, rows in ((1, 1), (59, 20), (60, 14), (60, 15), (80, 24), (500, 200)):
            await pilot.resize_terminal(columns, rows)
            await wait_until(pilot, partial(has_size, app, layout_size(Size(columns, rows))))
            await wait_settled(pilot)
            too_small = columns < 60 or rows < 15
            if columns > 1:
                await wait_until(pilot, partial(asks_for_more_room, app, too_small))


def has_size(app: Dashboard, size: Size) -> bool:
    return app.screen.size == size


def asks_for_more_room(app: Dashboard, expected: bool) -> bool:
    return ("Tailboard needs 60×15" in screen_text(app)) is expected


@pytest.mark.fault("P13")
async def test_error_in_one_pane_is_shown_there_and_other_panes_work(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with harness.open_dashboard() as (app, pilot):

        def broken(_pane: CardPane, _result: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(CardPane, "show_result", broken)
        await press(pilot, "j", "j")
        assert app.is_running
        assert app.query_exactly_one(CardPane).failure is not None
        assert "y copies the details" in screen_text(app)
        assert "parser" in screen_text(app)
        monkeypatch.undo()
        await press(pilot, "j")
        assert "codex resume" in screen_text(app)
        assert "y copies the details" not in screen_text(app)


async def test_a_tick_during_screen_creation_is_harmless(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        switched = app.switch_mode("insights")
        app._tick()
        await switched
        await wait_settled(pilot)
        assert app.current_mode == "insights"
