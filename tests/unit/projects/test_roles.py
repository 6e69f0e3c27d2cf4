"""Roles: a quiet session or an ended day, a real command, and the rules of the queue."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ingest.batches.batch import Kind
from ingest.db import queue
from ingest.db.database import Database
from ingest.errors import InvalidAnswer
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.pipeline.limited_program import Limits
from ingest.pipeline.maintenance import Maintenance
from ingest.pipeline.run import RunSettings
from ingest.projects.roles.answer import decode_answer
from ingest.projects.roles.declared import all_roles
from ingest.projects.roles.facts import command_hash
from ingest.projects.roles.job import RoleJob, Spent, run_command, spent_on
from ingest.projects.roles.summaries import consolidated
from ingest.role_settings import Fact, Role, RoleOutput, When
from ingest.settings import Settings
from tests.build import Home

ANSWER = """
import json, sys
facts = json.load(sys.stdin)
said = f"{facts['session']['title']}: {len(facts['turns'])} turns"
print(json.dumps({"notes": [{"text": said, "kind": "summary"}]}))
"""

OBSERVER = Role(name="observe", command=("x",), writes=(RoleOutput.NOTES,))
OTHER_ANSWER = """print('{"notes": [{"text": "another", "kind": "summary"}]}')"""


@dataclass
class RoleHarness:
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
    ) -> RoleJob:
        limits = limits or Limits(60.0, 1024**2)
        settings = Settings(
            codex_homes=(), db=self.database.path, observe_command=(sys.executable, "-c", code)
        )
        role = all_roles(settings)[-1]
        return self.job([role], limits, tuning)

    def job(
        self, roles: list[Role], limits: Limits | None = None, tuning: RunSettings | None = None
    ) -> RoleJob:
        def run_role(role: Role, facts: bytes, stopped: Callable[[], bool]) -> bytes:
            self.received.append(json.loads(facts))
            if limits:
                role = replace(
                    role, timeout_seconds=limits.seconds, output_bytes=limits.output_bytes
                )
            return run_command(role, facts, stopped, folder=self.database.spool, env=os.environ)

        return RoleJob(
            self.database,
            roles,
            run_role,
            zone=UTC,
            tuning=tuning or RunSettings(),
            clock=lambda: self.now,
        )

    def notes(self) -> list[tuple[Any, ...]]:
        return self.database.execute(
            "select origin, untrusted, kind, text from notes order by time, text"
        ).fetchall()

    def row(self, sql: str) -> tuple[Any, ...]:
        row = self.database.execute(sql).fetchone()
        assert row is not None
        return tuple(row)

    def batch(self) -> dict[str, Any]:
        (row,) = self.database.rows("queue.batch", id=self.batches()[0])
        return row

    def batches(self) -> list[str]:
        found = self.database.execute("select id from batches where kind = 'observe' order by id")
        return [name for (name,) in found.fetchall()]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[RoleHarness]:
    home = Home(tmp_path / "codex")
    with Database(tmp_path / "t.duckdb") as database:
        yield RoleHarness(tmp_path, database, home, datetime(2026, 11, 21))


@pytest.fixture
def quiet(harness: RoleHarness) -> RoleHarness:
    """One session that ended a turn three minutes ago."""
    session = harness.home.session()
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    harness.read()
    harness.now += timedelta(minutes=3)
    return harness


def run_job(job: RoleJob) -> None:
    job.step()
    job.finish()


def test_a_quiet_session_is_observed_once(quiet: RoleHarness) -> None:
    observer = quiet.observer()
    run_job(observer)
    assert quiet.notes() == [("observe", True, "summary", "Fix the parser: 1 turns")]
    assert quiet.batch()["state"] == "completed"
    quiet.now += timedelta(minutes=1)
    run_job(observer)
    assert len(quiet.received) == 1


def test_the_observer_gets_the_facts_marked_as_untrusted(quiet: RoleHarness) -> None:
    run_job(quiet.observer())
    (received,) = quiet.received
    assert (received["schema"], received["untrusted"]) == ("tailboard.observe/1", True)
    assert [one["text"] for one in received["messages"]] == ["Fix the parser", "Fixed."]
    assert received["turns"][0]["state"] == "completed"


def test_an_active_or_just_ended_session_is_not_observed(harness: RoleHarness) -> None:
    session = harness.home.session()
    session.prompt("Fix the parser")
    session.end_turn("Fixed.")
    session.write()
    busy = harness.home.session()
    busy.prompt("Go on")
    busy.open_command("sleep 60")
    busy.write()
    harness.read()
    run_job(harness.observer())
    assert harness.received == []


def test_a_session_that_ended_long_ago_is_not_observed(quiet: RoleHarness) -> None:
    quiet.now += timedelta(days=2)
    run_job(quiet.observer())
    assert quiet.batches() == []


def test_another_turn_is_another_batch(quiet: RoleHarness) -> None:
    observer = quiet.observer()
    run_job(observer)
    session = quiet.home.session()
    session.prompt("Something else")
    session.end_turn("Done.")
    session.write()
    quiet.read()
    quiet.now += timedelta(minutes=3)
    run_job(observer)
    assert len(quiet.batches()) == 2
    assert len(quiet.notes()) == 2


def test_an_answer_without_notes_is_valid(quiet: RoleHarness) -> None:
    run_job(quiet.observer("print('{\"notes\": []}')"))
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
    quiet: RoleHarness, code: str, limits: Limits, error: str
) -> None:
    run_job(quiet.observer(code, limits))
    batch = quiet.batch()
    assert (batch["state"], batch["error_code"], batch["attempts"]) == ("failed", error, 1)
    assert batch["retry_at"] > quiet.now
    assert batch["error_hint"]
    assert quiet.notes() == []


def test_a_failed_batch_is_retried_at_its_retry_time(quiet: RoleHarness) -> None:
    run_job(quiet.observer("raise SystemExit(1)"))
    observer = quiet.observer()
    run_job(observer)
    assert quiet.batch()["state"] == "failed"
    quiet.now = quiet.batch()["retry_at"] + timedelta(seconds=1)
    run_job(quiet.observer())
    assert quiet.batch()["state"] == "completed"
    assert len(quiet.notes()) == 1


@pytest.mark.fault("P16")
def test_a_command_that_always_fails_becomes_dead_and_delays_nothing(
    quiet: RoleHarness,
) -> None:
    tuning = RunSettings(max_attempts=2)
    for _ in range(2):
        run_job(quiet.observer("raise SystemExit(1)", tuning=tuning))
        quiet.now += timedelta(hours=1)
    assert (quiet.batch()["state"], quiet.batch()["reason"]) == (
        "dead",
        "exhausted",
    )
    run_job(quiet.observer(tuning=tuning))
    assert quiet.batch()["state"] == "dead"
    session = quiet.home.session()
    session.prompt("Read me")
    session.end_turn("Read.")
    session.write()
    quiet.read()
    read = quiet.database.execute("select completed from v_sources where kind = 'rollout'")
    assert read.fetchall() == [(1,), (1,)]


def test_a_stop_releases_the_batch_and_the_next_start_continues_it(
    quiet: RoleHarness,
) -> None:
    observer = quiet.observer("import time; time.sleep(600)")
    observer.step()
    observer.close()
    batch = quiet.batch()
    assert (batch["state"], batch["attempts"]) == ("pending", 0)
    run_job(quiet.observer())
    assert quiet.batch()["state"] == "completed"


def test_a_batch_of_a_dead_owner_is_rescued_without_a_charge(
    quiet: RoleHarness,
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
    quiet: RoleHarness,
) -> None:
    late = quiet.observer()
    late.step()
    queue.rescue(quiet.database, quiet.now)
    late.finish()
    assert quiet.notes() == []
    assert quiet.batch()["state"] == "pending"


def test_reading_does_not_affect_a_running_observation(quiet: RoleHarness) -> None:
    observer = quiet.observer()
    observer.step()
    queue.release(quiet.database, Kind.INGEST, quiet.now.isoformat())
    assert quiet.batch()["state"] == "claimed"
    observer.finish()
    assert len(quiet.notes()) == 1


def test_a_paused_queue_observes_nothing(quiet: RoleHarness) -> None:
    quiet.database.execute("insert into pauses values ('paused', 'm', 'h', now()::timestamp)")
    run_job(quiet.observer())
    assert quiet.received == []


def test_a_retry_replaces_the_notes_of_its_batch(quiet: RoleHarness) -> None:
    run_job(quiet.observer())
    quiet.database.execute("update batches set state = 'pending' where kind = 'observe'")
    run_job(quiet.observer(OTHER_ANSWER))
    assert len(quiet.received) == 2
    assert quiet.notes() == [("observe", True, "summary", "another")]


def test_the_same_input_is_not_run_again_and_its_notes_stay(quiet: RoleHarness) -> None:
    run_job(quiet.observer())
    notes = quiet.notes()
    quiet.database.execute("update batches set state = 'pending' where kind = 'observe'")
    run_job(quiet.observer())
    batch = quiet.batch()
    assert (batch["state"], batch["reason"]) == (
        "completed_empty",
        f"same input as batch {batch['id'][:8]}: not run again",
    )
    assert (len(quiet.received), quiet.notes()) == (1, notes)


@pytest.mark.fault("S13")
def test_hidden_characters_of_a_note_are_made_visible_and_secrets_masked(
    quiet: RoleHarness,
) -> None:
    code = r"""print(r'{"notes": [{"text": "a\udb40\udc41b <private>c"}]}')"""
    run_job(quiet.observer(code))
    assert quiet.notes() == [("observe", True, None, "a<U+E0041>b [private]")]


def test_notes_are_sanitized_before_they_are_stored(quiet: RoleHarness) -> None:
    code = r"""print(r'{"notes": [{"text": "a\u001b[31mb\u202ec"}]}')"""
    run_job(quiet.observer(code))
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
        decode_answer(answer, OBSERVER)


ROLE_ANSWER = """
import json, sys
given = json.load(sys.stdin)
about = given.get("day") or given["session"]["title"]
print(json.dumps({"summary": f"{about}: {sorted(given)}", "proposals": ["Go on"]}))
"""


def role(name: str, when: When, code: str = ROLE_ANSWER, **values: Any) -> Role:
    writes = (RoleOutput.SUMMARY, RoleOutput.PROPOSALS)
    command = (sys.executable, "-c", code)
    return Role(name=name, command=command, when=when, **{"writes": writes, **values})


def test_a_changed_plan_is_given_to_the_role_once_it_rests(harness: RoleHarness) -> None:
    session = harness.home.session()
    session.prompt("Fix the parser")
    session.plan([("Read", "completed"), ("Fix", "pending")])
    session.write()
    harness.read()
    job = harness.job([role("planner", When.PLAN_CHANGED, scope=(Fact.PLAN, Fact.TASKS))])
    run_job(job)
    assert harness.received == []
    harness.now += timedelta(minutes=3)
    run_job(job)
    (given,) = harness.received
    assert [step["text"] for step in given["plan"]] == ["Read", "Fix"]
    assert "messages" not in given
    session.plan([("Read", "completed"), ("Fix", "completed")])
    session.write()
    harness.read()
    harness.now += timedelta(minutes=3)
    run_job(job)
    assert len(harness.received) == 2


def test_an_ended_day_is_given_to_the_role_once_as_a_note_of_the_project(
    quiet: RoleHarness,
) -> None:
    reviewer = role("reviewer", When.DAY_ENDED, scope=(Fact.JOURNAL, Fact.TASKS))
    job = quiet.job([reviewer])
    run_job(job)
    assert quiet.received == []
    quiet.now += timedelta(days=1)
    run_job(job)
    run_job(job)
    (given,) = quiet.received
    assert "## Fix the parser" in given["journal"]
    (project, day) = quiet.row("select distinct project, session from notes")
    assert (project, day) == (quiet.row("select project_id from v_sessions")[0], "")
    assert quiet.row("select state from batches where kind = 'observe'") == ("completed",)


def test_each_role_has_its_own_batch_and_what_it_writes_has_its_provenance(
    quiet: RoleHarness,
) -> None:
    first, second = (role(name, When.SESSION_IDLE) for name in ("first", "second"))
    job = quiet.job([first, second])
    run_job(job)
    run_job(job)
    assert len(set(quiet.batches())) == 2
    session = quiet.row("select id from v_sessions")[0]
    found = consolidated(quiet.database, ["second", "first"], session=session)
    assert found.summary is not None
    assert (found.summary.by, [one.by for one in found.others]) == ("second", ["first"])
    assert found.summary.command_hash == command_hash(second)
    assert found.summary.batch in quiet.batches()
    assert found.summary.seconds is not None
    assert [one.kind for one in found.written] == ["proposal", "proposal"]


def test_a_role_whose_budget_is_used_up_waits_for_the_next_day(quiet: RoleHarness) -> None:
    events = """
