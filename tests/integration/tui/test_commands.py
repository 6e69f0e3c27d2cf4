"""Commands: keys of the settings, the palette, and keys that cannot act."""

from textual.widgets import Input

from tests.app_harness import (
    AppHarness,
    press,
    press_each,
    screen_text,
    wait_for_text,
    wait_settled,
    wait_until,
)
from tui.screens.needs_pane import NeedsPane
from tui.screens.session import SessionScreen
from tui.screens.tasks import TasksScreen


async def test_keys_of_the_settings_work_and_are_shown(harness: AppHarness) -> None:
    async with harness.open_dashboard(keys=("needs=f6", "view=ctrl+v", "fly=f")) as (app, pilot):
        assert "There is no command “fly”" in next(iter(app._notifications)).message
        assert "Ctrl+v view" in screen_text(app).splitlines()[-1]
        await press(pilot, "exclamation_mark")
        assert not app.screen.query_exactly_one(NeedsPane).table.has_focus
        await press(pilot, "f6")
        assert app.screen.query_exactly_one(NeedsPane).table.has_focus
        await press(pilot, "question_mark")
        await press(pilot, "end")
        assert "f6" in screen_text(app)


async def test_the_footer_ends_with_the_key_that_shows_more(harness: AppHarness) -> None:
    async with harness.open_dashboard(size=(80, 24)) as (app, pilot):
        assert screen_text(app).splitlines()[-1].endswith("? more")
        await press(pilot, "2")
        assert screen_text(app).splitlines()[-1].endswith("? more")


async def test_the_palette_finds_sessions_projects_and_tasks_by_name(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        for typed, found in (("release notes", "Write the release"), ("website", "project")):
            await press(pilot, "1", "ctrl+p", *typed)
            await wait_for_text(pilot, found)
            await press(pilot, "enter")
            await wait_until(pilot, lambda: not app.query("Palette"))
            await wait_settled(pilot)
            if found == "project":
                assert "in website" in screen_text(app).splitlines()[0]
            else:
                assert isinstance(app.screen, SessionScreen)
                await press_each(pilot, "escape")


async def test_an_edit_is_named_with_how_to_undo_it_and_a_useless_key_says_why(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("2", "A", "g") as (app, pilot):
        assert isinstance(app.screen, TasksScreen)
        await press(pilot, "d")
        await wait_until(pilot, lambda: bool(app._notifications))
        messages = [note.message for note in app._notifications]
        assert messages == ["This task is done already."]
        await press(pilot, "l", "l", "d")
        await wait_until(pilot, lambda: len(app._notifications) > 1)
        assert "“Run the test suite” set to done. u undoes it." in [
            note.message for note in app._notifications
        ]
        await press_each(pilot, "left_square_bracket", "d")
        assert "done: this is an older plan. Esc shows the current one." in [
            note.message for note in app._notifications
        ]


async def test_the_line_completes_arguments_and_shows_keys(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press_each(pilot, "colon", *"comma")
        assert "command  :  Type a command" in screen_text(app)
        await press_each(pilot, *["backspace"] * 5, *"theme ")
        assert "paper" in screen_text(app)
        await press_each(pilot, *"pa", "tab", "enter")
        assert app.theme == "paper"
        await press_each(pilot, "colon", *"scope web")
        await wait_for_text(pilot, "website")
        await press_each(pilot, "tab", "enter")
        assert app.scope.project == "website"
        await press_each(pilot, "colon", *"search ki", "tab", *"comm", "tab")
        assert app.screen.query_exactly_one(Input).value == "search kind:command "
        await press_each(pilot, *"pytest", "enter")
        await wait_for_text(pilot, "filter: kind:command pytest")
        await press_each(pilot, "colon", *"go write the", "tab", "enter")
        assert isinstance(app.screen, SessionScreen)
        await press_each(pilot, "colon", *"go nowhere", "enter")
        assert "There is no session, project or task “nowhere”." in [
            note.message for note in app._notifications
        ]


async def test_the_line_completes_filters_of_the_list(harness: AppHarness) -> None:
    async with harness.open_dashboard("3") as (app, pilot):
        await press_each(pilot, "colon", *"filter sta", "tab")
        assert app.screen.query_exactly_one(Input).value == "filter state:"
        await wait_for_text(pilot, "state:given_up")
        await press_each(pilot, *"to", "tab", "enter")
        await wait_for_text(pilot, "filter: state:to_retry")
        await press_each(pilot, "1", "colon", *"filter refac", "tab", "enter")
        await wait_for_text(pilot, "2 of 11 sessions")


async def test_the_palette_completes_arguments(harness: AppHarness) -> None:
    async with harness.open_dashboard("ctrl+p", *"theme pap") as (app, pilot):
        await wait_for_text(pilot, "theme paper")
        await press(pilot, "enter")
        await wait_until(pilot, lambda: app.theme == "paper")
