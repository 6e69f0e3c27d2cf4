"""The entries of a journal are not in memory, and every document has them all the same."""

import json
from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from ingest.cli import document
from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.projects.journal import build, entries
from ingest.projects.journal.entries import Entries
from ingest.projects.journal.model import Journal
from ingest.projects.journal.write import SCHEMA, TIMES, JournalFormat, parts, write
from ingest.sessions.scope import Scope
from ingest.text.times import json_time
from tests.build import Home, scenarios

RULES = build.journal_rules(UTC, 20)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    home = Home(tmp_path / "codex")
    for _ in range(3):
        scenarios.tour(home).write()
    database = Database(tmp_path / "t.duckdb")
    Owner(database, homes([home.path])).read_once()
    return database


def journal_of(database: Database) -> Journal:
    return build.project_journal(database, "sample", RULES)


def test_entries_are_the_same_in_memory_and_in_a_file(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database:
        monkeypatch.setattr(entries, "_IN_MEMORY", 1)
        sessions = build.oldest_first(database, Scope(project="sample"))
        built = list(build.entries_of(database, sessions, RULES))
        stored = Entries(built)
        assert list(stored) == built
        assert (stored[-1], stored[1:]) == (built[-1], built[1:])
        assert len(stored) == 3
        with pytest.raises(IndexError):
            stored[3]


def test_a_journal_in_parts_is_the_json_document(database: Database) -> None:
    with database:
        journal = journal_of(database)
        whole = msgspec.structs.replace(journal, entries=list(journal.entries))
        body = {"schema": SCHEMA, "journal": msgspec.to_builtins(whole, builtin_types=TIMES)}
        made = list(parts(journal, JournalFormat.JSON, UTC))
        assert "".join(made) == json.dumps(body, indent=2, default=json_time) + "\n"
        assert len(made) == len(journal.entries) + 2
        assert all(part.endswith("\n") for part in made)
        assert document.document("journal", {"journal": journal}) == document.line(
            {"schema": SCHEMA, "journal": whole}
        )


def test_a_journal_without_entries_is_json_too(database: Database) -> None:
    with database:
        empty = build.project_journal(database, "nothing", RULES)
        (made,) = parts(empty, JournalFormat.JSON, UTC)
        assert json.loads(made)["journal"]["entries"] == []


def test_an_exported_json_journal_is_only_written_if_it_changed(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "out" / "journal.json"
    with database:
        journal = journal_of(database)
        for change in ("", "", "longer", "cut"):
            if change == "longer":
                path.write_text(path.read_text() + "more")
            elif change == "cut":
                path.write_text(path.read_text()[:-20])
            before = path.stat().st_ino if path.exists() else None
            write(journal, path, JournalFormat.JSON, UTC, below=path.parent)
            assert path.read_text() == "".join(parts(journal, JournalFormat.JSON, UTC))
            assert (path.stat().st_ino == before) == (before is not None and not change)
