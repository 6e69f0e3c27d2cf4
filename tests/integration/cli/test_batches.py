"""The queue on the command line: waiting, failed and stuck batches."""

import shlex
from datetime import timedelta

import pytest

from ingest.batches.failure import Failure
from ingest.batches.retry_policy import Mode
from ingest.db import queue
from ingest.db.database import Database
from ingest.errors import ErrorClass
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness, Sessions

KEYS = {
    "id", "kind", "source", "session", "start", "end", "state", "stuck", "attempts",
    "lifetime_attempts", "retry_at", "error", "history",
}  # fmt: skip


@pytest.fixture
def problem_batches(cli: CliHarness, sessions: Sessions) -> list[str]:
    """Three problems: a failed batch, a dead one, and one without a living owner."""
    now = cli.now.replace(tzinfo=None)
    before = now - timedelta(minutes=5)
    failed, dead, claimed = sorted(row["id"] for row in cli.json("batches")["batches"])[:3]
    broken = Failure(
        code="io_error", cls=ErrorClass.TRANSIENT, message="It broke", hint="Look at the disk"
    )
    odd = Failure(code="odd", cls=ErrorClass.DATA, message="It is odd")
    with Database(cli.db) as database:
        for batch, at in ((failed, before), (failed, now), (dead, now), (claimed, before)):
            (row,) = database.rows("batches.starting_with", prefix=batch)
            claim = queue.Claim(**{field: row[field] for field in queue.Claim.__struct_fields__})
            with database.transaction():
                queue.claim(database, [claim], at.isoformat())
            if batch == failed:
                queue.record_failures(database, {failed: broken}, at, "auto")
                if at == before:
                    queue.wake_due(database, Mode.AUTOMATIC, now.isoformat())
            elif batch == dead:
                queue.record_failures(database, {dead: odd}, at, "auto")
        database.execute("insert into pauses values ('disk', 'The disk is full', 'Free it', now())")
    return [failed, dead, claimed]


def test_batches_json_has_the_promised_keys(cli: CliHarness, problem_batches: list[str]) -> None:
    document = cli.json("batches", "list")
    assert document["schema"] == "tailboard.batches/1"
    rows = {row["id"]: row for row in document["batches"]}
    assert all(set(row) >= KEYS for row in rows.values())
    failed = rows[problem_batches[0]]
    assert (failed["state"], failed["attempts"], failed["stuck"]) == ("failed", 2, False)
    assert failed["error"] == {
        "code": "io_error",
        "class": "transient",
        "message": "It broke",
        "hint": "Look at the disk",
    }
    assert failed["retry_at"].endswith("Z")
    assert rows[problem_batches[2]]["stuck"] is True
    assert [move["move"] for move in failed["history"]] == ["fail", "fail"]


def test_batches_that_need_attention_come_first(
    cli: CliHarness, problem_batches: list[str]
) -> None:
    states = [row["state"] for row in cli.json("batches")["batches"]]
    assert states == ["dead", "failed", "claimed", "completed", "completed"]
    out = cli.run("batches").out
    assert "↻ to retry" in out
    assert "◆ stuck" in out


@pytest.mark.parametrize(
    ("arguments", "which"),
    [
        (["--state", "failed"], [0]),
        (["--state", "backed_off"], [0]),
        (["--state", "stuck"], [2]),
        (["--state", "backed_off", "--offset", "1"], []),
        (["--error", "odd"], [1]),
        (["--kind", "journal"], []),
        (["--limit", "1"], [1]),
    ],
)
def test_batches_can_be_filtered(
    cli: CliHarness, problem_batches: list[str], arguments: list[str], which: list[int]
) -> None:
    found = [row["id"] for row in cli.json("batches", *arguments)["batches"]]
    assert found == [problem_batches[index] for index in which]


def test_a_batch_is_shown_with_its_history(cli: CliHarness, problem_batches: list[str]) -> None:
    (batch,) = cli.json("batches", "show", problem_batches[0][:12])["batches"]
    assert batch["id"] == problem_batches[0]
    out = cli.run("batches", "show", problem_batches[0]).out
    assert "io_error: It broke" in out
    assert "Look at the disk" in out
    assert "fail" in out
    assert cli.run("batches", "show", "zz").code == 1
    assert cli.run("batches", "show", "").code == 2


def test_status_counts_stuck_and_backed_off_batches_and_shows_why_the_queue_is_paused(
    cli: CliHarness, problem_batches: list[str]
) -> None:
    batches = cli.json("status")["batches"]
    assert {state: count for state, count in batches.items() if count} == {
        "claimed": 1, "stuck": 1, "failed": 1, "backed_off": 1, "dead": 1, "completed": 5,
    }  # fmt: skip
    assert "The disk is full Free it" in cli.run("status").out


def test_ingest_exits_with_1_while_batches_need_attention(
    cli: CliHarness, problem_batches: list[str]
) -> None:
    answer = cli.run("ingest")
    assert answer.code == 1
    assert "Exit code 1 because of 1 batch that failed earlier:" in answer.err
    assert f"{problem_batches[1][:10]} dead, " in answer.err
    assert "odd: It is odd" in answer.err


def test_the_doctor_reports_a_paused_queue(cli: CliHarness, problem_batches: list[str]) -> None:
    checks = {check["name"]: check for check in cli.json("doctor", code=1)["checks"]}
    assert checks["queue"]["ok"] is False
    assert "The disk is full" in checks["queue"]["detail"]
    assert checks["queue"]["cure"] == "Free it"


def test_a_failed_first_ingest_is_reported_by_status_and_doctor(cli: CliHarness) -> None:
    session = Home(cli.home).session()
    session.prompt("Meet a bad disk")
    session.write()
    session.path.rename(session.path.with_name(session.path.name + ".zst"))
    assert cli.run("ingest", "-q").code == 1
    assert "1 to retry" in cli.run("status").out
    checks = {one["name"]: one for one in cli.json("doctor", code=1)["checks"]}
    assert (checks["queue"]["ok"], checks["queue"]["detail"]) == (
        False, "1 batch failed, and will be retried.",
    )  # fmt: skip
    assert "source.damaged" in cli.run(*shlex.split(checks["queue"]["cure"].split("`")[1])[1:]).out
