"""The edit log, a second record of user actions: private, flushed at once, replayed if rows are
missing."""

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.actions import BatchAction, RecordEdit
from ingest.batches.action import Verb
from ingest.batches.retry_policy import PAUSED_BY_USER
from ingest.batches.state import State
from ingest.db import queue
from ingest.db.actions import execute_action, record_edit
from ingest.db.database import Database
from ingest.db.edit_log import EditLog
from ingest.db.replay import replay
from ingest.errors import DatabaseError
from tests.unit.db.queued import HOUR, NOW, act, add, add_source, key, moves_of, opened, row, state


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as one:
        add_source(one, 1, 2)
        yield one


def lost(folder: Path) -> Database:
    """A new database in the same folder, after its file was lost."""
    for path in folder.glob("tailboard.duckdb*"):
        if path.is_file():
            path.unlink()
    return opened(folder)


def commands(database: Database) -> list[tuple[str, str]]:
    con = database.reader()
    return con.execute("select verb, state from commands order by time, rowid").fetchall()


def test_the_edit_log_is_private_and_has_one_line_per_action(database: Database) -> None:
    act(database, Verb.CANCEL, add(database, 1, State.PENDING))
    path = database.path.with_name("edits.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (edit,) = EditLog(database.path).read()
    assert (edit.verb, edit.actor, edit.reason, edit.batches) == (
        "cancel",
        "ada",
        "because",
        [key(1).id],
    )


def test_known_edits_are_not_replayed(database: Database) -> None:
    batch = add(database, 1, State.CANCELLED)
    result = moves_of(database, batch)
    assert replay(database, NOW) == 0
    assert moves_of(database, batch) == result


def test_a_line_torn_by_a_crash_affects_no_other(database: Database) -> None:
    act(database, Verb.PAUSE)
    path = database.path.with_name("edits.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-20])
    act(database, Verb.RESUME)
    assert [edit.verb for edit in EditLog(database.path).read()] == ["pause", "resume"]


@pytest.mark.parametrize("line", [b"\n", b"null\n", b"{}\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"])
def test_a_line_that_is_not_an_edit_is_skipped(database: Database, line: bytes) -> None:
    act(database, Verb.PAUSE)
    path = database.path.with_name("edits.jsonl")
    path.write_bytes(line + path.read_bytes())
    assert [edit.verb for edit in EditLog(database.path).read()] == ["pause"]


def test_a_link_in_place_of_the_edit_log_is_not_followed(
    database: Database, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine\n")
    database.path.with_name("edits.jsonl").symlink_to(elsewhere)
    with pytest.raises(DatabaseError):
        act(database, Verb.PAUSE)
    assert elsewhere.read_text() == "mine\n"
    assert database.rows("queue.pauses") == []


def test_two_databases_in_one_folder_do_not_replay_each_others_edits(
    database: Database, tmp_path: Path
) -> None:
    act(database, Verb.PAUSE)
    with opened(tmp_path, "other.duckdb") as other:
        assert replay(other, NOW) == 0
        assert other.rows("queue.pauses") == []


def test_an_edit_of_a_task_applies_to_every_database_of_its_home(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction():
        database.run("registry.add_home", id="h1", path="/home/ada/.codex")
    edit = RecordEdit(id="c1", verb="task", about={"task": "t-1"}, arguments={}, actor="me")
    record_edit(database, edit, NOW)
    act(database, Verb.PAUSE)
    database.close()
    with opened(tmp_path, "renamed.duckdb") as renamed:
        assert replay(renamed, NOW, homes=["h2"]) == 0
        assert replay(renamed, NOW, homes=["h2", "h1"]) == 1
        # The queue belongs to one database.
        assert commands(renamed) == [("task", "replayed")]
    with lost(tmp_path) as another_home:
        assert replay(another_home, NOW, homes=["h2"]) == 1
        assert commands(another_home) == [("pause", "replayed")]


@pytest.mark.fault("D09")
def test_a_rebuilt_database_replays_recorded_actions(database: Database, tmp_path: Path) -> None:
    cancelled, snoozed = add(database, 1, State.PENDING), add(database, 2, State.PENDING)
    act(database, Verb.CANCEL, cancelled)
    act(database, Verb.SNOOZE, snoozed, until=NOW + HOUR)
    act(database, Verb.PAUSE)
    database.close()
    with lost(tmp_path) as again:
        assert replay(again, NOW) == 3
        assert commands(again) == [
            ("cancel", "replayed"),
            ("snooze", "replayed"),
            ("pause", "replayed"),
        ]
        assert [one["code"] for one in again.rows("queue.pauses")] == [PAUSED_BY_USER]
        decided = again.reader().execute("select batch, state, until from decisions order by state")
        assert decided.fetchall() == [
            (cancelled, "cancelled", None),
            (snoozed, "snoozed", NOW + HOUR),
        ]
        assert replay(again, NOW) == 0


def test_an_undone_decision_is_not_replayed(database: Database, tmp_path: Path) -> None:
    batch = add(database, 1, State.PENDING)
    for verb in (Verb.CANCEL, Verb.RETRY, Verb.PAUSE, Verb.RESUME):
        act(database, verb, *([batch] if verb in (Verb.CANCEL, Verb.RETRY) else []))
    act(database, Verb.SNOOZE, batch, until=NOW + timedelta(minutes=1))
    database.close()
    with lost(tmp_path) as again:
        assert replay(again, NOW + HOUR) == 5
        assert again.rows("queue.decided") == []
        assert again.rows("queue.pauses") == []


def test_an_older_copy_of_the_database_catches_up(database: Database, tmp_path: Path) -> None:
    batch = add(database, 1, State.FAILED)
    act(database, Verb.PAUSE)
    database.close()
    older = database.path.read_bytes()
    with opened(tmp_path) as newer:
        act(newer, Verb.RESUME)
        act(newer, Verb.CANCEL, batch)
    database.path.write_bytes(older)
    with opened(tmp_path) as again:
        assert replay(again, NOW) == 2
        assert state(again, batch) is State.CANCELLED
        assert moves_of(again, batch)[-1] == "cancel"
        assert again.rows("queue.pauses") == []


def test_an_action_interrupted_after_its_edit_log_entry_is_done_at_the_next_start(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = add(database, 1, State.FAILED)
    run = Database.run

    def broken(self: Database, name: str, **values: object) -> int:
        if name == "commands.tell_moves":
            raise KeyboardInterrupt
        return run(self, name, **values)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "run", broken)
        # As if the process dies: nothing is reported, and nothing is rolled back.
        patched.setattr(EditLog, "revoke", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            act(database, Verb.RETRY, batch)
    assert state(database, batch) is State.FAILED
    assert replay(database, NOW) == 1
    assert state(database, batch) is State.PENDING
    assert moves_of(database, batch).count("retry") == 1


def test_a_rediscovered_batch_has_the_state_that_the_user_set(
    database: Database, tmp_path: Path
) -> None:
    batch = add(database, 1, State.PENDING)
    act(database, Verb.CANCEL, batch)
    database.close()
    with lost(tmp_path) as again:
        replay(again, NOW)
        claim = queue.Claim(batch, "ingest", 1, 0, 0, 10)
        queue.apply_decision(again, claim, NOW.isoformat())
        assert state(again, batch) is State.CANCELLED
        assert moves_of(again, batch) == ["cancel"]
        assert again.rows("queue.decided") == []
        act(again, Verb.RETRY, batch)
        assert row(again, batch)["state"] == "pending"


def test_an_edit_of_a_newer_version_is_kept_as_history(database: Database, tmp_path: Path) -> None:
    execute_action(database, BatchAction(id="one", verb=Verb.PAUSE, actor="ada"), NOW)
    path = database.path.with_name("edits.jsonl")
    line = path.read_bytes()
    path.write_bytes(line.replace(b'"pause"', b'"transpose"').replace(b'"one"', b'"two"') + line)
    database.close()
    with lost(tmp_path) as again:
        assert replay(again, NOW) == 2
        assert commands(again) == [("transpose", "replayed"), ("pause", "replayed")]


def test_edits_of_a_task_are_flushed_and_survive_the_loss_of_the_database(
    database: Database, tmp_path: Path
) -> None:
    edit = RecordEdit(
        id="c1",
        verb="task",
        about={"task": "t-1"},
        arguments={"do": "complete"},
        actor="me",
        reason="seen it",
    )
    record_edit(database, edit, NOW)
    database.close()
    with lost(tmp_path) as again:
        assert replay(again, NOW + HOUR) == 1
        row = again.first_row("commands.known", ids=["c1"])
        assert row is not None
        assert commands(again) == [("task", "replayed")]
        assert replay(again, NOW + HOUR) == 0
