"""The scope: everything, one project or one worktree, on every screen that lists sessions."""

from tests.app_harness import AppHarness, pane_text, press, press_each, screen_text
from tui.screens.board import SessionsPane
from tui.screens.journal import DaysPane
from tui.screens.tasks import TasksScreen


async def test_the_scope_is_shown_in_the_header_and_kept_on_other_screens(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "backslash")
        assert "in parser" in screen_text(app).splitlines()[0]
        assert "4 sessions in 1 project" in screen_text(app)
        assert "website" not in pane_text(app, SessionsPane)
        await press(pilot, "3")
        assert "in parser" not in screen_text(app).splitlines()[0]
        await press(pilot, "backslash", "4")
        assert "in parser" in screen_text(app).splitlines()[0]
        assert "website" not in pane_text(app, DaysPane)
        assert "4 sessions on" in pane_text(app, DaysPane)
        await press_each(pilot, "5", *"say", "enter")
        assert "Nothing" in screen_text(app) or "No matches" in screen_text(app)
        await press_each(pilot, "escape", "escape", "1", "backslash")
        assert "in parser · parser/" in screen_text(app).splitlines()[0]
        await press(pilot, "backslash")
        assert "11 sessions in 3 projects" in screen_text(app)


async def test_the_tasks_follow_the_project_of_the_session_under_the_cursor(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "slash", *"bump", "enter", "j")
        await press(pilot, "2")
        assert isinstance(app.screen, TasksScreen)
        assert app.screen.request.project == "website"
        await press_each(pilot, "1", "escape", "g", "2")
        assert app.screen.request.project == "parser"
