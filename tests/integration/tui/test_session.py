"""The session screen: its entries open to their parts, and lead to what they are about."""

from datetime import datetime

import pytest

from ingest.db.query_reader import NamedQueries
from ingest.server.client import DatabaseClient
from ingest.sessions.spans import Lane, load_lanes
from ingest.sessions.timeline import TimelinePosition
from tests.app_harness import (
    AppHarness,
    pane_text,
    press,
    screen_text,
    wait_settled,
    wait_until,
)
from tui.dashboard import Dashboard
from tui.plan import PlanScope
from tui.screens.search import SearchScreen
from tui.screens.session import SessionScreen, TimelinePane
from tui.screens.session_entry import MomentPane
from tui.screens.session_timeline import DAY
from tui.screens.tasks import TasksScreen
from tui.widgets.lanes import Lanes
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


async def test_each_commit_that_git_names_is_a_row(harness: AppHarness) -> None:
    session = harness.home.session()
    session.prompt("Commit both")
    output = "[main (root-commit) 361059c] Add a lexer\n 1 file changed\n"
    output += "[main 75a4539fab1] Fix [b]it[/b]\n"
    session.command("git commit -qm x; git commit -m y", 0, output)
    session.command("git commit -m no", 1, "[main 75a4539] was not made\n")
    session.end_turn("Both are committed.")
    session.write()
    harness.ingest()
    async with harness.open_dashboard() as (app, pilot):
        open_session(app, harness, "title = 'Commit both'")
        await wait_settled(pilot)
        commits = [key for key in timeline(app).all_keys() if key.what == "commit"]
        assert [key.n for key in commits] == [1, 2]
        shown = pane_text(app, TimelinePane)
        assert "361059c Add a lexer" in shown
        assert "75a4539f Fix [b]it[/b]" in shown
        await press(pilot, "slash", *"a lexer", "enter")
        assert [key for key in timeline(app).all_keys() if key.what == "commit"] == commits[:1]


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


async def test_lanes_come_by_themselves_on_a_large_window_and_follow_the_cursor(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[datetime] = []

    def load(rows: NamedQueries, home: str, session: str, now: datetime) -> list[Lane]:
        loads.append(now)
        return load_lanes(rows, home, session, now)

    monkeypatch.setattr("tui.screens.session.load_lanes", load)
    async with harness.open_dashboard(size=(120, 40)) as (app, pilot):
        open_session(app, harness, "id in (select session from v_agents)")
        await wait_settled(pilot)
        assert not loads
        assert "turns" not in screen_text(app)
        await press(pilot, "L")
        assert len(loads) == 1
        assert "▆" in pane_text(app, Lanes)
        assert timeline(app).has_focus
        drawn: list[int] = []
        lanes = app.screen.query_exactly_one(Lanes)
        monkeypatch.setattr(lanes, "refresh", lambda *_, **__: drawn.append(1))
        assert isinstance(app.screen, SessionScreen)
        app.screen.load_now()
        await wait_settled(pilot)
        assert len(loads) == 2
        assert not drawn  # Nothing has changed.
        await press(pilot, "G")
        assert drawn
        monkeypatch.undo()
        await press(pilot, "g")
        lanes.post_message(Lanes.TimePicked(harness.now))
        await wait_settled(pilot)
        assert timeline(app).cursor > 1
        await press(pilot, "L")
        assert not lanes.display
        await press(pilot, "escape")
        app.shows_lanes = None
        await pilot.resize_terminal(160, 40)
        open_session(app, harness, "id in (select session from v_agents)")
        await wait_settled(pilot)
        assert "turns" in pane_text(app, Lanes)


async def test_a_replay_shows_plan_files_and_tokens_as_they_stood(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.session.PLAY_SECONDS", 0.01)
    async with harness.open_dashboard() as (app, pilot):
        open_session(app, harness, "title = 'Fix the unicode test'")
        await wait_settled(pilot)
        await press(pilot, "g", "greater_than_sign")
        before = pane_text(app, MomentPane)
        assert "No plan yet" in before
        assert "0 files changed" in before
        table = timeline(app)
        while table.key != first(app, "plan"):
            await press(pilot, "greater_than_sign")
        assert "Plan 2/4  revision 1 of 1" in pane_text(app, MomentPane)
        assert "0 files changed" in pane_text(app, MomentPane)
        await press(pilot, "greater_than_sign")
        assert "parser/lex.py" in pane_text(app, MomentPane)
        assert "0 commands" in pane_text(app, MomentPane)
        await pilot.press("full_stop")
        await wait_until(pilot, lambda: table.cursor == table.length - 1)
        await wait_settled(pilot)
        assert "2 commands  1 failed" in pane_text(app, MomentPane)
        assert ". play  > replay  < replay back" in screen_text(app)
        await press(pilot, "full_stop")
        assert "This is the last entry. < goes back." in [
            note.message for note in app._notifications
        ]
        await press(pilot, "less_than_sign")
        assert "1 command  1 failed" in pane_text(app, MomentPane)
        await press(pilot, "escape")
        assert "As it stood" not in pane_text(app, MomentPane)
        await press(pilot, "full_stop", "escape")
        assert not isinstance(app.screen, SessionScreen)
