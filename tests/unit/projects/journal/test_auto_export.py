"""Automatic journals: projects with automatic export, quiet sessions, and the queue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.batches.batch import Kind
from ingest.db import queue
from ingest.db.actions import execute_action, record_edit
from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings
from ingest.projects import exports
from ingest.projects.journal.auto_export import JournalExporter
from ingest.projects.journal.marked_block import BEGIN, END
from tests.build import Home, Rollout


@dataclass
class ExportHarness:
    """A project, a home, a database, and a clock that the test advances."""

    tmp: Path
    database: Database
    home: Home
    now: datetime

    @property
    def project(self) -> Path:
        return self.tmp / "parser"

    @property
    def journals(self) -> Path:
        return self.project / "docs" / "ai-journal"

    def session(self, prompt: str = "Fix the parser") -> Rollout:
        session = self.home.session(cwd=str(self.project))
        session.prompt(prompt)
        session.end_turn("Fixed.")
        session.write()
        return session

    def read(self) -> None:
        Owner(self.database, homes([self.home.path]), clock=lambda: self.now).read_once()
        self.now = datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(tzinfo=None)

    def switch(self, *, on: bool) -> None:
        record_edit(
            self.database, exports.auto_export_action(Kind.JOURNAL, self.project, on=on), self.now
        )

    def journaler(self) -> JournalExporter:
        return JournalExporter(
            self.database,
            turns=20,
            zone=UTC,
            tuning=RunSettings(),
            clock=lambda: self.now,
        )

    def work(self) -> None:
        journaler = self.journaler()
        journaler.step()
        journaler.finish()

    def batches(self) -> list[dict[str, Any]]:
        names = ("state", "error", "session", "since", "until", "limit")
        empty = dict.fromkeys(names)
        return self.database.rows("batches.listed", kind="journal", offset=0, **empty)

    def states(self) -> list[tuple[str, str | None]]:
        return [(row["state"], row["reason"]) for row in self.batches()]

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted(self.journals.glob("*"))}


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[ExportHarness]:
    home = Home(tmp_path / "codex")
    with Database(tmp_path / "t.duckdb") as database:
        harness = ExportHarness(tmp_path, database, home, datetime(2026, 11, 21))
        harness.project.mkdir()
        yield harness


@pytest.fixture
def quiet(harness: ExportHarness) -> ExportHarness:
    """Automatic export is on, and a session of the project ended three minutes ago."""
    harness.switch(on=True)
    harness.session()
    harness.read()
    harness.now += timedelta(minutes=3)
    return harness


def test_a_quiet_session_is_exported_to_the_journal_of_its_day(
    quiet: ExportHarness,
) -> None:
    quiet.work()
    (text,) = quiet.files().values()
    assert list(quiet.files()) == ["2026-11-21.md"]
    assert "## Fix the parser" in text
    assert quiet.states() == [("completed", None)]
    assert (quiet.journals / "2026-11-21.md").stat().st_mode & 0o777 == 0o600


def test_a_project_without_automatic_export_gets_no_journal(harness: ExportHarness) -> None:
    harness.session()
    harness.read()
    harness.now += timedelta(minutes=3)
    harness.work()
    assert (harness.batches(), harness.journals.exists()) == ([], False)


def test_the_first_day_is_exported_completely_and_earlier_days_are_not(
    harness: ExportHarness,
) -> None:
    harness.session("Yesterday")
    harness.home.clock.tick(24 * 3_600_000)
    harness.session("This morning")
    harness.read()
    harness.now += timedelta(hours=1)
    harness.switch(on=True)
    harness.work()
    harness.work()
    assert list(harness.files()) == ["2026-11-22.md"]
    assert "This morning" in harness.files()["2026-11-22.md"]


def test_an_active_session_is_not_exported_until_it_is_idle(harness: ExportHarness) -> None:
    harness.switch(on=True)
    session = harness.home.session(cwd=str(harness.project))
    session.prompt("Go on")
    session.open_command("sleep 60")
    session.write()
    harness.read()
    harness.now += timedelta(minutes=3)
    harness.work()
    assert harness.batches() == []
    harness.now += timedelta(hours=1)
    harness.work()
    assert "not ended" in harness.files()["2026-11-21.md"]


def test_a_journal_is_exported_again_only_after_new_activity(quiet: ExportHarness) -> None:
    quiet.work()
    quiet.now += timedelta(minutes=1)
    quiet.work()
    assert len(quiet.batches()) == 1
    quiet.session("And the changelog")
    quiet.read()
    quiet.now += timedelta(minutes=3)
    quiet.work()
    (text,) = quiet.files().values()
    assert text.count("## Fix the parser") == text.count("## And the changelog") == 1
    assert quiet.states() == [("completed", None)] * 2


def test_a_retry_never_duplicates_the_content_of_the_file(quiet: ExportHarness) -> None:
    quiet.work()
    (before,) = quiet.files().values()
    retry = BatchAction(
        verb=Verb.RETRY, selection=Selection(ids=(quiet.batches()[0]["id"],)), actor="me"
    )
    execute_action(quiet.database, retry, quiet.now)
    assert quiet.states() == [("pending", None)]
    quiet.work()
    assert (quiet.states(), list(quiet.files().values())) == (
        [("completed", None)],
        [before],
    )


def test_text_of_the_user_around_the_block_is_kept(quiet: ExportHarness) -> None:
    quiet.journals.mkdir(parents=True)
    path = quiet.journals / "2026-11-21.md"
    path.write_text("# My notes\n\nkeep me\n")
    quiet.work()
    text = path.read_text()
    assert text.startswith("# My notes\n\nkeep me\n\n" + BEGIN)
    path.write_text(text + "\nand me\n")
    quiet.session("And the changelog")
    quiet.read()
    quiet.now += timedelta(minutes=3)
    quiet.work()
    text = path.read_text()
    assert text.startswith("# My notes\n\nkeep me\n")
    assert text.endswith("\nand me\n")
    assert text.count(BEGIN) == text.count(END) == 1
    assert "And the changelog" in text


def test_a_file_with_broken_markers_needs_attention_and_is_not_changed(
    quiet: ExportHarness,
) -> None:
    quiet.journals.mkdir(parents=True)
    path = quiet.journals / "2026-11-21.md"
    broken = f"{BEGIN}\nno end\n"
    path.write_text(broken)
    quiet.work()
    (batch,) = quiet.batches()
    assert (batch["state"], batch["error_code"]) == ("dead", "journal.block")
    assert str(path) in batch["error_message"]
    assert path.read_text() == broken
    path.write_text("")
    retry = BatchAction(verb=Verb.RETRY, selection=Selection(ids=(batch["id"],)), actor="me")
    execute_action(quiet.database, retry, quiet.now)
    quiet.work()
    assert quiet.states() == [("completed", None)]


def test_a_folder_that_cannot_be_written_is_retried_automatically(
    quiet: ExportHarness,
) -> None:
    (quiet.project / "docs").write_text("no folder")
    quiet.work()
    (batch,) = quiet.batches()
    assert (batch["state"], batch["error_class"], batch["attempts"]) == ("failed", "transient", 1)
    assert quiet.database.rows("queue.pauses") == []
    (quiet.project / "docs").unlink()
    quiet.now = batch["retry_at"] + timedelta(seconds=1)
    quiet.work()
    assert quiet.states() == [("completed", None)]
    assert len(quiet.files()) == 1


def test_a_waiting_batch_writes_nothing_after_export_was_switched_off(
    quiet: ExportHarness,
) -> None:
    (quiet.project / "docs").write_text("no folder")
    quiet.work()
    (quiet.project / "docs").unlink()
    quiet.now += timedelta(hours=2)
    quiet.switch(on=False)
    quiet.work()
    assert quiet.states() == [("completed_empty", "automatic export is off for this project")]
    assert not quiet.journals.exists()


def test_a_project_without_its_folder_is_skipped(quiet: ExportHarness) -> None:
    quiet.project.rmdir()
    quiet.work()
    assert quiet.states() == [("completed_empty", "the folder of the project no longer exists")]
    assert not quiet.project.exists()


def test_an_export_without_its_lease_stores_nothing(quiet: ExportHarness) -> None:
    late = quiet.journaler()
    late.step()
    (batch,) = quiet.batches()
    queue.release(quiet.database, Kind.JOURNAL, quiet.now.isoformat())
    late.finish()
    assert quiet.states() == [("pending", None)]
    quiet.work()
    assert quiet.states() == [("completed", None)]
    assert quiet.files()["2026-11-21.md"].count("## Fix the parser") == 1
    assert batch["state"] == "claimed"


def test_a_paused_queue_writes_no_journal(quiet: ExportHarness) -> None:
    execute_action(quiet.database, BatchAction(verb=Verb.PAUSE), quiet.now)
    quiet.work()
    assert quiet.batches() == []


def test_a_session_over_midnight_is_in_the_journal_of_the_day_each_turn_began(
    harness: ExportHarness,
) -> None:
    harness.switch(on=True)
    session = harness.session("Before midnight")
    harness.home.clock.tick(20 * 3_600_000)
    session.prompt("After midnight")
    session.end_turn("Done.")
    session.write()
    harness.read()
    harness.now += timedelta(minutes=3)
    harness.work()
    files = harness.files()
    assert list(files) == ["2026-11-21.md", "2026-11-22.md"]
    first, second = (text.partition("<!--\nWhere")[2] for text in files.values())
    assert "turn 1 @" in first
    assert "turn 2 @" not in first
    assert "turn 2 @" in second
    assert "turn 1 @" not in second
    assert "> After midnight" not in files["2026-11-21.md"]
