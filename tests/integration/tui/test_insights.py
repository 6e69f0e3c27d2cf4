"""The insights screen: periods, comparison and details."""

from tests.app_harness import AppHarness, pane_text, press, press_each, screen_text
from tui.screens.insights_spending import SpendingPane
from tui.screens.session import SessionScreen


async def test_a_period_is_chosen_and_compared_with_the_one_before(harness: AppHarness) -> None:
    async with harness.open_dashboard("6", size=(120, 60)) as (app, pilot):
        assert "the last 30 days" in screen_text(app)
        assert "Where the time went" in screen_text(app)
        assert "the last 30 days  all projects" in screen_text(app)
        await press(pilot, "T", "T", "T", "B")
        assert "Changes  the 7 days before → the last 7 days" in screen_text(app)
        await press(pilot, "tab", "G")
        assert "No sessions in this period" in screen_text(app)
        await press(pilot, "B")
        assert "Changes" not in screen_text(app)


async def test_on_a_narrow_screen_a_comparison_is_shown(harness: AppHarness) -> None:
    async with harness.open_dashboard("6", size=(80, 24)) as (app, pilot):
        await press(pilot, "B")
        assert "Changes" in screen_text(app)


async def test_a_project_opens_its_sessions_and_their_turns_and_escape_goes_back(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("6", size=(120, 40)) as (app, pilot):
        pane = app.screen.query_exactly_one(SpendingPane)
        project = pane.table.row
        assert project is not None
        await press_each(pilot, "j", "enter")
        second = pane.spending.level.project
        assert second is not None
        assert second.name != project.id
        assert f"{second.name}  the last 30 days" in pane_text(app, SpendingPane)
        await press(pilot, "enter")
        assert "3 turns" in pane_text(app, SpendingPane)
        await press_each(pilot, "escape", "escape")
        assert "3 projects" in pane_text(app, SpendingPane)
        assert pane.table.key is not None
        assert pane.table.key[-1] == second.key
        await press_each(pilot, "enter", "enter", "enter")
        assert isinstance(app.screen, SessionScreen)
        await press(pilot, "escape")
        assert "3 turns" in pane_text(app, SpendingPane)


async def test_rows_are_sorted_by_their_numbers(harness: AppHarness) -> None:
    async with harness.open_dashboard("6", size=(120, 40)) as (app, pilot):
        pane = app.screen.query_exactly_one(SpendingPane)
        for field in ("name", "tokens", "seconds"):
            while pane.table.view.sort != field:
                await press(pilot, "s")
            shown = [pane.spending.spent(key) for key in pane.table.all_keys()]
            values = [getattr(spent, field) for spent in shown]
            assert values == sorted(values, reverse=field != "name")


async def test_why_lists_the_largest_sessions_and_turns(harness: AppHarness) -> None:
    async with harness.open_dashboard("6", size=(120, 60)) as (app, pilot):
        await press(pilot, "w")
        assert "Largest in the last 30 days" in screen_text(app)
        assert "Sessions with the most tokens" in screen_text(app)
        assert "Longest turns" in screen_text(app)
        await press(pilot, "escape")
        assert "Tokens per turn" in screen_text(app)


async def test_all_time_cannot_be_compared(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "6", "T", "T", "B")
        assert "all time" in screen_text(app)
        assert "days before" not in screen_text(app)
