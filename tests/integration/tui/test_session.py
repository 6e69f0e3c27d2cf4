"""The session screen: its entries open to their parts, and lead to what they are about."""

from ingest.server.client import DatabaseClient
from ingest.sessions.timeline import TimelinePosition
from tests.app_harness import AppHarness, pane_text, press, screen_text, wait_settled
from tui.dashboard import Dashboard
from tui.plan import PlanScope
from tui.screens.search import SearchScreen
from tui.screens.session import MomentPane, SessionScreen, TimelinePane
from tui.screens.session_timeline import DAY
from tui.screens.tasks import TasksScreen
from tui.widgets.table import Table


def open_session(app: Dashboard, harness: AppHarness, condition: str) -> str:
    """Open the newest session for which this holds."""
    with DatabaseClient(harness.db) as remote:
        sql = f"select home, id from v_sessions where {condition} order by last_at desc limit 1"
        ((home, session),) = remote.sql(sql).rows
    app.open_session(str(home), str(session))
    return str(session)


def timeline(app: Dashboard) -> Table:
    return app.screen.query_exactly_one(TimelinePane).table


def first(app: Dashboard, what: str) -> TimelinePosition:
    return next(key for key in timeline(app).all_keys() if key.what == what)


async def test_a_patch_is_one_row_that_opens_to_its_files(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        open_session(app, harness, "title = 'Fix the unicode test'")
        await wait_settled(pilot)
        assert " 2026" in pane_text(app, TimelinePane)  # The day.
        table = timeline(app)
        rows = table.length
        assert not any(key.what == "file" for key in table.all_keys())
        await press(pilot, "H")
        file = first(app, "file")
        table.move_to(file)
        await press(pilot, "h", "h")
        assert table.length < rows + sum(key.what != DAY for key in table.all_keys())
        assert "parser/lex.py" in pane_text(app, TimelinePane)
        assert not any(key == file for key in table.all_keys())
        await press(pilot, "l", "l", "enter")
        assert isinstance(app.screen, SearchScreen)
        assert "parser/lex.py" in screen_text(app)


async def test_enter_on_a_sub_agent_opens_its_session_and_on_a_plan_its_tasks(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        parent = open_session(app, harness, "id in (select session from v_agents)")
        await wait_settled(pilot)
        key = next(key for key in timeline(app).all_keys() if key.what in ("agent", "call"))
        timeline(app).move_to(key)
        await press(pilot, "enter")
        assert isinstance(app.screen, SessionScreen)
        assert app.screen.session_id != parent
        await press(pilot, "escape")
        timeline(app).move_to(first(app, "plan"))
        await press(pilot, "enter")
        assert isinstance(app.screen, TasksScreen)
        assert app.screen.request.scope is PlanScope.SESSION
        assert app.screen.request.session == parent


async def test_a_day_is_no_entry(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        open_session(app, harness, "title = 'Fix the unicode test'")
        await wait_settled(pilot)
        await press(pilot, "k")
        assert pane_text(app, MomentPane).strip() == ""
        await press(pilot, "enter", "i", "y")
        assert timeline(app).has_focus
