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
class ObserverHarness:
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
def harness(tmp_path: Path) -> Iterator[ObserverHarness]:
    home = Home(tmp_path / "codex")
    with Database(tmp_path / "t.duckdb") as database:
        yield ObserverHarness(tmp_path, database, home, datetime(2026, 11, 21))


@pytest.fixture
def quiet(harness: ObserverHarness) -> ObserverHarness:
    """One session that ended a turn three minutes ago."""
    session = harness.home.session()
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    harness.read()
    harness.now += timedelta(minutes=3)
    return harness


def run_observer(harness: ObserverHarness, observer: Observer) -> None:
    observer.step()
    observer.finish()


def test_a_quiet_session_is_observed_once(quiet: ObserverHarness) -> None:
    observer = quiet.observer()
    run_observer(quiet, observer)
    assert quiet.notes() == [("observe", True, "summary", "Fix the parser: 1 turns")]
    assert quiet.batch()["state"] == "completed"
    quiet.now += timedelta(minutes=1)
    run_observer(quiet, observer)
    assert len(quiet.received) == 1


def test_the_observer_gets_the_facts_marked_as_untrusted(quiet: ObserverHarness) -> None:
    run_observer(quiet, quiet.observer())
    (received,) = quiet.received
    assert (received["schema"], received["untrusted"]) == ("tailboard.observe/1", True)
    assert [one["text"] for one in received["messages"]] == ["Fix the parser", "Fixed."]
    assert received["turns"][0]["state"] == "completed"


def test_an_active_or_just_ended_session_is_not_observed(harness: ObserverHarness) -> None:
    session = harness.home.session()
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    busy = harness.home.session()
    busy.prompt("Go on")
    busy.open_command("sleep 60")
    busy.write()
    harness.read()
    run_observer(harness, harness.observer())
    assert harness.received == []


def test_a_session_that_ended_long_ago_is_not_observed(quiet: ObserverHarness) -> None:
    quiet.now += timedelta(days=2)
    run_observer(quiet, quiet.observer())
    assert quiet.batches() == []


def test_another_turn_is_another_batch(quiet: ObserverHarness) -> None:
    observer = quiet.observer()
    run_observer(quiet, observer)
    session = quiet.home.session()
    session.prompt("Something else")
    session.end_turn("Done.")
    session.write()
    quiet.read()
    quiet.now += timedelta(minutes=3)
    run_observer(quiet, observer)
    assert len(quiet.batches()) == 2
    assert len(quiet.notes()) == 2


def test_an_answer_without_notes_is_valid(quiet: ObserverHarness) -> None:
    run_observer(quiet, quiet.observer("print('{\"notes\": []}')"))
    batch = quiet.batch()
    assert (batch["state"], batch["reason"]) == ("completed_empty", "nothing to note")
    assert quiet.notes() == []


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
    quiet: ObserverHarness, code: str, limits: Limits, error: str
) -> None:
    run_observer(quiet, quiet.observer(code, limits))
    batch = quiet.batch()
    assert (batch["state"], batch["error_code"], batch["attempts"]) == ("failed", error, 1)
    assert batch["retry_at"] > quiet.now
    assert batch["error_hint"]
    assert quiet.notes() == []


def test_a_failed_batch_is_retried_at_its_retry_time(quiet: ObserverHarness) -> None:
    run_observer(quiet, quiet.observer("raise SystemExit(1)"))
    observer = quiet.observer()
    run_observer(quiet, observer)
    assert quiet.batch()["state"] == "failed"
    quiet.now = quiet.batch()["retry_at"] + timedelta(seconds=1)
    run_observer(quiet, quiet.observer())
    assert quiet.batch()["state"] == "completed"
    assert len(quiet.notes()) == 1


@pytest.mark.fault("P16")
def test_a_command_that_always_fails_becomes_dead_and_delays_nothing(
    quiet: ObserverHarness,
) -> None:
    tuning = RunSettings(max_attempts=2)
    for _ in range(2):
        run_observer(quiet, quiet.observer("raise SystemExit(1)", tuning=tuning))
        quiet.now += timedelta(hours=1)
    assert (quiet.batch()["state"], quiet.batch()["reason"]) == (
        "dead",
        "exhausted",
    )
    run_observer(quiet, quiet.observer(tuning=tuning))
    assert quiet.batch()["state"] == "dead"
    session = quiet.home.session()
    session.prompt("Read me")
    session.end_turn("Read.")
    session.write()
    quiet.read()
    read = quiet.database.execute("select completed from v_sources where kind = 'rollout'")
    assert read.fetchall() == [(1,), (1,)]


