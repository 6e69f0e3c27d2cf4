"""Whoever waits for a change hears of every commit that changed something, and of no other."""

import time
from pathlib import Path
from threading import Event, Thread

from ingest.db.database import Database
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.server.server import Server
from tests.unit.db.queued import NOW

PAUSE = {"code": "c", "message": "m", "hint": "h", "now": "2026-01-01"}


def test_a_commit_that_changed_nothing_is_no_beat(tmp_path: Path) -> None:
    with Database(tmp_path / "t.duckdb") as database:
        before = database.commits.count
        with database.transaction():
            database.run("queue.resume")
        assert database.commits.count == before
        with database.transaction():
            database.run("queue.pause", **PAUSE)
        assert database.commits.count == before + 1


def test_a_guest_hears_when_everything_is_looked_at_next(tmp_path: Path) -> None:
    with (
        Database(tmp_path / "t.duckdb") as database,
        Server(database, Role.FOLLOW, [], NOW),
        DatabaseClient(database.path) as remote,
    ):
        assert remote.wait_for_commit(-1, 0).sweep_in is None
        database.commits.sweep_at = time.monotonic() + 1000
        left = remote.wait_for_commit(-1, 0).sweep_in
        assert left is not None
        assert 0 < left <= 1000


def test_a_guest_that_listens_hears_of_a_commit_at_once(tmp_path: Path) -> None:
    with (
        Database(tmp_path / "t.duckdb") as database,
        Server(database, Role.FOLLOW, [], NOW),
        DatabaseClient(database.path) as remote,
    ):
        beats = remote.wait_for_commit(-1, 0).count
        heard = Event()

        def listen() -> None:
            assert remote.wait_for_commit(beats, 10).count == beats + 1
            heard.set()

        listener = Thread(target=listen, daemon=True)
        listener.start()
        with database.transaction():
            database.run("queue.pause", **PAUSE)
        assert heard.wait(60)
        listener.join()
