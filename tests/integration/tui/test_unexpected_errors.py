"""A mistake of the program's own, wherever it happens: written down, shown, and got over."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import pytest
from textual.events import Resize
from textual.pilot import Pilot
from textual.worker import WorkerFailed

from ingest import log
from tests.app_harness import PATIENCE, Stage, expected, press, shown, until, when
from tui import unexpected_errors
from tui.dashboard import Dashboard
from tui.screens.board import BoardScreen
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
    app.query_exactly_one(Table).post_message(Resize(app.size, app.size))


def in_drawing(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Header, "render", fail)
    app.query_exactly_one(Header).refresh()


def in_drawing_a_row(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Table, "render_line", fail)
    app.query_exactly_one(Table).refresh()


def in_a_worker(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    app.screen.run_worker(fails())


def in_a_timer(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    app.screen.set_timer(0.01, fail)


def in_a_callback(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    app.screen.call_after_refresh(fail)


def in_composing_a_screen(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tui.screens.tasks.TasksScreen.panes", fail)
    app.simulate_key("2")


def in_a_task_of_nobody(app: Dashboard, patch: pytest.MonkeyPatch) -> None:
    asyncio.get_running_loop().call_soon(fail)


Fault = Callable[[Dashboard, pytest.MonkeyPatch], None]
FAULTS: Final[list[Fault]] = [
    in_an_action, in_a_handler, in_drawing, in_drawing_a_row, in_a_worker, in_a_timer,
    in_a_callback, in_composing_a_screen, in_a_task_of_nobody,
]  # fmt: skip


async def told(app: Dashboard, pilot: Pilot[int]) -> None:
    """Until it is shown. Pilot would wait for the widgets of the screen that goes."""
    async with asyncio.timeout(PATIENCE):
        while app.current_mode != unexpected_errors.PLACE:
            await asyncio.sleep(0.005)
    await until(pilot, "A mistake of Tailboard's own")
    # Errors that come before the screen is replaced are only logged.
    await when(pilot, lambda: not app._begins_anew)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.__name__)
async def test_it_is_shown_and_the_screen_is_made_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    async with stage.opened() as (app, pilot):
        fault(app, monkeypatch)
        await told(app, pilot)
        monkeypatch.undo()
        assert "Broken" in shown(app)
        assert isinstance(app.mistakes.met[0], Broken)
        del app.mistakes.met[1:]  # A screen that is half made fails more than once.
        await press(pilot, "y")
        assert "Broken" in app.clipboard
        assert TOKEN not in app.clipboard
        await press(pilot, "enter", "1")
        assert isinstance(app.screen, BoardScreen)
        await until(pilot, "Refactor the lexer")
        await press(pilot, "j", "2", "1")
        assert app.current_mode == "board"
        expected(app, Broken)
    file = log.beside(stage.db)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Broken" in file.read_text()
    assert TOKEN not in file.read_text()


async def test_another_screen_can_be_gone_to_where_one_fails_again_and_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.opened() as (app, pilot):
        monkeypatch.setattr("tui.screens.tasks.TasksScreen.panes", fail)
        await later(app)
        app.simulate_key("2")
        await told(app, pilot)
        await later(app)
        app.simulate_key("enter")
        while app.current_mode == unexpected_errors.PLACE:
            await asyncio.sleep(0.005)
        await told(app, pilot)
        await press(pilot, "3")
        assert app.current_mode == "pipeline"
        # A screen that is half made fails more than once.
        assert sum(isinstance(one, Broken) for one in app.mistakes.met) == 2
        app.mistakes.met.clear()


async def later(app: Dashboard) -> None:
    """As if the last mistake had been long ago."""
    app.mistakes._last = float("-inf")


async def test_a_second_one_within_a_second_ends_it_with_a_sentence(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(unexpected_errors, "TOO_SOON", 1_000_000.0)
    app = stage.dashboard()

    async def twice() -> None:
        async with app.run_test() as pilot:
            app.screen.run_worker(fails())
            await told(app, pilot)
            del app.mistakes.met[1:]
            app.screen.run_worker(fails())
            async with asyncio.timeout(PATIENCE):
                await app._exception_event.wait()

    with pytest.raises(WorkerFailed):
        await twice()
    expected(app, Broken)
    said = " ".join(capsys.readouterr().err.split())
    assert "Tailboard ended by a mistake of its own: Broken. Nothing that was read is lost." in said
    assert TOKEN not in said
