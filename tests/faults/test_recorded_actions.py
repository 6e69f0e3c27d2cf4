"""Recorded actions and errors: a refused action has no effect, and no other action is lost."""

import fcntl
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest

from ingest.actions import BatchAction, ReadAgain, RecordEdit
from ingest.batches.action import Verb
from ingest.db import actions
from ingest.db.actions import execute_action, record_edit
from ingest.db.database import Database
from ingest.db.edit_log import EditLog
from ingest.db.redact_stored import redact
from ingest.db.replay import replay
from ingest.db.reset import reset, targets
from ingest.errors import DatabaseUnusable, DiskFull
from tests.faults.fault_harness import FaultHarness

NOW = datetime(2026, 11, 22, 9, 0, 0)
PATIENCE = 60.0
SECRET = "sk-proj-" + "Ab3" * 16


def pause(database: Database) -> None:
    execute_action(database, BatchAction(id="c1", verb=Verb.PAUSE, actor="ada"), NOW)


def add_task(database: Database, text: str = "Write it") -> None:
    record_edit(database, task_edit(text, "c1"), NOW)


def task_edit(text: str, command: str) -> RecordEdit:
    return RecordEdit(
        id=command, verb="task", about={"task": "t"}, arguments={"text": text}, actor="ada"
    )


def reset_all(database: Database) -> None:
    selected = targets(database, readable=lambda _: True)
    reset(database, selected, ReadAgain(id="c1", actor="ada"), NOW)


ACTIONS = pytest.mark.parametrize("action", [pause, add_task, reset_all])


def recorded(database: Database) -> list[tuple[str, str]]:
    rows = database.reader().execute("select verb, id from commands order by rowid").fetchall()
    return [(verb, command) for verb, command in rows]


@pytest.mark.fault("D42")
@ACTIONS
@pytest.mark.parametrize("error", [DiskFull(Path("t")), KeyboardInterrupt(), RuntimeError("bug")])
def test_a_refused_action_is_never_executed(
    harness: FaultHarness,
    monkeypatch: pytest.MonkeyPatch,
    action: Callable[[Database], None],
    error: BaseException,
) -> None:
    harness.session("chat")
    harness.read()
    with harness.open() as database:
        record_edit(database, task_edit("Before", "c0"), NOW)

    def fails(*_: object, **__: object) -> None:
        raise error

    with harness.open() as database:
        with monkeypatch.context() as patched:
            # The line is written, but the transaction is never committed.
            patched.setattr(actions, "insert_command", fails)
            with pytest.raises(type(error)):
                action(database)
        assert [edit.id for edit in EditLog(database.path).read()] == ["c0"]
        record_edit(database, task_edit("After", "c2"), NOW)
    with harness.open() as database:
        assert replay(database, NOW) == 0
        assert recorded(database) == [("task", "c0"), ("task", "c2")]
    harness.forget()
    with harness.open() as database:
        assert replay(database, NOW) == 2
        assert recorded(database) == [("task", "c0"), ("task", "c2")]
        assert database.rows("queue.pauses") == []


@pytest.mark.fault("D42")
@ACTIONS
def test_a_committed_action_counts_as_done_despite_an_error(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch, action: Callable[[Database], None]
) -> None:
    harness.session("chat")
    harness.read()
    with harness.open() as database:
        increment = database.commits.increment

        def fails() -> None:
            increment()
            raise DiskFull(database.path)

        with monkeypatch.context() as patched:
            patched.setattr(database.commits, "increment", fails)
            action(database)
        assert [command for _, command in recorded(database)] == ["c1"]
        assert [edit.id for edit in EditLog(database.path).read()] == ["c1"]


@pytest.mark.fault("D42")
def test_a_partly_written_line_of_the_edit_log_is_removed(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite

    def full(file: int, data: bytes, at: int) -> int:
        if len(data) > 20:
            return pwrite(file, data[:20], at)
        raise OSError(28, "No space left on device")

    with harness.open() as database:
        add_task(database)
        size = EditLog(database.path).size()
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", full)
            with pytest.raises(DiskFull):
                record_edit(database, task_edit("No room", "c2"), NOW)
        assert EditLog(database.path).size() == size
        assert recorded(database) == [("task", "c1")]


@pytest.mark.fault("D43")
def test_edits_of_another_database_survive_a_rewrite_of_the_edit_log(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two databases in one folder share the file: while one masks it, the other appends to it."""
    other = harness.path.with_name("other.duckdb")
    opened, begun, past = Event(), Event(), Event()
    replace, flock, main = Path.replace, fcntl.flock, threading.get_ident()

    def add_beside() -> None:
        with Database(other) as database:
            opened.set()
            begun.wait(PATIENCE)
            record_edit(database, task_edit("Beside", "c2"), NOW)
            past.set()

    def locks(file: int, how: int) -> None:
        if threading.get_ident() != main:
            past.set()
        flock(file, how)

    def slowly(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            begun.set()
            # The other one waits for the lock by then. Without a lock its line would be in the
            # old file, and lost with it.
            past.wait(PATIENCE)
        return replace(self, target)

    with harness.open() as database, ThreadPoolExecutor(1) as threads:
        add_task(database, "Write it")
        path = EditLog(database.path).path
        path.write_text(path.read_text(encoding="utf-8").replace("Write it", f"key {SECRET}"))
        beside = threads.submit(add_beside)
        opened.wait(PATIENCE)
        monkeypatch.setattr(Path, "replace", slowly)
        monkeypatch.setattr(fcntl, "flock", locks)
        assert redact(database)
        beside.result(PATIENCE)
    assert SECRET not in path.read_text(encoding="utf-8")
    assert [edit.id for edit in EditLog(harness.path).read()] == ["c1"]
    assert [edit.id for edit in EditLog(other).read()] == ["c2"]


@pytest.mark.fault("D43")
def test_a_rebuilt_database_gets_all_edits_from_a_rewritten_edit_log(
    harness: FaultHarness,
) -> None:
    """The result does not depend on the length of lines that others changed."""
    other = harness.path.with_name("other.duckdb")
    with Database(other) as database:
        record_edit(database, task_edit("x" * 500 + SECRET, "c1"), NOW)
    with harness.open() as database:
        record_edit(database, task_edit("First", "c2"), NOW)
    kept = harness.path.read_bytes()
    with harness.open() as database:
        record_edit(database, task_edit("Second", "c3"), NOW)
    with Database(other) as database:
        EditLog(other).rewrite(lambda line: line.replace(b"x" * 500, b"x"))
    harness.path.write_bytes(kept)
    with harness.open() as database:
        assert replay(database, NOW) == 1
        assert [command for _, command in recorded(database)] == ["c2", "c3"]


@pytest.mark.fault("D42")
def test_an_edit_log_that_is_a_link_is_not_followed(harness: FaultHarness) -> None:
    elsewhere = harness.folder / "elsewhere"
    elsewhere.write_bytes(b"")
    with harness.open() as database:
        EditLog(database.path).path.symlink_to(elsewhere)
        with pytest.raises(DatabaseUnusable):
            add_task(database)
        assert recorded(database) == []
    assert elsewhere.read_bytes() == b""