import json
print(json.dumps({"type": "thread.started"}))
message = {"type": "agent_message", "text": json.dumps({"summary": "s", "proposals": []})}
print(json.dumps({"type": "item.completed", "item": message}))
print(json.dumps({"type": "turn.completed", "usage": {"input_tokens": 900, "output_tokens": 200}}))
"""
    job = quiet.job([role("historian", When.SESSION_IDLE, events, tokens_per_day=1000)])
    run_job(job)
    assert spent_on(quiet.database, quiet.now, UTC) == {"historian": Spent(1, 1100)}
    session = quiet.home.session()
    session.prompt("Something else")
    session.end_turn("Done.")
    session.write()
    quiet.read()
    quiet.now += timedelta(minutes=3)
    run_job(job)
    assert len(quiet.received) == 1
    quiet.now += timedelta(hours=20)
    run_job(job)
    assert len(quiet.received) == 2


def test_failed_runs_count_for_the_budget_too(quiet: RoleHarness) -> None:
    failing = role("historian", When.SESSION_IDLE, "raise SystemExit(1)", runs_per_day=1)
    job = quiet.job([failing])
    run_job(job)
    quiet.now = quiet.batch()["retry_at"] + timedelta(seconds=1)
    run_job(job)
    assert len(quiet.received) == 1
    assert (quiet.batch()["state"], quiet.batch()["attempts"]) == ("pending", 1)
    assert quiet.row("select error_code from role_runs") == ("observe.failed",)


def test_a_failure_that_codex_reports_is_the_message_of_the_batch(quiet: RoleHarness) -> None:
    code = """
