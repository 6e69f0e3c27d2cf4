"""The queue at work: pauses, retries, and what survives the loss of the database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.batches.retry_policy import PAUSED_BY_USER, Mode
from ingest.batches.state import State
from ingest.db.actions import execute_action
from ingest.db.database import Database
from ingest.errors import ErrorClass
from ingest.pipeline import read_batch, reader_output
from ingest.pipeline.batch_budget import Budget
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.job import Job, JobDone, SourceFailure
from ingest.pipeline.read_batch import ReportAlive
from ingest.pipeline.run import RunSettings
from tests.build import Home
from tests.facts_dump import dump

NOW = datetime(2026, 11, 21, 12, 0)


class QueueHarness:
    """An owner with its own clock over a home of some sessions, whose reading can be made to
    fail."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, sessions: int = 3) -> None:
        self.folder = folder
        self.now = NOW
        self.home = Home(folder / "codex")
        for number in range(sessions):
            session = self.home.session()
            session.prompt(f"prompt {number}")
            session.end_turn("done")
            session.write()
        self.failing: SourceFailure | None = None
        self.read: list[str] = []
        read = read_batch.read

        def read_or_fail(job: Job, alive: ReportAlive, budget: Budget) -> object:
            self.read.append(job.batch)
            if self.failing is None:
                return read(job, alive, budget)
            done = JobDone(job.batch, job.source, job.cursor.offset, "failed", job.cursor)
            done.failure = self.failing
            return done, None

        monkeypatch.setattr(reader_output, "read", read_or_fail)
        self.open()

    def open(self, tuning: RunSettings | None = None) -> None:
        self.database = Database(self.folder / "tailboard.duckdb")
        self.tune(tuning or RunSettings())

    def tune(self, tuning: RunSettings) -> None:
        self.owner = Owner(self.database, homes([self.home.path]), tuning, lambda: self.now)

    def fail(self, cls: ErrorClass | None) -> None:
        self.failing = (
            None if cls is None else SourceFailure("broken", cls, "It broke.", "Mend it.")
        )

    def states(self) -> list[str]:
        rows = self.database.reader().execute("select state from v_batches order by id").fetchall()
        return [state for (state,) in rows]

    def pauses(self) -> list[str]:
        return [row["code"] for row in self.database.rows("queue.pauses")]

    def act(self, verb: Verb, *ids: str, command: str = "order") -> None:
        wanted = BatchAction(
            id=command, verb=verb, selection=Selection(ids=ids or None), actor="ada"
        )
        execute_action(self.database, wanted, self.now)


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueHarness]:
    one = QueueHarness(tmp_path, monkeypatch)
    yield one
    one.database.close()


def rows(harness: QueueHarness, sql: str) -> list[tuple[object, ...]]:
    return harness.database.reader().execute(sql).fetchall()


def test_a_batch_without_a_failure_leaves_no_row_is_counted_and_shown_as_the_last_of_its_file(
    harness: QueueHarness,
) -> None:
    harness.owner.read_once()
    assert rows(harness, "from batches") == rows(harness, "from batch_moves") == []
    assert rows(harness, "select completed from v_sources") == [(1,)] * 3
    last = (
        "select b.state, b.start, b.finish = s.size from v_batches b join v_sources s using (path)"
    )
    assert rows(harness, last) == [("completed", 0, True)] * 3


def test_a_batch_that_failed_keeps_its_row_and_history_after_it_completed(
    harness: QueueHarness,
) -> None:
    harness.fail(ErrorClass.TRANSIENT)
    harness.owner.read_once()
    harness.fail(None)
    harness.now += timedelta(minutes=1)
    harness.owner.read_once()
    assert rows(harness, "select state, lifetime_attempts from batches") == [("completed", 1)] * 3
    assert rows(
        harness, "select distinct list(move order by rowid) from batch_moves group by batch"
    ) == [(["fail", "complete"],)]
    assert harness.database.rows("batches.counts") == [{"state": "completed", "batches": 3}]


