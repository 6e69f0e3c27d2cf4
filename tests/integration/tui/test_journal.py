"""The journal as a person at the keyboard uses it."""

import asyncio
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from ingest.memory.exports import autos, exported
from ingest.store.client import RemoteDatabase
from tests.stage import PATIENCE, Stage, settled, shown
from tui.dashboard import Dashboard
from tui.widgets.table import Table


async def until(pilot: Pilot[Any], app: Dashboard, word: str) -> None:
    """Until this stands on the screen."""
    async with asyncio.timeout(PATIENCE):
        while word not in shown(app):
            await pilot.pause(0.01)


async def go_to(pilot: Pilot[Any], app: Dashboard, title: str) -> None:
    """With the cursor, to the session that is called so."""
    table = app.screen.query_exactly_one(Table)
    for _ in range(table.length):
        line = table.line
        if line is not None and title in line.text:
            break
        await pilot.press("j")
        await settled(pilot)


async def test_export_a_journal(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        await go_to(pilot, app, "Refactor the lexer")
        assert "Refactor the lexer" in shown(app)
        await pilot.press("e")
        await until(pilot, app, "Export which journal?")
        assert "This session: Refactor the lexer" in shown(app)
        await pilot.press("enter")
        await until(pilot, app, "Write it as")
        assert "Nothing in it had to be masked" in shown(app)
        assert "Markdown to" in shown(app)
        assert not list(stage.db.parent.rglob("*.md"))
        await pilot.press("enter")
        await until(pilot, app, "Wrote")
        (path,) = stage.db.parent.rglob("*.md")
        assert "# Refactor the lexer" in path.read_text()
        with RemoteDatabase(stage.db) as remote:
            while exported(remote) != [path]:
                await pilot.pause(0.01)


async def test_escape_writes_nothing(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        for steps in (("escape",), ("enter", "escape")):
            await pilot.press("e")
            await until(pilot, app, "Export which journal?")
            for key in steps:
                await pilot.press(key)
                await pilot.pause()
        await settled(pilot)
        assert not (stage.db.parent / "journals").exists()


async def test_what_is_masked_is_shown_before_anything_is_written(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        table = app.screen.query_exactly_one(Table)
        table.action_bottom()
        await settled(pilot)
        while "private" not in shown(app) and table.cursor > 0:
            await pilot.press("l", "k")
            await settled(pilot)
        await pilot.press("e")
        await until(pilot, app, "Export which journal?")
        await pilot.press("enter")
        await until(pilot, app, "masked:")
        assert "[private]" in shown(app)


async def test_marked_sessions_are_written_each_to_its_file(stage: Stage) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("j", "space", "space")
        await settled(pilot)
        await pilot.press("e")
        await until(pilot, app, "The 2 marked sessions")
        await pilot.press("enter")
        await until(pilot, app, "Write it as")
        await pilot.press("j", "j", "enter")
        await until(pilot, app, "Wrote 2 files")
        assert len(list(stage.db.parent.rglob("*.html"))) == 2


async def test_automatic_export_is_switched_on_and_off(stage: Stage, tmp_path: Path) -> None:
    app = stage.dashboard()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        await go_to(pilot, app, "Refactor the lexer")
        await pilot.press("A")
        await until(pilot, app, "written by itself")
        with RemoteDatabase(stage.db) as remote:
            assert [one.folder for one in autos(remote)] == ["/home/dev/parser"]
        await pilot.press("A")
        await until(pilot, app, "Off for /home/dev/parser")
        with RemoteDatabase(stage.db) as remote:
            assert autos(remote) == []