print('{"type": "thread.started"}')
print('{"type": "turn.failed", "error": {"message": "usage limit reached"}}')
raise SystemExit(1)
"""
    run_job(quiet.job([role("historian", When.SESSION_IDLE, code)]))
    assert "usage limit reached" in quiet.batch()["error_message"]


def test_a_secret_in_an_answer_is_masked(quiet: RoleHarness) -> None:
    code = "print('{\"summary\": \"the key is sk-proj-' + 'a1B2' * 12 + '\", \"proposals\": []}')"
    run_job(quiet.job([role("historian", When.SESSION_IDLE, code)]))
    assert quiet.notes() == [("historian", True, "summary", "the key is [secret: openai-key]")]


def test_a_batch_of_a_role_that_no_longer_exists_is_dead_with_a_hint(quiet: RoleHarness) -> None:
    job = quiet.job([role("historian", When.SESSION_IDLE)])
    job.step()
    job.close()
    run_job(quiet.job([]))
    batch = quiet.batch()
    assert (batch["state"], batch["error_code"]) == ("dead", "observe.unknown")
    assert "tailboard roles list" in batch["error_hint"]


def test_the_command_gets_its_schema_prompt_options_and_named_variables_alone(
    quiet: RoleHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", "/home/dev/.codex")
    monkeypatch.setenv("OTHER_TOKEN", "x")
    code = """
