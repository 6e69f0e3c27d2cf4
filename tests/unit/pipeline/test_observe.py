"""Observers: a quiet session, a real command, and the rules of the queue."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.batches.batch import Kind
from ingest.db import queue
from ingest.db.database import Database
from ingest.errors import InvalidAnswer
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.limited_program import Limits, run
from ingest.pipeline.maintenance import Maintenance
from ingest.pipeline.observe import Observer, decode_answer
from ingest.pipeline.run import RunSettings
from tests.build import Home

ANSWER = """
import json, sys
facts = json.load(sys.stdin)
said = f"{facts['session']['title']}: {len(facts['turns'])} turns"
print(json.dumps({"notes": [{"text": said, "kind": "summary"}]}))
"""


@dataclass
class CliHarness:
    """A home, a database, and a clock that the test advances."""

    tmp: Path
    database: Database
    home: Home
    now: datetime
    received: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> None:
        owner = Owner(self.database, homes([self.home.path]), clock=lambda: self.now)
        owner.read_once()
        # The time after the last line that the home's own clock has written.
        self.now = datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(tzinfo=None)

    def observer(
        self, code: str = ANSWER, limits: Limits | None = None, tuning: RunSettings | None = None
    ) -> Observer:
        limits = limits or Limits(60.0, 1024**2)
        command = [sys.executable, "-c", code]

        def received(facts: bytes, stopped: Callable[[], bool]) -> bytes:
            self.received.append(json.loads(facts))
            return run(command, limits, self.database.spool, os.environ, facts, stopped)

        return Observer(
            self.database,
            received,
            quiet=timedelta(minutes=2),
            tuning=tuning or RunSettings(),
            clock=lambda: self.now,
        )

    def notes(self) -> list[tuple[Any, ...]]:
        return self.database.execute(
            "select origin, untrusted, kind, text from notes order by time, text"
        ).fetchall()

    def batch(self) -> dict[str, Any]:
        (row,) = self.database.rows("queue.batch", id=self.batches()[0])
        return row

    def batches(self) -> list[str]:
        found = self.database.execute("select id from batches where kind = 'observe' order by id")
        return [name for (name,) in found.fetchall()]


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliHarness]:
    home = Home(tmp_path / "codex")
    with Database(tmp_path / "t.duckdb") as database:
        yield CliHarness(tmp_path, database, home, datetime(2026, 11, 21))


@pytest.fixture
def rested(cli: CliHarness) -> CliHarness:
    """One session that ended a turn three minutes ago."""
    session = cli.home.session()
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    cli.read()
    cli.now += timedelta(minutes=3)
    return cli


def observed(cli: CliHarness, observer: Observer) -> None:
    observer.step()
    observer.finish()


def test_a_quiet_session_is_observed_once(rested: CliHarness) -> None:
    observer = rested.observer()
    observed(rested, observer)
    assert rested.notes() == [("observe", True, "summary", "Fix the parser: 1 turns")]
    assert rested.batch()["state"] == "completed"
    rested.now += timedelta(minutes=1)
    observed(rested, observer)
    assert len(rested.received) == 1


def test_the_observer_gets_the_facts_marked_as_untrusted(rested: CliHarness) -> None:
    observed(rested, rested.observer())
    (received,) = rested.received
    assert (received["schema"], received["untrusted"]) == ("tailboard.observe/1", True)
    assert [one["text"] for one in received["messages"]] == ["Fix the parser", "Fixed."]
    assert received["turns"][0]["state"] == "completed"


def test_an_active_or_just_ended_session_is_not_observed(cli: CliHarness) -> None:
    session = cli.home.session()
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    busy = cli.home.session()
    busy.prompt("Go on")
    busy.open_command("sleep 60")
    busy.write()
    cli.read()
    observed(cli, cli.observer())
    assert cli.received == []


def test_a_session_that_ended_long_ago_is_not_observed(rested: CliHarness) -> None:
    rested.now += timedelta(days=2)
    observed(rested, rested.observer())
    assert rested.batches() == []


def test_another_turn_is_another_batch(rested: CliHarness) -> None:
    observer = rested.observer()
    observed(rested, observer)
    session = rested.home.session()
    session.prompt("Something else")
    session.end_turn("Done.")
    session.write()
    rested.read()
    rested.now += timedelta(minutes=3)
    observed(rested, observer)
    assert len(rested.batches()) == 2
    assert len(rested.notes()) == 2


def test_an_answer_without_notes_is_valid(rested: CliHarness) -> None:
    observed(rested, rested.observer("print('{\"notes\": []}')"))
    batch = rested.batch()
    assert (batch["state"], batch["reason"]) == ("completed_empty", "nothing to note")
    assert rested.notes() == []


@pytest.mark.parametrize(
    ("code", "limits", "error"),
    [
        ("import sys; sys.exit(1)", Limits(60.0, 1024), "observe.failed"),
        ("import time; time.sleep(600)", Limits(0.3, 1024), "observe.too_slow"),
        ("print('no json at all')", Limits(60.0, 1024), "observe.garbage"),
        ("print('x' * 100_000_000)", Limits(60.0, 1024), "observe.too_much"),
    ],
)
def test_a_failure_is_a_failed_batch_with_a_retry_time(
    rested: CliHarness, code: str, limits: Limits, error: str
) -> None:
    observed(rested, rested.observer(code, limits))
    batch = rested.batch()
    assert (batch["state"], batch["error_code"], batch["attempts"]) == ("failed", error, 1)
    assert batch["retry_at"] > rested.now
    assert batch["error_hint"]
    assert rested.notes() == []


def test_a_failed_batch_is_retried_at_its_retry_time(rested: CliHarness) -> None:
    observed(rested, rested.observer("raise SystemExit(1)"))
    observer = rested.observer()
    observed(rested, observer)
    assert rested.batch()["state"] == "failed"
    rested.now = rested.batch()["retry_at"] + timedelta(seconds=1)
    observed(rested, rested.observer())
    assert rested.batch()["state"] == "completed"
    assert len(rested.notes()) == 1


@pytest.mark.fault("P16")
def test_a_command_that_always_fails_becomes_dead_and_delays_nothing(rested: CliHarness) -> None:
    tuning = RunSettings(max_attempts=2)
    for _ in range(2):
        observed(rested, rested.observer("raise SystemExit(1)", tuning=tuning))
        rested.now += timedelta(hours=1)
    assert (rested.batch()["state"], rested.batch()["reason"]) == ("dead", "exhausted")
    observed(rested, rested.observer(tuning=tuning))
    assert rested.batch()["state"] == "dead"
    session = rested.home.session()
    session.prompt("Read me")
    session.end_turn("Read.")
    session.write()
    rested.read()
    read = rested.database.execute("select completed from v_sources where kind = 'rollout'")
    assert read.fetchall() == [(1,), (1,)]


def test_a_stop_releases_the_batch_and_the_next_start_continues_it(rested: CliHarness) -> None:
    observer = rested.observer("import time; time.sleep(600)")
    observer.step()
    observer.close()
    batch = rested.batch()
    assert (batch["state"], batch["attempts"]) == ("pending", 0)
    observed(rested, rested.observer())
    assert rested.batch()["state"] == "completed"


def test_a_batch_of_a_dead_owner_is_rescued_without_a_charge(
    rested: CliHarness,
) -> None:
    observer = rested.observer("import time; time.sleep(600)")
    observer.step()
    assert rested.batch()["state"] == "claimed"
    queue.rescue(rested.database, rested.now)
    batch = rested.batch()
    assert (batch["state"], batch["attempts"], batch["rescues"]) == ("pending", 0, 1)
    observer.close()
    assert rested.batch()["state"] == "pending"


def test_a_late_result_of_a_batch_that_was_released_is_dropped(rested: CliHarness) -> None:
    late = rested.observer()
    late.step()
    queue.rescue(rested.database, rested.now)
    late.finish()
    assert rested.notes() == []
    assert rested.batch()["state"] == "pending"


def test_reading_does_not_affect_a_running_observation(rested: CliHarness) -> None:
    observer = rested.observer()
    observer.step()
    queue.release(rested.database, Kind.INGEST, rested.now.isoformat())
    assert rested.batch()["state"] == "claimed"
    observer.finish()
    assert len(rested.notes()) == 1


def test_a_paused_queue_observes_nothing(rested: CliHarness) -> None:
    rested.database.execute("insert into pauses values ('paused', 'm', 'h', now()::timestamp)")
    observed(rested, rested.observer())
    assert rested.received == []


def test_a_retry_replaces_the_notes_of_its_batch(rested: CliHarness) -> None:
    observed(rested, rested.observer())
    rested.database.execute("update batches set state = 'pending' where kind = 'observe'")
    observed(rested, rested.observer())
    assert len(rested.received) == 2
    assert len(rested.notes()) == 1


@pytest.mark.fault("S13")
def test_hidden_characters_of_a_note_are_made_visible_and_secrets_masked(
    rested: CliHarness,
) -> None:
    code = r"""print(r'{"notes": [{"text": "a\udb40\udc41b <private>c"}]}')"""
    observed(rested, rested.observer(code))
    assert rested.notes() == [("observe", True, None, "a<U+E0041>b [private]")]


def test_notes_are_sanitized_before_they_are_stored(rested: CliHarness) -> None:
    code = r"""print(r'{"notes": [{"text": "a\u001b[31mb\u202ec"}]}')"""
    observed(rested, rested.observer(code))
    assert rested.notes() == [("observe", True, None, "a␛[31mb<U+202E>c")]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b'{"notes": [{"text": ""}]}',
        b'{"notes": [{"text": "a", "more": 1}]}',
        b'{"notes": [{"text": 3}]}',
        b'{"notes": [], "run": "rm"}',
        b'{"notes": [' + b'{"text": "a"},' * 100 + b'{"text": "a"}]}',
        b'{"notes": "\xff"}',
        b"[" * 100_000,
    ],
)
def test_an_answer_in_another_format_is_refused(answer: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        decode_answer(answer)


def test_without_a_command_there_is_nothing_to_do(rested: CliHarness) -> None:
    maintenance = Maintenance(rested.database, lambda: rested.now, [], timedelta(0))
    maintenance.step()
    maintenance.close()
    assert rested.batches() == []


def test_with_a_retention_old_history_is_pruned_once_a_day(rested: CliHarness) -> None:
    observed(rested, rested.observer())
    maintenance = Maintenance(rested.database, lambda: rested.now, [], timedelta(days=30))
    maintenance.step()
    count = "select count(*) from batches"
    assert rested.database.execute(count).fetchone() == (1,)
    rested.now += timedelta(days=31)
    maintenance.step()
    assert rested.database.execute(count).fetchone() == (0,)
    orders = "select actor, reason from commands"
    assert rested.database.execute(orders).fetchall() == [("auto", "retention_days")]
