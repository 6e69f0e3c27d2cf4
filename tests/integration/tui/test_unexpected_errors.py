"""An unexpected error, wherever it happens, is logged and shown, and the dashboard continues."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import pytest
from textual.events import Resize
from textual.pilot import Pilot
from textual.worker import WorkerFailed

from ingest import log
from tests.app_harness import (
    TIMEOUT,
    AppHarness,
    expect_errors,
    press,
    screen_text,
    wait_for_text,
    wait_until,
)
from tui import unexpected_errors
from tui.dashboard import Dashboard
from tui.screens.board import BoardScreen, SessionsPane
from tui.widgets.header import Header
from tui.widgets.table import Table

TOKEN: Final = "ghp_" + "a1B2" * 9


class Broken(Exception):
    pass


def fail(*_: Any, **__: Any) -> None:
    raise Broken(f"token {TOKEN} in it")


async def fails() -> None:
    fail()


def in_an_action(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Table, "action_down", fail)
    app.simulate_key("j")


def in_a_handler(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Table, "on_resize", fail)
    app.screen.query_exactly_one(SessionsPane).table.post_message(Resize(app.size, app.size))


def in_drawing(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Header, "render", fail)
    app.screen.query_exactly_one(Header).refresh()


def in_drawing_a_row(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Table, "render_line", fail)
    app.screen.query_exactly_one(SessionsPane).table.refresh()


def in_a_worker(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    app.screen.run_worker(fails())


def in_a_timer(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    app.screen.set_timer(0.01, fail)


def in_a_callback(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    app.screen.call_after_refresh(fail)


def in_composing_a_screen(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tui.screens.tasks.TasksScreen.panes", fail)
    app.simulate_key("2")


def in_a_task_that_nothing_awaits(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    asyncio.get_running_loop().call_soon(fail)


Fault = Callable[[Dashboard, pytest.MonkeyPatch], None]
FAULTS: Final[list[Fault]] = [
    in_an_action, in_a_handler, in_drawing, in_drawing_a_row, in_a_worker, in_a_timer,
    in_a_callback, in_composing_a_screen, in_a_task_that_nothing_awaits,
]  # fmt: skip


async def wait_for_error_screen(app: Dashboard, pilot: Pilot[int]) -> None:
    """Without the pilot at first: it would wait for widgets of the screen that is removed."""
    async with asyncio.timeout(TIMEOUT):
        while app.current_mode != unexpected_errors.MODE:
            await asyncio.sleep(0.005)
    await wait_for_text(pilot, "Unexpected error")
    # Errors that come before the screen is replaced are only logged.
    await wait_until(pilot, lambda: not app._resetting)


async def test_an_error_is_shown_and_the_screen_is_reloaded(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        for fault in FAULTS:
            where = fault.__name__
            await forget_last_error(app)
            with monkeypatch.context() as patch:
                fault(app, patch)
                await wait_for_error_screen(app, pilot)
            assert "Broken" in screen_text(app), where
            assert isinstance(app.unexpected_errors.recorded[0], Broken), where
            # A screen that is only half built fails more than once.
            del app.unexpected_errors.recorded[1:]
            app.copy_to_clipboard("")
            await press(pilot, "y")
            assert "Broken" in app.clipboard, where
            assert TOKEN not in app.clipboard, where
            await press(pilot, "enter", "1")
            assert isinstance(app.screen, BoardScreen), where
            await wait_for_text(pilot, "Refactor the lexer")
            await press(pilot, "j")
            expect_errors(app, Broken)
        await press(pilot, "2", "1")
        assert app.current_mode == "board"
    file = log.beside(harness.db)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Broken" in file.read_text()
    assert TOKEN not in file.read_text()


async def test_other_screens_work_when_one_fails_again_and_again(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        monkeypatch.setattr("tui.screens.tasks.TasksScreen.panes", fail)
        await forget_last_error(app)
        app.simulate_key("2")
        await wait_for_error_screen(app, pilot)
        await forget_last_error(app)
        app.simulate_key("enter")
        while app.current_mode == unexpected_errors.MODE:
            await asyncio.sleep(0.005)
        await wait_for_error_screen(app, pilot)
        await press(pilot, "3")
        assert app.current_mode == "pipeline"
        # A screen that is only half built fails more than once.
        assert sum(isinstance(error, Broken) for error in app.unexpected_errors.recorded) == 2
        app.unexpected_errors.recorded.clear()


async def forget_last_error(app: Dashboard) -> None:
    """Set the last error to long ago."""
    app.unexpected_errors._last = float("-inf")


async def test_a_second_error_within_a_second_ends_the_program_with_a_message(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(unexpected_errors, "TOO_SOON", 1_000_000.0)
    app = harness.make_dashboard()

    async def twice() -> None:
        async with app.run_test() as pilot:
            app.screen.run_worker(fails())
            await wait_for_error_screen(app, pilot)
            del app.unexpected_errors.recorded[1:]
            app.screen.run_worker(fails())
            async with asyncio.timeout(TIMEOUT):
                await app._exception_event.wait()

    with pytest.raises(WorkerFailed):
        await twice()
    expect_errors(app, Broken)
    output = " ".join(capsys.readouterr().err.split())
    assert (
        "Tailboard ended because of an unexpected error: Broken. No stored data is lost." in output
    )
    assert TOKEN not in output


async def test_an_answer_that_arrives_while_the_screen_closes_is_no_error(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        screen = app.screen
        assert isinstance(screen, BoardScreen)
        await screen.query_exactly_one(Header).remove()
        screen.load_now()
        await pilot.pause()
        screen.tick()
