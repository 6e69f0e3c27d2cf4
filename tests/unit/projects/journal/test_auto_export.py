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
class CliHarness:
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
def cli(tmp_path: Path) -> Iterator[CliHarness]:
    home = Home(tmp_path / "codex")
    with Database(tmp_path / "t.duckdb") as database:
        cli = CliHarness(tmp_path, database, home, datetime(2026, 11, 21))
        cli.project.mkdir()
        yield cli


@pytest.fixture
def rested(cli: CliHarness) -> CliHarness:
    """Automatic export is on, and a session of the project ended three minutes ago."""
    cli.switch(on=True)
    cli.session()
    cli.read()
    cli.now += timedelta(minutes=3)
    return cli


def test_a_quiet_session_is_exported_to_the_journal_of_its_day(
    rested: CliHarness,
) -> None:
    rested.work()
    (text,) = rested.files().values()
    assert list(rested.files()) == ["2026-11-21.md"]
    assert "## Fix the parser" in text
    assert rested.states() == [("completed", None)]
    assert (rested.journals / "2026-11-21.md").stat().st_mode & 0o777 == 0o600


def test_a_project_without_automatic_export_gets_no_journal(cli: CliHarness) -> None:
    cli.session()
    cli.read()
    cli.now += timedelta(minutes=3)
    cli.work()
    assert (cli.batches(), cli.journals.exists()) == ([], False)


def test_the_first_day_is_exported_completely_and_earlier_days_are_not(cli: CliHarness) -> None:
    cli.session("Yesterday")
    cli.home.clock.tick(24 * 3_600_000)
    cli.session("This morning")
    cli.read()
    cli.now += timedelta(hours=1)
    cli.switch(on=True)
    cli.work()
    cli.work()
    assert list(cli.files()) == ["2026-11-22.md"]
    assert "This morning" in cli.files()["2026-11-22.md"]


def test_an_active_session_is_not_exported_until_it_is_idle(cli: CliHarness) -> None:
    cli.switch(on=True)
    session = cli.home.session(cwd=str(cli.project))
    session.prompt("Go on")
    session.open_command("sleep 60")
    session.write()
    cli.read()
    cli.now += timedelta(minutes=3)
    cli.work()
    assert cli.batches() == []
    cli.now += timedelta(hours=1)
    cli.work()
    assert "not ended" in cli.files()["2026-11-21.md"]


def test_a_journal_is_exported_again_only_after_new_activity(rested: CliHarness) -> None:
    rested.work()
    rested.now += timedelta(minutes=1)
    rested.work()
    assert len(rested.batches()) == 1
    rested.session("And the changelog")
    rested.read()
    rested.now += timedelta(minutes=3)
    rested.work()
    (text,) = rested.files().values()
    assert text.count("## Fix the parser") == text.count("## And the changelog") == 1
    assert rested.states() == [("completed", None)] * 2


def test_a_retry_never_duplicates_the_content_of_the_file(rested: CliHarness) -> None:
    rested.work()
    (before,) = rested.files().values()
    retry = BatchAction(
        verb=Verb.RETRY, selection=Selection(ids=(rested.batches()[0]["id"],)), actor="me"
    )
    execute_action(rested.database, retry, rested.now)
    assert rested.states() == [("pending", None)]
    rested.work()
    assert (rested.states(), list(rested.files().values())) == ([("completed", None)], [before])


def test_text_of_the_user_around_the_block_is_kept(rested: CliHarness) -> None:
    rested.journals.mkdir(parents=True)
    path = rested.journals / "2026-11-21.md"
    path.write_text("# My notes\n\nkeep me\n")
    rested.work()
    text = path.read_text()
    assert text.startswith("# My notes\n\nkeep me\n\n" + BEGIN)
    path.write_text(text + "\nand me\n")
    rested.session("And the changelog")
    rested.read()
    rested.now += timedelta(minutes=3)
    rested.work()
    text = path.read_text()
    assert text.startswith("# My notes\n\nkeep me\n")
    assert text.endswith("\nand me\n")
    assert text.count(BEGIN) == text.count(END) == 1
    assert "And the changelog" in text


def test_a_file_with_broken_markers_needs_attention_and_is_not_changed(
    rested: CliHarness,
) -> None:
    rested.journals.mkdir(parents=True)
    path = rested.journals / "2026-11-21.md"
    broken = f"{BEGIN}\nno end\n"
    path.write_text(broken)
    rested.work()
    (batch,) = rested.batches()
    assert (batch["state"], batch["error_code"]) == ("dead", "journal.block")
    assert str(path) in batch["error_message"]
    assert path.read_text() == broken
    path.write_text("")
    retry = BatchAction(verb=Verb.RETRY, selection=Selection(ids=(batch["id"],)), actor="me")
    execute_action(rested.database, retry, rested.now)
    rested.work()
    assert rested.states() == [("completed", None)]


def test_a_folder_that_cannot_be_written_is_retried_automatically(rested: CliHarness) -> None:
    (rested.project / "docs").write_text("no folder")
    rested.work()
    (batch,) = rested.batches()
    assert (batch["state"], batch["error_class"], batch["attempts"]) == ("failed", "transient", 1)
    assert rested.database.rows("queue.pauses") == []
    (rested.project / "docs").unlink()
    rested.now = batch["retry_at"] + timedelta(seconds=1)
    rested.work()
    assert rested.states() == [("completed", None)]
    assert len(rested.files()) == 1


def test_a_waiting_batch_writes_nothing_after_export_was_switched_off(rested: CliHarness) -> None:
    (rested.project / "docs").write_text("no folder")
    rested.work()
    (rested.project / "docs").unlink()
    rested.now += timedelta(hours=2)
    rested.switch(on=False)
    rested.work()
    assert rested.states() == [("completed_empty", "automatic export is off for this project")]
    assert not rested.journals.exists()


def test_a_project_without_its_folder_is_skipped(rested: CliHarness) -> None:
    rested.project.rmdir()
    rested.work()
    assert rested.states() == [("completed_empty", "the folder of the project no longer exists")]
    assert not rested.project.exists()


def test_an_export_without_its_lease_stores_nothing(rested: CliHarness) -> None:
    late = rested.journaler()
    late.step()
    (batch,) = rested.batches()
    queue.release(rested.database, Kind.JOURNAL, rested.now.isoformat())
    late.finish()
    assert rested.states() == [("pending", None)]
    rested.work()
    assert rested.states() == [("completed", None)]
    assert rested.files()["2026-11-21.md"].count("## Fix the parser") == 1
    assert batch["state"] == "claimed"


def test_a_paused_queue_writes_no_journal(rested: CliHarness) -> None:
    execute_action(rested.database, BatchAction(verb=Verb.PAUSE), rested.now)
    rested.work()
    assert rested.batches() == []


def test_a_session_over_midnight_is_in_the_journal_of_the_day_each_turn_began(
    cli: CliHarness,
) -> None:
    cli.switch(on=True)
    session = cli.session("Before midnight")
    cli.home.clock.tick(20 * 3_600_000)
    session.prompt("After midnight")
    session.end_turn("Done.")
    session.write()
    cli.read()
    cli.now += timedelta(minutes=3)
    cli.work()
    files = cli.files()
    assert list(files) == ["2026-11-21.md", "2026-11-22.md"]
    first, second = (text.partition("<!--\nWhere")[2] for text in files.values())
    assert "turn 1 @" in first
    assert "turn 2 @" not in first
    assert "turn 2 @" in second
    assert "turn 1 @" not in second
    assert "> After midnight" not in files["2026-11-21.md"]