@pytest.mark.fault("Q08")
@pytest.mark.parametrize("cls", [ErrorClass.CONFIG, ErrorClass.RESOURCE])
def test_an_error_of_the_environment_pauses_the_queue_once_and_charges_no_batch(
    harness: QueueHarness, cls: ErrorClass
) -> None:
    harness.fail(cls)
    for _ in range(5):
        assert harness.owner.read_once().paused == "broken"
        assert harness.pauses() == ["broken"]
    assert set(harness.states()) == {"pending"}
    charged = harness.database.reader().execute("select sum(lifetime_attempts) from batches")
    assert charged.fetchone() == (0,)


def test_a_paused_queue_is_probed_with_one_source_and_continues_when_it_works(
    harness: QueueHarness,
) -> None:
    harness.fail(ErrorClass.RESOURCE)
    harness.owner.read_once()
    harness.read.clear()
    harness.owner.read_once()
    assert len(harness.read) == 1
    harness.fail(None)
    report = harness.owner.read_once()
    assert report.paused is None
    assert harness.pauses() == []
    assert set(harness.states()) == {"completed"}


def test_a_pause_by_the_user_is_not_ended_by_a_success(harness: QueueHarness) -> None:
    harness.act(Verb.PAUSE, command="pause")
    for _ in range(2):
        assert harness.owner.read_once().paused == PAUSED_BY_USER
    assert harness.read == []
    harness.act(Verb.RESUME, command="resume")
    assert harness.owner.read_once().paused is None
    assert len(harness.read) == 3


def test_a_pause_during_a_run_stops_it_without_charging_a_batch(harness: QueueHarness) -> None:
    harness.database.close()
    harness.open(RunSettings(batch_bytes=1))
    passed: list[int] = []

    def stop(_report: object, _done: int) -> None:
        if not passed:
            harness.act(Verb.PAUSE, command="pause")
        passed.append(1)

    assert harness.owner.read_once(stop).paused == PAUSED_BY_USER
    assert "claimed" not in harness.states()
    harness.act(Verb.RESUME, command="resume")
    harness.owner.read_once()
    assert set(harness.states()) == {"completed"}
    whole = list(dump(harness.database))
    with Database(harness.folder / "other.duckdb") as other:
        Owner(other, homes([harness.home.path]), clock=lambda: NOW).read_once()
        assert list(dump(other)) == whole


def test_a_failed_batch_is_retried_automatically_at_its_retry_time(harness: QueueHarness) -> None:
    harness.fail(ErrorClass.TRANSIENT)
    harness.owner.read_once()
    assert set(harness.states()) == {"failed"}
    harness.fail(None)
    harness.owner.read_once()
    assert set(harness.states()) == {"failed"}
    harness.now += timedelta(minutes=1)
    harness.owner.read_once()
    assert set(harness.states()) == {"completed"}


def test_with_manual_retry_nothing_is_retried_automatically(harness: QueueHarness) -> None:
    harness.tune(RunSettings(retry=Mode.MANUAL))
    harness.fail(ErrorClass.TRANSIENT)
    harness.owner.read_once()
    harness.fail(None)
    harness.now += timedelta(days=30)
    harness.owner.read_once()
    assert set(harness.states()) == {"failed"}
    harness.act(Verb.RETRY)
    harness.owner.read_once()
    assert set(harness.states()) == {"completed"}


def test_the_settings_determine_the_number_of_attempts(harness: QueueHarness) -> None:
    harness.tune(RunSettings(max_attempts=2))
    harness.fail(ErrorClass.TRANSIENT)
    for _ in range(2):
        harness.owner.read_once()
        harness.now += timedelta(hours=1)
    assert set(harness.states()) == {"dead"}


