"""The journal screen: reading, exporting, exporting automatically."""

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from ingest.batches.batch import Kind
from ingest.projects.exports import auto_exports, exported_files
from ingest.projects.journal.write import WrittenJournal, write
from ingest.server.client import DatabaseClient
from tests.app_harness import (
    TIMEOUT,
    AppHarness,
    pane_text,
    press,
    press_each,
    screen_text,
    wait_for_text,
    wait_settled,
    wait_until,
)
from tui.dashboard import Dashboard
from tui.screens import journal_export
from tui.screens.journal import DaysPane
from tui.widgets.table import Table


async def go_to(pilot: Pilot[Any], app: Dashboard, title: str) -> None:
    """Move the cursor to the session with this title."""
    table = app.screen.query_exactly_one(Table)
    for _ in range(table.length):
        row = table.row
        if row is not None and title in row.text:
            break
        await press(pilot, "j")


async def test_a_journal_is_exported(harness: AppHarness) -> None:
    async with harness.open_dashboard("4", notifications=True) as (app, pilot):
        assert "11 sessions on 5 days" in screen_text(app)
        await go_to(pilot, app, "Refactor the lexer")
        assert "Refactor the lexer" in screen_text(app)
        await pilot.press("e")
        await wait_for_text(pilot, "Export which journal?")
        assert "This session: Refactor the lexer" in screen_text(app)
        await pilot.press("enter")
        await wait_for_text(pilot, "Export as")
        assert "No secrets had to be masked" in screen_text(app)
        assert "Markdown to" in screen_text(app)
        assert not list(harness.db.parent.rglob("*.md"))
        await pilot.press("enter")
        await wait_for_text(pilot, "Wrote")
        (path,) = harness.db.parent.rglob("*.md")
        assert "# Refactor the lexer" in path.read_text()
        with DatabaseClient(harness.db) as remote:
            assert exported_files(remote) == [path]


async def test_a_closed_day_opens_and_a_filter_finds_sessions_of_closed_days(
    harness: AppHarness,
) -> None:
    title = "Fix the failing unicode"  # Of the oldest day.
    async with harness.open_dashboard("4") as (app, pilot):
        assert "Bump the dependencies" in pane_text(app, DaysPane)
        assert title not in pane_text(app, DaysPane)
        await press_each(pilot, "G", "enter")
        assert title in pane_text(app, DaysPane)
        await press_each(pilot, "enter")
        assert title not in pane_text(app, DaysPane)
        await press_each(pilot, "slash", *"failing", "enter")
        assert "2026-11-21 Sat" in pane_text(app, DaysPane)
        assert title in pane_text(app, DaysPane)
        assert "2026-11-25 Wed" not in pane_text(app, DaysPane)


async def test_quit_asks_only_during_an_export(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = threading.Event()

    def slow(*arguments: Any, **named: Any) -> WrittenJournal:
        assert finish.wait(TIMEOUT)
        return write(*arguments, **named)

    monkeypatch.setattr(journal_export, "write", slow)
    async with harness.open_dashboard("4", notifications=True) as (app, pilot):
        await go_to(pilot, app, "Refactor the lexer")
        await pilot.press("e")
        await wait_for_text(pilot, "Export which journal?")
        await pilot.press("enter")
        await wait_for_text(pilot, "Export as")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.exporting)
        await pilot.press("q")
        await wait_for_text(pilot, "An export is being written. Quit?")
        await pilot.press("enter")
        finish.set()
        await wait_for_text(pilot, "Wrote")
        await pilot.press("q")
        await pilot.pause()
        assert app.return_code == 0


async def test_escape_cancels_an_export(harness: AppHarness) -> None:
    async with harness.open_dashboard("4", notifications=True) as (_, pilot):
        for keys in (("escape",), ("enter", "escape")):
            await pilot.press("e")
            await wait_for_text(pilot, "Export which journal?")
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
        await wait_settled(pilot)
        assert not (harness.db.parent / "journals").exists()


async def test_masked_secrets_are_shown_before_an_export(harness: AppHarness) -> None:
    async with harness.open_dashboard("4", notifications=True) as (app, pilot):
        table = app.screen.query_exactly_one(Table)
        table.action_bottom()
        await wait_settled(pilot)
        while "private" not in screen_text(app) and table.cursor > 0:
            await press(pilot, "l", "k")
        await pilot.press("e")
        await wait_for_text(pilot, "Export which journal?")
        await pilot.press("enter")
        await wait_for_text(pilot, "masked:")
        assert "[private]" in screen_text(app)


async def test_each_marked_session_is_exported_to_its_own_file(harness: AppHarness) -> None:
    async with harness.open_dashboard("4", notifications=True) as (_, pilot):
        await press(pilot, "j", "space", "space")
        await pilot.press("e")
        await wait_for_text(pilot, "The 2 marked sessions")
        await pilot.press("enter")
        await wait_for_text(pilot, "Export as")
        await pilot.press("j", "j", "enter")
        await wait_for_text(pilot, "Wrote 2 files")
        assert len(list(harness.db.parent.rglob("*.html"))) == 2


async def test_automatic_export_is_turned_on_and_off(harness: AppHarness, tmp_path: Path) -> None:
    async with harness.open_dashboard("4", notifications=True) as (app, pilot):
        await go_to(pilot, app, "Refactor the lexer")
        await pilot.press("ctrl+e")
        await wait_for_text(pilot, "Export journals automatically?")
        await press(pilot, "enter")
        with DatabaseClient(harness.db) as remote:
            assert auto_exports(remote, Kind.JOURNAL) == []
        await pilot.press("ctrl+e")
        await wait_for_text(pilot, "Export journals automatically?")
        await pilot.press("y")
        await wait_for_text(pilot, "exported automatically")
        with DatabaseClient(harness.db) as remote:
            assert [export.folder for export in auto_exports(remote, Kind.JOURNAL)] == [
                "/home/dev/parser"
            ]
        await pilot.press("ctrl+e")
        await wait_for_text(pilot, "Off for /home/dev/parser")
        with DatabaseClient(harness.db) as remote:
            assert auto_exports(remote, Kind.JOURNAL) == []
