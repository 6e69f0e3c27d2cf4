"""The journal as a person at the keyboard uses it."""

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from ingest.projects.exports import auto_exports, exported_files
from ingest.projects.journal.write import WrittenJournal, write
from ingest.server.client import DatabaseClient
from tests.app_harness import PATIENCE, Stage, press, settled, shown, until, when
from tui.dashboard import Dashboard
from tui.screens import journal as journal_screen
from tui.widgets.table import Table


async def go_to(pilot: Pilot[Any], app: Dashboard, title: str) -> None:
    """With the cursor, to the session that is called so."""
    table = app.screen.query_exactly_one(Table)
    for _ in range(table.length):
        line = table.line
        if line is not None and title in line.text:
            break
        await press(pilot, "j")


async def test_export_a_journal(stage: Stage) -> None:
    async with stage.opened("4", notes=True) as (app, pilot):
        assert "11 sessions on 5 days" in shown(app)
        await go_to(pilot, app, "Refactor the lexer")
        assert "Refactor the lexer" in shown(app)
        await pilot.press("e")
        await until(pilot, "Export which journal?")
        assert "This session: Refactor the lexer" in shown(app)
        await pilot.press("enter")
        await until(pilot, "Write it as")
        assert "Nothing in it had to be masked" in shown(app)
        assert "Markdown to" in shown(app)
        assert not list(stage.db.parent.rglob("*.md"))
        await pilot.press("enter")
        await until(pilot, "Wrote")
        (path,) = stage.db.parent.rglob("*.md")
        assert "# Refactor the lexer" in path.read_text()
        with DatabaseClient(stage.db) as remote:
            assert exported_files(remote) == [path]


async def test_quitting_asks_only_while_an_export_is_being_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = threading.Event()

    def slow(*arguments: Any, **named: Any) -> WrittenJournal:
        assert ends.wait(PATIENCE)
        return write(*arguments, **named)

    monkeypatch.setattr(journal_screen, "write", slow)
    async with stage.opened("4", notes=True) as (app, pilot):
        await go_to(pilot, app, "Refactor the lexer")
        await pilot.press("e")
        await until(pilot, "Export which journal?")
        await pilot.press("enter")
        await until(pilot, "Write it as")
        await pilot.press("enter")
        await when(pilot, lambda: app.exporting)
        await pilot.press("q")
        await until(pilot, "An export is being written. Quit?")
        await pilot.press("enter")
        ends.set()
        await until(pilot, "Wrote")
        await pilot.press("q")
        await pilot.pause()
        assert app.return_code == 0


async def test_escape_writes_nothing(stage: Stage) -> None:
    async with stage.opened("4", notes=True) as (_, pilot):
        for steps in (("escape",), ("enter", "escape")):
            await pilot.press("e")
            await until(pilot, "Export which journal?")
            for key in steps:
                await pilot.press(key)
                await pilot.pause()
        await settled(pilot)
        assert not (stage.db.parent / "journals").exists()


async def test_what_is_masked_is_shown_before_anything_is_written(stage: Stage) -> None:
    async with stage.opened("4", notes=True) as (app, pilot):
        table = app.screen.query_exactly_one(Table)
        table.action_bottom()
        await settled(pilot)
        while "private" not in shown(app) and table.cursor > 0:
            await press(pilot, "l", "k")
        await pilot.press("e")
        await until(pilot, "Export which journal?")
        await pilot.press("enter")
        await until(pilot, "masked:")
        assert "[private]" in shown(app)


async def test_marked_sessions_are_written_each_to_its_file(stage: Stage) -> None:
    async with stage.opened("4", notes=True) as (_, pilot):
        await press(pilot, "j", "space", "space")
        await pilot.press("e")
        await until(pilot, "The 2 marked sessions")
        await pilot.press("enter")
        await until(pilot, "Write it as")
        await pilot.press("j", "j", "enter")
        await until(pilot, "Wrote 2 files")
        assert len(list(stage.db.parent.rglob("*.html"))) == 2


async def test_automatic_export_is_switched_on_and_off(stage: Stage, tmp_path: Path) -> None:
    async with stage.opened("4", notes=True) as (app, pilot):
        await go_to(pilot, app, "Refactor the lexer")
        await pilot.press("A")
        await until(pilot, "written by itself")
        with DatabaseClient(stage.db) as remote:
            assert [one.folder for one in auto_exports(remote)] == ["/home/dev/parser"]
        await pilot.press("A")
        await until(pilot, "Off for /home/dev/parser")
        with DatabaseClient(stage.db) as remote:
            assert auto_exports(remote) == []
