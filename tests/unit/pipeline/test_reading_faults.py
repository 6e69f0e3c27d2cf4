"""Lines on which our own code fails are rejected one by one; all others are stored."""

from pathlib import Path
from typing import Any

import pytest

from ingest.codex.messages import Messages
from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.run import RunSettings
from tests.build import Home


def fail_on(monkeypatch: pytest.MonkeyPatch, word: str, seen: list[str]) -> None:
    """Make the fold fail on every prompt that contains this word."""
    right = Messages._add_prompt

    def wrong(self: Messages, text: str) -> Any:
        seen.append(text)
        if word in text:
            raise ZeroDivisionError(text)
        return right(self, text)

    monkeypatch.setattr(Messages, "_add_prompt", wrong)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "codex")
    session = made.session("g4")
    for number in range(60):
        session.prompt(f"bad {number}" if number % 3 == 1 else f"good {number}")
        session.end_turn("ok")
    session.end()
    session.write()
    return made


def ingest(home: Home, database: Database) -> None:
    Owner(database, homes([home.path]), RunSettings()).read_once()


def test_each_line_our_code_fails_on_is_rejected_with_its_traceback_and_the_others_are_stored(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    fail_on(monkeypatch, "bad", seen)
    with Database(tmp_path / "db") as database:
        ingest(home, database)
        rejected = database.execute("select reason, trace from rejects").fetchall()
        kept = database.execute("select text from messages where role = 'user'").fetchall()
    assert len(rejected) == 20
    assert all(reason == "fault" and "ZeroDivisionError" in trace for reason, trace in rejected)
    assert sorted(text for (text,) in kept) == sorted(
        f"good {number}" for number in range(60) if number % 3 != 1
    )


def test_many_such_lines_are_each_read_a_few_times_and_not_once_per_fault(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    fail_on(monkeypatch, "bad", seen)
    with Database(tmp_path / "db") as database:
        ingest(home, database)
    assert len(seen) <= 5 * 60