@pytest.mark.fault("Q15")
def test_failing_and_retrying_stores_no_fact_twice(harness: QueueHarness) -> None:
    for cls in (ErrorClass.TRANSIENT, ErrorClass.DATA, ErrorClass.CONFIG):
        harness.fail(cls)
        harness.owner.read_once()
        harness.now += timedelta(hours=1)
        harness.act(Verb.RETRY, *batch_ids(harness), command=f"retry {cls}")
    harness.fail(None)
    harness.owner.read_once()
    with Database(harness.folder / "other.duckdb") as other:
        Owner(other, homes([harness.home.path]), clock=lambda: NOW).read_once()
        assert list(dump(other)) == list(dump(harness.database))


@pytest.mark.fault("Q07")
def test_lines_written_during_a_batch_belong_to_the_next(
    harness: QueueHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(harness.home.path.rglob("rollout-*.jsonl"))
    line = path.read_bytes().splitlines(keepends=True)[-1]
    read = read_batch.read
    grown: list[int] = []

    def grow(job: Job, alive: ReportAlive, budget: Budget) -> object:
        answer = read(job, alive, budget)
        if job.path == bytes(path) and not grown:
            grown.append(path.stat().st_size)
            with path.open("ab") as file:
                file.write(line)
        return answer

    monkeypatch.setattr(reader_output, "read", grow)
    last = "select start, finish from v_batches where path = ?"
    harness.owner.read_once()
    (first,) = harness.database.reader().execute(last, [str(path)]).fetchall()
    harness.owner.read_once()
    (second,) = harness.database.reader().execute(last, [str(path)]).fetchall()
    assert [first, second] == [(0, grown[0]), (grown[0], grown[0] + len(line))]


@pytest.mark.fault("Q09")
def test_a_session_archived_while_its_batch_waits_is_read(
    harness: QueueHarness,
) -> None:
    harness.fail(ErrorClass.TRANSIENT)
    harness.owner.read_once()
    for path in list(harness.home.path.rglob("rollout-*.jsonl")):
        path.rename(harness.home.path / "archived_sessions" / path.name)
    harness.fail(None)
    harness.now += timedelta(minutes=1)
    harness.owner.read_once()
    assert set(harness.states()) == {"completed"}
    assert {row["archived"] for row in harness.database.rows("sources.listed", **EVERYTHING)} == {
        True
    }


@pytest.mark.fault("Q09")
def test_a_batch_whose_file_was_deleted_waits_and_can_be_cancelled(harness: QueueHarness) -> None:
    harness.fail(ErrorClass.TRANSIENT)
    harness.owner.read_once()
    for path in list(harness.home.path.rglob("rollout-*.jsonl")):
        path.unlink()
    harness.fail(None)
    harness.now += timedelta(minutes=1)
    harness.owner.read_once()
    assert set(harness.states()) == {"pending"}
    harness.act(Verb.CANCEL, *batch_ids(harness))
    assert set(harness.states()) == {"cancelled"}


@pytest.mark.fault("D09")
def test_a_rebuilt_database_has_all_recorded_actions(harness: QueueHarness) -> None:
    harness.fail(ErrorClass.TRANSIENT)
    harness.owner.read_once()
    cancelled = batch_ids(harness)[0]
    harness.act(Verb.CANCEL, cancelled)
    harness.database.close()
    for path in harness.folder.glob("tailboard.duckdb*"):
        if path.is_file():
            path.unlink()
    harness.fail(None)
    harness.open()
    harness.owner.read_once()
    row = harness.database.first_row("queue.batch", id=cancelled)
    assert row is not None
    assert row["state"] == State.CANCELLED
    assert sorted(harness.states()) == ["cancelled", "completed", "completed"]
    result = harness.database.reader().execute("select verb, actor, state from commands").fetchall()
    assert result == [("cancel", "ada", "replayed")]
    harness.act(Verb.RETRY, cancelled, command="retry")
    harness.owner.read_once()
    assert set(harness.states()) == {"completed"}


EVERYTHING = {"session": None, "limit": None, "offset": 0}


def batch_ids(harness: QueueHarness) -> list[str]:
    rows = harness.database.reader().execute("select id from batches order by id").fetchall()
    return [batch for (batch,) in rows]
