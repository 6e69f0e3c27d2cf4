"""Keys that arrive faster than screens are drawn: none crashes, none reaches the wrong screen."""

import asyncio
from typing import Final

import pytest

from tests.app_harness import (
    AppHarness,
    pane_text,
    press_at_once,
    press_each,
    screen_text,
    wait_for_text,
)
from tui.base_screen import BaseScreen
from tui.dialogs import ConfirmDialog, InputDialog, TypedConfirmDialog
from tui.screens.board import SessionsPane
from tui.screens.pipeline.screen import PipelineScreen
from tui.screens.why import DetailsScreen
from tui.widgets.table import Table
from tui.widgets.text_input import TextInput
from tui.widgets.text_view import TextView

DIALOGS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "help": (("question_mark",), ("escape", "question_mark")),
    "details": (("g", "w"), ("escape", "w")),
    "command line": (("colon",), ("escape", "enter")),
    "palette": (("ctrl+p",), ("escape", "enter")),
    "themes": (("colon", *"theme", "enter"), ("escape", "enter")),
    "session": (("j", "enter"), ("escape",)),
    "confirmation": (("q",), ("escape", "enter", "n")),
    "snooze": (("3", "A", "z"), ("escape", "enter")),
    "files to read again": (("3", "A", "X"), ("escape", "enter")),
    "typed confirmation": (("3", "A", "X", "enter"), ("escape", "enter")),
    "raw line": (("3", "A", "i"), ("escape", "i")),
    "task state": (("2", "equals_sign"), ("escape", "enter")),
    "task note": (("2", "m"), ("escape", "enter")),
    "journal": (("4", "e"), ("escape", "enter")),
    "export format": (("4", "e", "enter"), ("escape", "enter")),
}
"""The keys that open each dialog, and those that close it."""


@pytest.mark.parametrize("name", DIALOGS)
async def test_repeated_keys_close_only_one_dialog(harness: AppHarness, name: str) -> None:
    opening, closing = DIALOGS[name]
    async with harness.open_dashboard() as (app, pilot):
        app.exporting = True  # So that quitting opens a dialog.
        for key in closing:
            while app.screen_stack[1:]:
                await press_each(pilot, "escape")
            # The second time, the list shows all already.
            again = [each for each in opening if each != "A"]
            await press_each(pilot, "1", *(opening if key == closing[0] else again))
            opened = app.screen
            assert not type(opened).__name__.startswith("Board"), "nothing was opened"
            assert app.screen_stack[1:], "nothing was opened"
            await press_at_once(pilot, *[key] * 3)
            assert app.is_running
            assert opened not in app.screen_stack


async def test_an_answer_that_arrives_while_its_dialog_closes_is_no_error(
    harness: AppHarness,
) -> None:
    late: list[bool] = []
    async with harness.open_dashboard() as (app, pilot):
        await press_each(pilot, *DIALOGS["details"][0])
        dialog = app.screen

        async def show_late() -> None:
            while dialog.query(TextView):
                await asyncio.sleep(0)
            late.append(True)
            dialog.query_exactly_one(TextView)

        assert isinstance(dialog, DetailsScreen)
        dialog.start_worker(show_late)
        await press_each(pilot, "escape")
        assert late
        assert app.is_running


@pytest.mark.parametrize("opening", ["ctrl+p", "equals_sign"])
async def test_movement_keys_are_harmless_in_a_list_without_rows(
    harness: AppHarness, opening: str
) -> None:
    async with harness.open_dashboard("2") as (app, pilot):
        for key in ("pagedown", "pageup", "down", "up", "ctrl+home", "ctrl+end"):
            await press_at_once(pilot, opening, key, key, "escape")
            assert isinstance(app.screen, BaseScreen)


async def test_text_typed_at_once_reaches_the_dialog_that_a_key_opens(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("2") as (app, pilot):
        await press_at_once(pilot, "a", *"xbuy cocoa")
        assert isinstance(app.screen, InputDialog)
        assert app.screen.query_exactly_one(TextInput).value == "xbuy cocoa"
        await press_at_once(pilot, "enter")
        assert "xbuy cocoa" in screen_text(app)


async def test_text_typed_at_once_reaches_the_next_dialog(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("3", "A") as (app, pilot):
        await press_at_once(pilot, "X", "enter", *"rese")
        assert isinstance(app.screen, TypedConfirmDialog)
        assert app.screen.query_exactly_one(TextInput).value == "rese"


async def test_a_command_typed_at_once_is_run(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press_at_once(pilot, "colon", *"pipeline", "enter")
        assert app.current_mode == "pipeline"
        await press_at_once(pilot, "1", "slash", *"lexer", "enter")
        assert "Refactor the lexer" in screen_text(app)
        assert "Bump the dependencies" not in pane_text(app, SessionsPane)


@pytest.mark.parametrize("letter", ["U", "u", "P"])
async def test_a_key_that_changes_data_is_ignored_before_its_screen_is_shown(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    done: list[str] = []
    monkeypatch.setattr(BaseScreen, "run_command", lambda *_: done.append(letter))
    screen_key = "3" if letter == "P" else "2"
    async with harness.open_dashboard(notifications=True) as (app, pilot):
        await press_at_once(pilot, screen_key, letter)
        assert app.current_mode != "board"
        assert done == []
        await wait_for_text(pilot, f"“{letter}” was typed before this screen was shown")
        await press_at_once(pilot, letter)
        assert done == [letter]


async def test_text_typed_for_a_dialog_that_did_not_open_is_ignored(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The word `reset` starts with the key of `retry`."""
    done: list[str] = []
    monkeypatch.setattr(PipelineScreen, "action_retry", lambda _: done.append("r"))
    monkeypatch.setattr(PipelineScreen, "read_from_start", do_nothing)
    async with harness.open_dashboard("3", "A") as (app, pilot):
        sort = app.screen.query(Table).first().view.sort
        await press_at_once(pilot, "X", "enter", *"reset", "enter")
        assert done == []
        assert app.screen.query(Table).first().view.sort == sort


async def do_nothing(*_: object) -> None:
    """No dialog, as if nothing of the file had been read."""


async def test_a_confirmation_is_ignored_before_its_dialog_is_shown(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        app.exporting = True
        await press_at_once(pilot, "q", "y")
        assert isinstance(app.screen, ConfirmDialog)
        assert app.is_running
