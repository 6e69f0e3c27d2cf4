"""What needs the person: the strip above the board, reached from any screen by one key."""

from tests.app_harness import (
    AppHarness,
    pane_text,
    press,
    press_each,
    screen_text,
    wait_for_text,
    wait_settled,
)
from tui.screens.board import BoardScreen, CardPane, SessionsPane
from tui.screens.needs_pane import NeedsPane
from tui.screens.session import SessionScreen
from tui.screens.session_entry import MomentPane
from tui.ui_state import UiState, save_ui_state

QUESTION = "asks: Keep the old names?"


async def test_waiting_failed_and_stalled_sessions_are_listed_with_the_reason(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, _):
        waiting, failed, stalled = pane_text(app, NeedsPane).splitlines()
        assert "Needs you 3" in screen_text(app)
        assert "Refactor the lexer" in waiting
        assert QUESTION in waiting
        assert "Write the release notes" in failed
        assert "experiencing high demand" in failed
        assert "silent for 49 m in `pytest -x`" in stalled


async def test_the_question_is_reached_in_one_key_and_read_in_full_in_two(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("6") as (app, pilot):
        await press(pilot, "exclamation_mark")
        assert isinstance(app.screen, BoardScreen)
        assert app.screen.query_exactly_one(NeedsPane).table.has_focus
        await press(pilot, "enter")
        assert isinstance(app.screen, SessionScreen)
        assert "request_user_input  waiting for you" in screen_text(app)
        assert "Keep the old names?" in screen_text(app).partition("request_user_input")[2]
        await press(pilot, "exclamation_mark", "enter")
        assert "failed  Write the release notes" in screen_text(app)
        assert "which may cause temporary errors" in pane_text(app, MomentPane).replace("\n", " ")
        await press(pilot, "exclamation_mark", "exclamation_mark")
        need = app.screen.query_exactly_one(NeedsPane).selected
        assert need is not None
        assert need.title == "Refactor the lexer"


async def test_the_reason_is_read_on_a_narrow_screen_and_escape_goes_back(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard("exclamation_mark", "enter", size=(80, 24)) as (app, pilot):
        assert "request_user_input  waiting for you" in screen_text(app)
        assert "ask  ◐ waiting for you" in screen_text(app)
        assert "◐ waiting for input  Refactor the lexer  parser" in screen_text(app)
        await press_each(pilot, "escape", "escape")
        assert QUESTION in screen_text(app)


async def test_the_card_shows_the_session_of_the_list_that_has_the_focus(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        board = app.screen
        table, cards = board.query_exactly_one(NeedsPane).table, board.query_exactly_one(CardPane)
        tree = board.query_exactly_one(SessionsPane).table
        await press_each(pilot, "exclamation_mark")
        assert cards.key == table.key
        before = table.key
        await press_each(pilot, "x")
        assert cards.key == table.key != before
        await press_each(pilot, "x", "x")
        assert cards.key == (tree.key and tree.key[:2])


async def test_a_repeated_message_is_shown_once(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", notifications=True) as (app, pilot):
        await press_each(pilot, "u", "u", "u")
        assert [each.message for each in app._notifications] == ["Nothing to undo."]


async def test_what_was_seen_comes_back_when_something_new_happens(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard(notifications=True) as (app, pilot):
        await press_each(pilot, "exclamation_mark", "x")
        await wait_for_text(pilot, "“Refactor the lexer” is marked as seen")
        assert QUESTION not in pane_text(app, NeedsPane)
        assert "Needs you 2" in screen_text(app)
        await press(pilot, "u")
        assert QUESTION in pane_text(app, NeedsPane)
        await press_each(pilot, "g", "x", "x", "x")
        assert not app.screen.query_exactly_one(NeedsPane).display
        await press_each(pilot, "escape", "exclamation_mark")
        await wait_for_text(pilot, "Nothing needs you")
    again = harness.make_dashboard(keep_ui_state=True)
    async with again.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        assert not again.screen.query_exactly_one(NeedsPane).display
        new = harness.home.session(cwd="/home/dev/website")
        new.prompt("Publish the notes")
        new.fail_turn()
        new.write()
        harness.ingest()
        await wait_for_text(pilot, "Needs you 1")
        assert "Publish the notes" in pane_text(again, NeedsPane)


async def test_the_key_works_before_the_board_was_ever_shown(harness: AppHarness) -> None:
    save_ui_state(harness.db, UiState(screen="insights"))
    app = harness.make_dashboard(keep_ui_state=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        assert app.current_mode == "insights"
        await press_each(pilot, "exclamation_mark", "enter")
        assert "Keep the old names?" in pane_text(app, MomentPane)
