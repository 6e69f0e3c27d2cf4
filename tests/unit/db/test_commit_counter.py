"""A client that watches commits is notified of each one that changed something, and of no other."""

import time
from pathlib import Path
from threading import Event, Thread

from ingest.db.database import Database
from ingest.errors import OwnerGone
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.server.server import Server
from tests.unit.db.queued import NOW

PAUSE = {"code": "c", "message": "m", "hint": "h", "now": "2026-01-01"}


def test_a_commit_that_changed_nothing_is_not_counted(tmp_path: Path) -> None:
    with Database(tmp_path / "t.duckdb") as database:
        before = database.commits.count
        with database.transaction():
            database.run("queue.resume")
        assert database.commits.count == before
        with database.transaction():
            database.run("queue.pause", **PAUSE)
        assert database.commits.count == before + 1


def test_a_client_can_query_when_the_next_full_sweep_is_due(tmp_path: Path) -> None:
    with (
        Database(tmp_path / "t.duckdb") as database,
        Server(database, Role.FOLLOW, [], NOW),
        DatabaseClient(database.path) as remote,
    ):
        assert next(remote.watch_commits()).sweep_in is None
        database.commits.sweep_at = time.monotonic() + 1000
        left = next(remote.watch_commits()).sweep_in
        assert left is not None
        assert 0 < left <= 1000


def test_a_watching_client_is_notified_of_each_commit(tmp_path: Path) -> None:
    with (
        Database(tmp_path / "t.duckdb") as database,
        Server(database, Role.FOLLOW, [], NOW),
        DatabaseClient(database.path) as remote,
    ):
        commits = remote.watch_commits()
        known = next(commits).count
        for number in range(1, 4):
            with database.transaction():
                database.run("queue.pause", **PAUSE)
            assert next(commits).count == known + number


def test_watching_ends_when_the_client_is_closed(tmp_path: Path) -> None:
    watching = Event()
    ended: list[type[Exception]] = []

    def watch() -> None:
        try:
            for _ in remote.watch_commits():
                watching.set()
        except OwnerGone as error:
            ended.append(type(error))

    with (
        Database(tmp_path / "t.duckdb") as database,
        Server(database, Role.FOLLOW, [], NOW),
        DatabaseClient(database.path) as remote,
    ):
        thread = Thread(target=watch)
        thread.start()
        assert watching.wait(60)
        remote.close()
        thread.join()
    assert ended == [OwnerGone]
