"""The scope "team" of the dashboard: what everybody shares, on the screens that can show it."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.team.membership import TeamFile
from ingest.team.postgres import Address
from tests.app_harness import (
    AppHarness,
    press,
    press_each,
    running_harness,
    screen_text,
    wait_for_text,
    wait_until,
)
from tests.build import Home, scenarios
from tests.integration.team.conftest import TeamHarness
from tests.integration.team.test_reading import NOW, seeded
from tui.dashboard import Dashboard
from tui.screens.board import BoardScreen
from tui.ui_state import UiState, load_ui_state, save_ui_state

HERE = "1 session in 1 project"


def write(home: Home) -> None:
    scenarios.chat(home, cwd="/home/dev/notes").write()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AppHarness]:
    with running_harness(tmp_path, write) as harness:
        harness.now = NOW
        yield harness


def shows(app: Dashboard, text: str) -> Callable[[], bool]:
    return lambda: text in screen_text(app)


def join(harness: AppHarness, address: str) -> None:
    TeamFile(harness.db).join(Address(address).public, "Anna", "laptop", NOW)


async def test_every_screen_shows_what_the_team_shares_with_who_and_where(
    harness: AppHarness, team: TeamHarness
) -> None:
    seeded(team, 3, 10)
    secret = "sk-proj-" + "a1B2" * 12
    team.rows("update tailboard.sessions set title = %s", [f"\x1b[31mred [bold]{secret}"])
    join(harness, team.url("anna"))
    save_ui_state(harness.db, UiState(team=True))
    app = harness.make_dashboard(keep_ui_state=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for_text(pilot, "30 sessions")
        shown = screen_text(app)
        assert "team" in shown.splitlines()[0]
        assert all(text in shown for text in ("Anna", "Bert", "Chiara", "sample"))
        assert "[31mred [bold][secret" in shown
        assert "sk-proj" not in shown
        assert "\x1b" not in shown
        await press_each(pilot, "slash", *"bert", "enter")
        assert "10 sessions" in screen_text(app)
        await press(pilot, "2")
        assert "open tasks" in screen_text(app)
        assert "Chiara" in screen_text(app)
        await press_each(pilot, "5", *"parser", "enter")
        await wait_for_text(pilot, " hits")
        assert "date parser" in screen_text(app)
        await press(pilot, "6", "v")
        assert "by project" in screen_text(app)
        assert "ledger" in screen_text(app)
        await press(pilot, "3")
        assert "team" not in screen_text(app).splitlines()[0]
        await press_each(pilot, "1", "escape", "escape")
        assert isinstance(app.screen, BoardScreen)
        assert HERE in screen_text(app)
        await press(pilot, "6", "backslash")
    assert load_ui_state(harness.db).team


async def test_a_server_that_is_away_or_slow_delays_no_key_and_a_line_says_so(
    harness: AppHarness,
) -> None:
    with socket.socket() as away, socket.socket() as silent:
        away.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # Connections are accepted, and nothing is ever sent.
        async with harness.open_dashboard() as (app, pilot):
            await press_each(pilot, "6", "backslash")
            assert "team" not in screen_text(app).splitlines()[0]
            for port, line in (
                (away, "✗ The team's store cannot be reached"),
                (silent, "asking the team's store"),
            ):
                join(harness, f"postgresql://anna@127.0.0.1:{port.getsockname()[1]}/team")
                await pilot.press("backslash")
                await wait_until(pilot, shows(app, line))
                await pilot.press("1", "backslash")
                await wait_until(pilot, shows(app, HERE))
                await pilot.press("6")
