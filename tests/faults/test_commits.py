"""All data is stored in one transaction: it is committed completely or not at all, after any
error."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.batches.batch import Kind
from ingest.db import commit_results, queue
from ingest.db.actions import execute_action
from ingest.db.commit_results import BatchCommit
from ingest.db.database import Database
from ingest.db.engine import Error, FatalException, TransactionException
from ingest.errors import BatchNotClaimed, Conflict, DatabaseError, DiskFull, EngineFailed
from ingest.pipeline.follow import Owner
from tests.facts_dump import dump, dump_from
from tests.faults.fault_harness import SMALL, FaultHarness


@pytest.fixture
def harness(tmp_path: Path) -> FaultHarness:
    made = FaultHarness(tmp_path, SMALL)
    made.session("chat")
    return made


class FailingConnection:
    """A connection that answers one statement with an error, before or after executing it."""

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
def failing_commit(
    database: Database, statement: str, error: Exception, *, done: bool
) -> Iterator[None]:
    """The first commit of facts fails with an error."""
    engines: list[FailingConnection] = []

    def commit(database: Database, commits: list[commit_results.BatchCommit], *rest: Any) -> None:
        if commits and not engines:
            engines.append(FailingConnection(database, statement, error, done=done))
        real(database, commits, *rest)

    real = commit_results.commit_results
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ingest.pipeline.run.commit_results", commit)
        yield
    assert [engine.times for engine in engines] == [0]


@pytest.mark.fault("D04", "D05")
@pytest.mark.parametrize("error", [FULL, GONE, BROKEN, MET], ids=["full", "fatal", "io", "met"])
def test_a_commit_that_succeeded_despite_an_error_is_not_repeated(
    harness: FaultHarness, error: Exception
) -> None:
    with harness.open() as database:
        owner = harness.owner(database)
        with failing_commit(database, "commit", error, done=True):
            owner.read_once()
        assert list(dump(database)) == harness.expected_facts()
        assert set(states(database)) == {"completed"}


def states(database: Database) -> list[str]:
    return [state for (state,) in database.execute("select state from v_batches").fetchall()]


@pytest.mark.fault("D02", "D04", "D16")
@pytest.mark.parametrize("error", [GONE, MET], ids=["fatal", "met"])
@pytest.mark.parametrize("statement", ["begin", "commit"])
def test_a_failed_commit_is_retried_at_once(
    harness: FaultHarness, error: Exception, statement: str
) -> None:
    with harness.open() as database:
        owner = harness.owner(database)
        with failing_commit(database, statement, error, done=False):
            owner.read_once()
        assert list(dump(database)) == harness.expected_facts()


@pytest.mark.fault("D02")
def test_after_a_fatal_engine_error_the_file_is_reopened_with_all_commits(
    harness: FaultHarness,
) -> None:
    with harness.open() as database:
        harness.owner(database).read_once()
        facts = list(dump(database))
        FailingConnection(database, "commit", GONE, done=False)
        with pytest.raises(EngineFailed), database.transaction():
            database.execute("delete from turns")
        assert list(dump(database)) == facts


@pytest.mark.fault("D17")
@pytest.mark.parametrize("then", ["delete from messages", None])
def test_a_failed_statement_rolls_back_the_whole_transaction(
    harness: FaultHarness, then: str | None
) -> None:
    """Also if the caller ignores the error: its commit alone would succeed, and store nothing."""

    def careless() -> None:
        with database.transaction():
            database.execute("delete from turns")
            with contextlib.suppress(Error):
                database.execute("insert into homes select * from homes")
            if then is not None:
                database.execute(then)

    with harness.open() as database:
        harness.owner(database).read_once()
        facts = list(dump(database))
        with pytest.raises(DatabaseError):
            careless()
        assert list(dump(database)) == facts
        with database.transaction():
            database.execute("delete from turns")
        assert len(list(dump_from(database.reader()))) < len(facts)


@pytest.mark.fault("D16")
def test_conflicting_writers_get_an_error_and_nothing_is_stored_twice(
    harness: FaultHarness,
) -> None:
    with harness.open() as database:
        harness.owner(database).read_once()
        facts = list(dump(database))
        other = database.reader()
        other.execute("begin")
        other.execute("update turns set state = 'other'")
        with pytest.raises(Conflict), database.transaction():
            database.execute("update turns set state = 'mine'")
        other.execute("rollback")
        assert list(dump(database)) == facts


class Between:
    """Calls a function before each transaction of a run; actions of users run there too."""

    def __init__(self, act: Callable[[Database, list[BatchCommit]], None]) -> None:
        self.act = act

    def __call__(self, database: Database, commits: list[BatchCommit], *rest: Any) -> None:
        self.act(database, commits)
        commit_results.commit_results(database, commits, *rest)

    @contextlib.contextmanager
    def set(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("ingest.pipeline.run.commit_results", self)
            yield


@pytest.mark.fault("Q02", "P09")
def test_a_batch_that_is_cancelled_before_it_is_claimed_is_not_stored_and_the_others_once(
    harness: FaultHarness,
) -> None:
    harness.session("plan")
    cancelled: list[str] = []

    def stop(_database: Database, commits: list[BatchCommit]) -> None:
        if commits:
            raise KeyboardInterrupt

    def cancel(database: Database, _commits: list[BatchCommit]) -> None:
        if not cancelled:
            (row, *_) = database.rows("queue.waiting")
            cancelled.append(row["id"])
            wanted = Selection(ids=(row["id"],))
            action = BatchAction(verb=Verb.CANCEL, selection=wanted, actor="ada")
            assert execute_action(database, action, harness.now).done == 1

    with harness.open() as database:
        with Between(stop).set(), pytest.raises(KeyboardInterrupt):
            harness.owner(database).read_once()
        assert set(states(database)) == {"pending"}
        with Between(cancel).set():
            harness.owner(database).read_once()
        assert states(database).count("cancelled") == 1
        stored = list(dump(database))
        assert stored
        assert set(stored) < set(harness.expected_facts())
        again = BatchAction(verb=Verb.RETRY, selection=Selection(ids=tuple(cancelled)), actor="ada")
        execute_action(database, again, harness.now)
        harness.owner(database).read_once()
        assert list(dump(database)) == harness.expected_facts()
        assert set(states(database)) <= {"completed", "completed_empty"}


@pytest.mark.fault("Q02")
def test_a_batch_that_is_released_before_every_commit_is_reported_and_stores_nothing(
    harness: FaultHarness,
) -> None:
    def release(database: Database, commits: list[BatchCommit]) -> None:
        if commits:
            queue.release(database, Kind.INGEST, harness.now.isoformat())

    with harness.open() as database:
        owner = harness.owner(database)
        with Between(release).set(), pytest.raises(BatchNotClaimed):
            owner.read_once()
        assert not list(dump(database))
        owner.read_once()
        assert list(dump(database)) == harness.expected_facts()


@contextlib.contextmanager
def failing(database: Database, error: Exception) -> Iterator[FailingConnection]:
    engine = FailingConnection(database, "commit", error, done=False)
    engine.times = 1_000_000
    yield engine
    database.reopen()


@pytest.mark.fault("D03", "D02")
def test_a_full_disk_is_reported_charges_no_attempt_and_all_is_stored_later(
    harness: FaultHarness,
) -> None:
    with harness.open() as database:
        owner = harness.owner(database)
        changed = owner.scan().changed
        full = Error("IO Error: Could not write: No space left on device")
        with failing(database, full), pytest.raises(DiskFull):
            owner.read(changed)
        assert not list(dump(database))
        Owner(database, owner.homes, owner.tuning, harness.clock).read_once()
        assert list(dump(database)) == harness.expected_facts()
        charged = database.execute("select max(attempts), max(rescues) from v_batches").fetchone()
        assert charged == (0, 0)
