"""Codex's SQLite files are read beside Codex without a trace, and left alone if not known."""

import sqlite3
from pathlib import Path

import pytest

from ingest.live.codex_databases import (
    MEMORIES,
    QUEUE,
    STATE,
    DatabaseUnread,
    Threads,
    ThreadTitle,
    memory_pipeline,
    queued,
    threads,
)
from ingest.live.home import HomeLive
from tests.codex_databases import codex_database, queue_message


def files(home: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in home.iterdir()}


def test_a_home_without_databases_has_nothing_queued_and_gets_no_files(tmp_path: Path) -> None:
    home = str(tmp_path)
    assert (queued(home), threads(home), memory_pipeline(home).jobs) == ({}, Threads(), [])
    assert files(tmp_path) == {}


def test_queued_messages_are_counted_while_codex_writes_and_it_never_waits(tmp_path: Path) -> None:
    with codex_database(tmp_path, QUEUE) as codex:
        queue_message(codex, "a")
        queue_message(codex, "a")
        queue_message(codex, "b")
        before = files(tmp_path)
        assert queued(str(tmp_path)) == {"a": 2, "b": 1}
        codex.execute("begin immediate")
        queue_message(codex, "b")
        assert queued(str(tmp_path)) == {"a": 2, "b": 1}
        codex.execute("commit")
        assert queued(str(tmp_path)) == {"a": 2, "b": 2}
        assert files(tmp_path).keys() == before.keys()
        # It can move its log into the file, which a reader that stays would prevent.
        assert codex.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0


def test_a_file_that_codex_closed_is_read_without_creating_anything(tmp_path: Path) -> None:
    with codex_database(tmp_path, QUEUE) as codex:
        queue_message(codex, "a")
    before = files(tmp_path)
    assert list(before) == [QUEUE]
    assert queued(str(tmp_path)) == {"a": 1}
    assert files(tmp_path) == before


def test_an_unknown_form_is_reported_and_read_again_when_it_changes(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / QUEUE) as database:
        database.execute("create table something_else (id text)")
    database.close()
    (tmp_path / STATE).write_text("no database at all, but long enough to be taken for one" * 99)
    (tmp_path / MEMORIES).symlink_to(tmp_path / QUEUE)
    live = HomeLive(str(tmp_path))
    assert live.now(ask=False).queued == {}
    assert live.unread == {
        QUEUE: "Its tables are not in a form that is known.",
        STATE: "It is not a database of Codex.",
    }
    with pytest.raises(DatabaseUnread, match="not a regular file"):
        memory_pipeline(str(tmp_path))
    (tmp_path / QUEUE).unlink()
    with codex_database(tmp_path, QUEUE) as codex:
        queue_message(codex, "a")
        assert live.now(ask=False).queued == {"a": 1}
        assert QUEUE not in live.unread


def test_a_locked_file_is_left_alone(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / QUEUE, isolation_level=None)
    database.execute("create table queued_items (thread_id text)")
    (tmp_path / f"{QUEUE}-wal").touch()
    database.execute("begin exclusive")
    with pytest.raises(DatabaseUnread, match="It is busy"):
        queued(str(tmp_path))
    database.close()


def test_titles_and_pins_are_read_from_lists_of_older_releases_too(tmp_path: Path) -> None:
    """Before 0.169 the list has no names, and no pins before them."""
    with codex_database(tmp_path, STATE) as codex:
        codex.execute("insert into threads values ('a', 'x', 'Fix it', 0, 1, 'Parser')")
        codex.execute("insert into threads values ('b', 'x', 'Another', 1, 1, null)")
        assert threads(str(tmp_path)) == Threads(
            {"a": ThreadTitle("Parser", "Fix it"), "b": ThreadTitle("", "Another")},
            frozenset("a"),
        )
        codex.execute("alter table threads drop column name")
        codex.execute("alter table threads drop column is_pinned")
        assert threads(str(tmp_path)) == Threads(
            {"a": ThreadTitle("", "Fix it"), "b": ThreadTitle("", "Another")}
        )
        codex.execute("alter table threads drop column title")
        with pytest.raises(DatabaseUnread, match="not in a form that is known"):
            threads(str(tmp_path))
