"""The one transaction everything goes through: all or nothing, whatever it ends with."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.db import commit_results
from ingest.db.database import Database
from ingest.db.engine import Error, FatalException, TransactionException
from ingest.errors import Conflict, DatabaseError, DiskFull, EngineFailed, LostLease
from ingest.pipeline.follow import Owner
from tests.facts_dump import dump
from tests.faults.fault_harness import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.session("chat")
    return made


class Engine:
    """A connection that answers one statement with an error, before or after it did as asked."""

    def __init__(self, database: Database, statement: str, error: Exception, *, done: bool) -> None:
        self._database = database
        self._real = database._open
        self._statement, self._error, self._done = statement, error, done
        self.times = 1
        database._open = self  # type: ignore[assignment]

    def execute(self, sql: str, *values: object) -> object:
        if sql == self._statement and self.times:
            self.times -= 1
            if self._done:
                self._real.execute(sql)  # type: ignore[union-attr]
            raise self._error
        return self._real.execute(sql, *values)  # type: ignore[union-attr]

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


FULL = FatalException("database has been invalidated: Could not write: No space left on device")
GONE = FatalException("database has been invalidated because of a previous fatal error")
BROKEN = Error("IO Error: Could not fsync: Input/output error")
MET = TransactionException("TransactionContext Error: Conflict on update!")


@contextlib.contextmanager
def armed(database: Database, statement: str, error: Exception, *, done: bool) -> Iterator[None]:
    """The first commit of facts meets an error."""
    engines: list[Engine] = []

    def land(database: Database, landings: list[commit_results.BatchCommit], *rest: Any) -> None:
        if landings and not engines:
            engines.append(Engine(database, statement, error, done=done))
        real(database, landings, *rest)

    real = commit_results.commit_results
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ingest.pipeline.run.commit_results", land)
        yield
    assert [engine.times for engine in engines] == [0]


@pytest.mark.fault("D04", "D05")
@pytest.mark.parametrize("error", [FULL, GONE, BROKEN, MET], ids=["full", "fatal", "io", "met"])
def test_a_commit_that_was_made_although_it_ended_in_an_error_is_not_made_twice(
    place: Place, error: Exception
) -> None:
    with place.open() as database:
        owner = place.owner(database)
        with armed(database, "commit", error, done=True):
            owner.read_once()
        assert list(dump(database)) == place.quiet()
        assert set(states(database)) == {"completed"}


def states(database: Database) -> list[str]:
    return [state for (state,) in database.execute("select state from batches").fetchall()]


@pytest.mark.fault("D02", "D04", "D16")
@pytest.mark.parametrize("error", [GONE, MET], ids=["fatal", "met"])
@pytest.mark.parametrize("statement", ["begin", "commit"])
def test_a_commit_that_was_not_made_is_tried_again_at_once(
    place: Place, error: Exception, statement: str
) -> None:
    with place.open() as database:
        owner = place.owner(database)
        with armed(database, statement, error, done=False):
            owner.read_once()
        assert list(dump(database)) == place.quiet()


@pytest.mark.fault("D02")
def test_an_engine_that_gave_up_is_opened_again_with_all_that_was_committed(place: Place) -> None:
    with place.open() as database:
        place.owner(database).read_once()
        facts = list(dump(database))
        Engine(database, "commit", GONE, done=False)
        with pytest.raises(EngineFailed), database.transaction():
            database.execute("delete from turns")
        assert list(dump(database)) == facts


@pytest.mark.fault("D17")
@pytest.mark.parametrize("then", ["delete from messages", None])
def test_a_statement_that_fails_takes_the_whole_transaction_with_it(
    place: Place, then: str | None
) -> None:
    """Also where whoever asked does not look: its commit alone would pass, and store nothing."""

    def careless() -> None:
        with database.transaction():
            database.execute("delete from turns")
            with contextlib.suppress(Error):
                database.execute("insert into homes select * from homes")
            if then is not None:
                database.execute(then)

    with place.open() as database:
        place.owner(database).read_once()
        facts = list(dump(database))
        with pytest.raises(DatabaseError):
            careless()
        assert list(dump(database)) == facts
        with database.transaction():
            database.execute("delete from turns")
        assert len(list(dump(database))) < len(facts)


@pytest.mark.fault("D16")
def test_two_writers_that_meet_are_told_so_and_nothing_is_stored_twice(place: Place) -> None:
    with place.open() as database:
        place.owner(database).read_once()
        facts = list(dump(database))
        other = database.reader()
        other.execute("begin")
        other.execute("update turns set state = 'other'")
        with pytest.raises(Conflict), database.transaction():
            database.execute("update turns set state = 'mine'")
        other.execute("rollback")
        assert list(dump(database)) == facts


@pytest.mark.fault("Q02", "P09")
def test_whoever_lost_the_lease_stores_nothing_and_the_work_is_done_once(place: Place) -> None:
    with place.open() as database:
        owner = place.owner(database)
        stolen = 0

        def steals(
            database: Database, landings: list[commit_results.BatchCommit], *rest: Any
        ) -> None:
            nonlocal stolen
            if landings and not stolen:
                stolen += 1
                with database.transaction():
                    database.execute("update batches set lease = 'another' where lease is not null")
            land(database, landings, *rest)

        land = commit_results.commit_results
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("ingest.pipeline.run.commit_results", steals)
            owner.read_once()
        assert stolen == 1
        assert list(dump(database)) == place.quiet()
        assert set(states(database)) <= {"completed", "completed_empty"}


@pytest.mark.fault("Q02")
def test_a_lease_that_is_taken_away_every_time_is_told_and_not_fought_for(place: Place) -> None:
    def steals(database: Database, landings: list[commit_results.BatchCommit], *rest: Any) -> None:
        if landings:
            with database.transaction():
                database.execute("update batches set lease = 'another' where lease is not null")
        land(database, landings, *rest)

    land = commit_results.commit_results
    with place.open() as database:
        owner = place.owner(database)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("ingest.pipeline.run.commit_results", steals)
            with pytest.raises(LostLease):
                owner.read_once()
        assert not list(dump(database))
        owner.read_once()
        assert list(dump(database)) == place.quiet()


@contextlib.contextmanager
def failing(database: Database, error: Exception) -> Iterator[Engine]:
    engine = Engine(database, "commit", error, done=False)
    engine.times = 1_000_000
    yield engine
    database.reopen()


@pytest.mark.fault("D03", "D02")
def test_a_full_disk_is_told_charges_nobody_and_everything_goes_in_later(place: Place) -> None:
    with place.open() as database:
        owner = place.owner(database)
        changed = owner.scan().changed
        full = Error("IO Error: Could not write: No space left on device")
        with failing(database, full), pytest.raises(DiskFull):
            owner.read(changed)
        assert not list(dump(database))
        Owner(database, owner.homes, owner.tuning, place.clock).read_once()
        assert list(dump(database)) == place.quiet()
        charged = database.execute("select max(attempts), max(rescues) from batches").fetchone()
        assert charged == (0, 0)
