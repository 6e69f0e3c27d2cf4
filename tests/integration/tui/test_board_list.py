"""The list of the board: as a tree and flat, sorted, filtered, with heads and running commands."""

from tests.app_harness import (
    AppHarness,
    pane_text,
    press,
    press_each,
    screen_text,
    wait_settled,
)
from tui.screens.board import SessionsPane
from tui.screens.session import SessionScreen
from tui.widgets.table import Table


async def test_heads_count_states_and_a_running_session_shows_what_it_does(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        lines = pane_text(app, SessionsPane).splitlines()
        assert lines[1].split() == ["▾", "parser", "main", "●", "1", "◐", "1"]
        running = next(i for i, line in enumerate(lines) if "Fix the unicode test" in line)
        assert "↳ now ▁▁▁▁▁▁▁▁▁▁▁█ pytest" in lines[running + 1]
        await press(pilot, "j", "j", "enter")
        assert isinstance(app.screen, SessionScreen)
        table = app.screen.query_exactly_one(Table)
        assert table.row is not None
        assert "pytest" in table.row.visible_text()
        assert table.cursor == table.length - 1


async def test_the_list_is_shown_flat_and_sorted(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press_each(pilot, "v", "s", "g")
        lines = pane_text(app, SessionsPane).splitlines()
        assert lines[0].startswith("Session↓")
        assert lines[1].startswith("◆ Bump the dependencies  web")
        assert "Survey the docs" in screen_text(app)
        await press_each(pilot, "S", "g")
        assert "Write the release notes" in pane_text(app, SessionsPane).splitlines()[1]
    again = harness.make_dashboard(keep_ui_state=True)
    async with again.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        assert "Write the release notes" in pane_text(again, SessionsPane).splitlines()[1]


async def test_all_projects_are_closed_and_opened_with_one_key(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "H")
        assert pane_text(app, SessionsPane).count("▸") == 3
        assert "4 sessions" in pane_text(app, SessionsPane)
        await press(pilot, "H")
        assert "Say hello" in pane_text(app, SessionsPane)


async def test_the_head_of_a_project_stays_when_its_sessions_are_scrolled(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("G", size=(80, 20)) as (app, _):
        assert pane_text(app, SessionsPane).splitlines()[0].startswith("▾ parser  main  ● 1")


async def test_the_filter_knows_states_branches_models_and_agents(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        await press(pilot, "slash", *"stalled", "enter")
        assert "1 of 11 sessions in 1 of 3 projects" in screen_text(app)
        assert "Bump the dependencies" in pane_text(app, SessionsPane)
        assert "2 hidden need you" in screen_text(app)
        for words, shown in (("hilbert", 1), ("gpt-5.5 main", 11), ("failed !main", 0)):
            app.screen.query_exactly_one(SessionsPane).action_filter(words)
            await wait_settled(pilot)
            table = app.screen.query_exactly_one(SessionsPane).table
            sessions = [key for key in table.all_keys() if len(key) == 2 and key[0] != "project"]
            assert len(sessions) == shown, words


async def test_the_filter_is_forgotten_at_the_next_start(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (_, pilot):
        await press(pilot, "slash", *"stalled", "enter")
    again = harness.make_dashboard(keep_ui_state=True)
    async with again.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        assert "11 sessions in 3 projects" in screen_text(again)