import json, os, sys
schema = json.load(open(sys.argv[1]))
told = [sorted(schema["properties"]), sys.argv[2:], os.environ.get("CODEX_HOME"),
        os.environ.get("OTHER_TOKEN")]
print(json.dumps({"summary": json.dumps(told)}))
"""
    given = Role(
        name="historian",
        command=(sys.executable, "-c", code, "{schema}", "{options}", "{prompt}"),
        options=("-m", "small"),
        when=When.SESSION_IDLE,
        environment=("CODEX_HOME",),
        prompt="Be short",
    )
    run_job(quiet.job([given]))
    ((_, _, _, text),) = quiet.notes()
    expected = [["summary"], ["-m", "small", "Be short"], "/home/dev/.codex", None]
    assert json.loads(text) == expected
    assert list(quiet.database.spool.glob("schema-*")) == []


def test_without_a_command_there_is_nothing_to_do(quiet: RoleHarness) -> None:
    maintenance = Maintenance(quiet.database, lambda: quiet.now, [], timedelta(0))
    maintenance.step()
    maintenance.close()
    assert quiet.batches() == []


def test_with_a_retention_old_history_is_pruned_once_a_day(quiet: RoleHarness) -> None:
    run_job(quiet.observer())
    maintenance = Maintenance(quiet.database, lambda: quiet.now, [], timedelta(days=30))
    maintenance.step()
    count = "select count(*) from batches"
    assert quiet.database.execute(count).fetchone() == (1,)
    quiet.now += timedelta(days=31)
    maintenance.step()
    assert quiet.database.execute(count).fetchone() == (0,)
    orders = "select actor, reason from commands"
    assert quiet.database.execute(orders).fetchall() == [("auto", "retention_days")]
