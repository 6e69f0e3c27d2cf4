"""Keys that come faster than screens: none ends the program, none reaches another screen."""

from typing import Final

import pytest

from tests.app_harness import Stage, burst, shown, steps, until
from tui.base_screen import BaseScreen
from tui.dialogs import Ask, Confirm, Typed
from tui.screens.pipeline.screen import PipelineScreen
from tui.widgets.entry import Entry
from tui.widgets.table import Table

DIALOGS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "help": (("question_mark",), ("escape", "question_mark")),
    "why": (("g", "w"), ("escape", "w")),
    "command line": (("colon",), ("escape", "enter")),
    "palette": (("ctrl+p",), ("escape", "enter")),
    "themes": (("colon", *"theme", "enter"), ("escape", "enter")),
    "session": (("j", "enter"), ("escape",)),
    "yes or no": (("q",), ("escape", "enter", "n")),
    "until when": (("3", "z"), ("escape", "enter")),
    "what to read again": (("3", "X"), ("escape", "enter")),
    "word": (("3", "X", "enter"), ("escape", "enter")),
    "raw line": (("3", "i"), ("escape", "i")),
    "state of a task": (("2", "s"), ("escape", "enter")),
    "note at a task": (("2", "m"), ("escape", "enter")),
    "which journal": (("4", "e"), ("escape", "enter")),
    "which form": (("4", "e", "enter"), ("escape", "enter")),
}
"""How each is opened, and the keys that close it."""


@pytest.mark.parametrize("name", DIALOGS)
async def test_a_dialog_is_closed_once_however_often_its_key_came_in_one_read(
    stage: Stage, name: str
) -> None:
    opening, closing = DIALOGS[name]
    async with stage.opened() as (app, pilot):
        app.exporting = True  # So that leaving is asked about.
        for key in closing:
            while app.screen_stack[1:]:
                await steps(pilot, "escape")
            await steps(pilot, "1", *opening)
            opened = app.screen
            assert not type(opened).__name__.startswith("Board"), "nothing was opened"
            assert app.screen_stack[1:], "nothing was opened"
            await burst(pilot, *[key] * 3)
            assert app.is_running
            assert opened not in app.screen_stack


@pytest.mark.parametrize("opening", ["ctrl+p", "s"])
async def test_a_list_that_is_not_filled_yet_bears_every_key(stage: Stage, opening: str) -> None:
    async with stage.opened("2") as (app, pilot):
        for key in ("pagedown", "pageup", "down", "up", "ctrl+home", "ctrl+end"):
            await burst(pilot, opening, key, key, "escape")
            assert isinstance(app.screen, BaseScreen)


async def test_words_typed_at_once_behind_a_key_reach_the_dialog_it_opens(stage: Stage) -> None:
    async with stage.opened("2") as (app, pilot):
        await burst(pilot, "a", *"xbuy cocoa")
        assert isinstance(app.screen, Ask)
        assert app.screen.query_exactly_one(Entry).value == "xbuy cocoa"
        await burst(pilot, "enter")
        assert "xbuy cocoa" in shown(app)


async def test_words_typed_at_once_reach_a_dialog_that_is_opened_after_an_answer(
    stage: Stage,
) -> None:
    async with stage.opened("3") as (app, pilot):
        await burst(pilot, "X", "enter", *"rese")
        assert isinstance(app.screen, Typed)
        assert app.screen.query_exactly_one(Entry).value == "rese"


async def test_a_command_typed_at_once_is_done(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await burst(pilot, "colon", *"pipeline", "enter")
        assert app.current_mode == "pipeline"
        await burst(pilot, "1", "slash", *"lexer", "enter")
        assert "Refactor the lexer" in shown(app)
        assert "Bump the dependencies" not in shown(app)


@pytest.mark.parametrize("letter", ["r", "c", "u", "P"])
async def test_a_letter_that_changes_something_needs_its_screen_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    done: list[str] = []
    monkeypatch.setattr(BaseScreen, "order", lambda *_: done.append(letter))
    place = "3" if letter in "rP" else "2"
    async with stage.opened(notes=True) as (app, pilot):
        await burst(pilot, place, letter)
        assert app.current_mode != "board"
        assert done == []
        await until(pilot, f"“{letter}” was typed before this screen was shown")
        await burst(pilot, letter)
        assert done == [letter]


async def test_what_was_typed_for_a_dialog_that_did_not_come_is_not_carried_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`reset`, where there is nothing to reset, begins with the key of retry."""
    done: list[str] = []
    monkeypatch.setattr(PipelineScreen, "action_retry", lambda _: done.append("r"))
    monkeypatch.setattr(PipelineScreen, "_begin_afresh", nothing)
    async with stage.opened("3") as (app, pilot):
        sort = app.screen.query(Table).first().view.sort
        await burst(pilot, "X", "enter", *"reset", "enter")
        assert done == []
        assert app.screen.query(Table).first().view.sort == sort


async def nothing(*_: object) -> None:
    """Nothing was read of it, so there is nothing to ask."""


async def test_yes_is_not_said_to_a_question_nobody_has_seen(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        app.exporting = True
        await burst(pilot, "q", "y")
        assert isinstance(app.screen, Confirm)
        assert app.is_running
