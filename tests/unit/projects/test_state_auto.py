"""State files that are updated automatically at the end of turns, like journals."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.batches.batch import Kind
from ingest.db.actions import record_edit
from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings
from ingest.projects import exports
from ingest.projects.state.auto_export import StateExporter
from tests.build import Home


class StateHarness:
    """A project, a home, a database, and a clock that the test advances."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.home = Home(folder / "codex")
        self.database = database
        self.project = folder / "parser"
        self.project.mkdir()
        self.now = datetime(2026, 11, 21)
        self.switch(on=True)

    @property
    def file(self) -> Path:
        return self.project / "docs" / "ai-state" / "project_state.json"

    def switch(self, *, on: bool) -> None:
        action = exports.auto_export_action(Kind.STATE, self.project, on=on)
        record_edit(self.database, action, self.now)

    def session(self, step: str) -> None:
        session = self.home.session(cwd=str(self.project))
        session.prompt("Fix the parser")
        session.plan([(step, "in_progress")])
        session.end_turn("Not fixed yet.")
        session.write()
        Owner(self.database, homes([self.home.path]), clock=lambda: self.now).read_once()
        self.now = datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(tzinfo=None)
        self.now += timedelta(minutes=3)

    def work(self) -> None:
        exporter = StateExporter(
            self.database,
            roles=[],
            turns=20,
            zone=UTC,
            tuning=RunSettings(),
            clock=lambda: self.now,
        )
        exporter.step()
        exporter.finish()

    def tasks(self) -> list[str]:
        return [one["text"] for one in json.loads(self.file.read_text())["tasks"]]

    def batches(self) -> list[dict[str, Any]]:
        names = ("state", "error", "session", "since", "until", "limit")
        empty = dict.fromkeys(names)
        return self.database.rows("batches.listed", kind="state", offset=0, **empty)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[StateHarness]:
    with Database(tmp_path / "t.duckdb") as database:
        yield StateHarness(tmp_path, database)


def test_the_files_are_written_when_a_session_becomes_quiet(harness: StateHarness) -> None:
    harness.session("Read the file")
    harness.work()
    assert harness.tasks() == ["Read the file"]
    assert [one["state"] for one in harness.batches()] == ["completed"]
    harness.work()
    assert len(harness.batches()) == 1
    harness.session("Check the amounts")
    harness.work()
    assert sorted(harness.tasks()) == ["Check the amounts", "Read the file"]


def test_nothing_is_written_for_a_project_without_automatic_files(harness: StateHarness) -> None:
    harness.switch(on=False)
    harness.session("Read the file")
    harness.work()
    assert (harness.batches(), harness.file.exists()) == ([], False)


def test_an_edit_in_the_file_is_not_overwritten_until_it_is_imported(harness: StateHarness) -> None:
    harness.session("Read the file")
    harness.work()
    written = harness.file.read_text()
    edited = written.replace('"owner": null', '"owner": "kim"', 1)
    harness.file.write_text(edited)
    harness.session("Check the amounts")
    harness.work()
    assert harness.file.read_text() == edited
    (waiting,) = [one for one in harness.batches() if one["state"] != "completed"]
    assert (waiting["state"], waiting["error_code"]) == ("failed", "state.unsaved")
    assert "edits that are not in the database" in waiting["error_message"]
    harness.file.write_text(written)
    harness.now = waiting["retry_at"] + timedelta(seconds=1)
    harness.work()
    assert [one["state"] for one in harness.batches()] == ["completed"] * 2
    assert "Check the amounts" in harness.tasks()


def test_files_that_were_written_automatically_are_searched_for_secrets(
    harness: StateHarness,
) -> None:
    harness.session("Read the file")
    harness.work()
    folder = harness.file.parent
    written = [harness.file, *sorted((folder / "sessions").glob("*.json"))]
    assert len(written) == 2
    assert exports.exported_files(harness.database) == written
