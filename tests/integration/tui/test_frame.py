"""What all screens have in common, as a person at the keyboard sees it."""

from functools import partial
from pathlib import Path

import pytest
from textual.geometry import Size

from tests.app_harness import Stage, press, settled, shown, staged, steps, until, when
from tui.commands import SCREENS
from tui.dashboard import Dashboard, Options
from tui.screens.board import ResumeCard
from tui.themes import HIGH_CONTRAST, OWN
from tui.window_size import laid_out


async def test_the_numbers_lead_to_the_screens(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        # The search last: there, a number is a word that is searched for.
        for key in "234615":
            await press(pilot, key)
            assert app.current_mode == SCREENS[int(key) - 1]


async def test_escape_goes_up_and_never_leaves(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "escape", "escape")
        assert app.is_running
        assert app.current_mode == "board"


async def test_help_is_made_of_the_commands_that_count_here(stage: Stage) -> None:
    async with stage.opened(size=(120, 60)) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Show only what holds these words" in shown(app)
        assert "Leave; whatever is being read is finished first." in shown(app)
        await press(pilot, "escape")
        assert "Show only what holds" not in shown(app)


def names_none(app: Dashboard, words: tuple[str, ...]) -> bool:
    footer = shown(app).splitlines()[-1]
    return not any(word in footer for word in words)


async def test_the_footer_names_no_key_that_would_do_nothing(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        async with stage.opened() as (app, pilot):
            for screen, none_of in (
                ("1", ("open", "copy", "resume")),
                ("3", ("open", "copy", "mark")),
                ("4", ("open", "copy", "mark")),
            ):
                await press(pilot, screen)
                # The keys follow the list, in a refresh of their own.
                await when(pilot, partial(names_none, app, none_of))
            new = stage.home.session(cwd="/home/dev/parser")
            new.prompt("Begin")
            new.write()
            stage.read()
            await pilot.press("1")
            await until(pilot, "c resume")
            await until(pilot, "Enter open  y copy")
            await steps(pilot, "3", "right_square_bracket")
            await until(pilot, "Enter open  Space mark  y copy")


async def test_why_where_no_session_is_meant_is_asked_of_the_figures(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "g", "w")
        assert "what the figures are made of" in shown(app)


async def test_sixteen_colours_get_the_theme_that_needs_no_more_until_another_is_chosen(
    stage: Stage,
) -> None:
    few, many = Options(live=False, few_colours=True), Options(live=False)
    app = stage.dashboard(few)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == HIGH_CONTRAST
    app = stage.dashboard(many, remembers=True)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == OWN
        app.action_theme("nord")
    app = stage.dashboard(few, remembers=True)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == "nord"


async def test_help_tells_what_is_particular_first_and_wraps_within_its_column(
    stage: Stage,
) -> None:
    async with stage.opened(size=(80, 50)) as (app, pilot):
        assert shown(app).splitlines()[1].endswith("? help")
        await pilot.press("question_mark")
        await pilot.pause()
        told = shown(app)
        assert told.index("Go one level deeper.") < told.index("What is going on")
        (broken,) = (line for line in told.splitlines() if "!word leaves out." in line)
        (whole,) = (line for line in told.splitlines() if "Go one level deeper." in line)
        assert broken.index("!word") == whole.index("Go one")
        await pilot.press("G")
        await pilot.pause()
        assert "Half a page up." in shown(app)


async def test_a_command_is_written_completed_and_done(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "colon", "p", "i", "p", "tab", "enter")
        assert app.current_mode == "pipeline"


async def test_a_filter_leaves_what_holds_the_words_and_escape_shows_all(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        await press(pilot, "slash", *"lexer", "enter")
        assert "Refactor the lexer" in shown(app)
        assert "Bump the dependencies" not in shown(app)
        await press(pilot, "escape")
        assert "Bump the dependencies" in shown(app)


@pytest.mark.parametrize("size", [(1, 1), (59, 20), (60, 14), (60, 15), (80, 24), (500, 200)])
async def test_every_size_of_window_can_be_borne(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.opened() as (app, pilot):
        await pilot.resize_terminal(*size)
        await when(pilot, lambda: app.screen.size == laid_out(Size(*size)))
        await settled(pilot)
        too_small = size[0] < 60 or size[1] < 15
        if size != (1, 1):
            await when(pilot, lambda: ("Tailboard needs 60×15" in shown(app)) is too_small)


@pytest.mark.fault("P13")
async def test_a_mistake_in_one_pane_is_told_there_and_the_others_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.opened() as (app, pilot):

        def broken(_card: ResumeCard, _found: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(ResumeCard, "show", broken)
        await press(pilot, "j", "j")
        assert app.is_running
        assert app.query_exactly_one(ResumeCard).failure is not None
        assert "y copies the details" in shown(app)
        assert "parser" in shown(app)
        monkeypatch.undo()
        await press(pilot, "j")
        assert "Continue" in shown(app)
        assert "y copies the details" not in shown(app)


async def test_time_may_pass_while_a_screen_is_still_being_made(stage: Stage) -> None:
    async with stage.opened() as (app, pilot):
        made = app.switch_mode("insights")
        app._tick()
        await made
        await settled(pilot)
        assert app.current_mode == "insights"