def test_a_stop_releases_the_batch_and_the_next_start_continues_it(
    quiet: ObserverHarness,
) -> None:
    observer = quiet.observer("import time; time.sleep(600)")
    observer.step()
    observer.close()
    batch = quiet.batch()
    assert (batch["state"], batch["attempts"]) == ("pending", 0)
    run_observer(quiet, quiet.observer())
    assert quiet.batch()["state"] == "completed"


def test_a_batch_of_a_dead_owner_is_rescued_without_a_charge(
    quiet: ObserverHarness,
) -> None:
    observer = quiet.observer("import time; time.sleep(600)")
    observer.step()
    assert quiet.batch()["state"] == "claimed"
    queue.rescue(quiet.database, quiet.now)
    batch = quiet.batch()
    assert (batch["state"], batch["attempts"], batch["rescues"]) == ("pending", 0, 1)
    observer.close()
    assert quiet.batch()["state"] == "pending"


def test_a_late_result_of_a_batch_that_was_released_is_dropped(
    quiet: ObserverHarness,
) -> None:
    late = quiet.observer()
    late.step()
    queue.rescue(quiet.database, quiet.now)
    late.finish()
    assert quiet.notes() == []
    assert quiet.batch()["state"] == "pending"


def test_reading_does_not_affect_a_running_observation(quiet: ObserverHarness) -> None:
    observer = quiet.observer()
    observer.step()
    queue.release(quiet.database, Kind.INGEST, quiet.now.isoformat())
    assert quiet.batch()["state"] == "claimed"
    observer.finish()
    assert len(quiet.notes()) == 1


def test_a_paused_queue_observes_nothing(quiet: ObserverHarness) -> None:
    quiet.database.execute("insert into pauses values ('paused', 'm', 'h', now()::timestamp)")
    run_observer(quiet, quiet.observer())
    assert quiet.received == []


def test_a_retry_replaces_the_notes_of_its_batch(quiet: ObserverHarness) -> None:
    run_observer(quiet, quiet.observer())
    quiet.database.execute("update batches set state = 'pending' where kind = 'observe'")
    run_observer(quiet, quiet.observer())
    assert len(quiet.received) == 2
    assert len(quiet.notes()) == 1


@pytest.mark.fault("S13")
def test_hidden_characters_of_a_note_are_made_visible_and_secrets_masked(
    quiet: ObserverHarness,
) -> None:
    code = r"""print(r'{"notes": [{"text": "a\udb40\udc41b <private>c"}]}')"""
    run_observer(quiet, quiet.observer(code))
    assert quiet.notes() == [("observe", True, None, "a<U+E0041>b [private]")]


def test_notes_are_sanitized_before_they_are_stored(quiet: ObserverHarness) -> None:
    code = r"""print(r'{"notes": [{"text": "a\u001b[31mb\u202ec"}]}')"""
    run_observer(quiet, quiet.observer(code))
    assert quiet.notes() == [("observe", True, None, "a␛[31mb<U+202E>c")]


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


def test_without_a_command_there_is_nothing_to_do(quiet: ObserverHarness) -> None:
    maintenance = Maintenance(quiet.database, lambda: quiet.now, [], timedelta(0))
    maintenance.step()
    maintenance.close()
    assert quiet.batches() == []


def test_with_a_retention_old_history_is_pruned_once_a_day(quiet: ObserverHarness) -> None:
    run_observer(quiet, quiet.observer())
    maintenance = Maintenance(quiet.database, lambda: quiet.now, [], timedelta(days=30))
    maintenance.step()
    count = "select count(*) from batches"
    assert quiet.database.execute(count).fetchone() == (1,)
    quiet.now += timedelta(days=31)
    maintenance.step()
    assert quiet.database.execute(count).fetchone() == (0,)
    orders = "select actor, reason from commands"
    assert quiet.database.execute(orders).fetchall() == [("auto", "retention_days")]
