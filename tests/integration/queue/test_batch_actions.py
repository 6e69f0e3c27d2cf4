"""Actions on batches on the command line: their output and their effect on the queue."""

import json
import re
import shlex
from datetime import timedelta

import pytest

from ingest.batches.failure import Failure
from ingest.db import queue
from ingest.db.database import Database
from ingest.errors import ErrorClass
from tests.integration.cli.cli_harness import CliHarness, Sessions, write_sessions

IO_ERROR = Failure(code="io_error", cls=ErrorClass.TRANSIENT, message="It broke.", hint="Look.")
ODD = Failure(code="odd", cls=ErrorClass.DATA, message="It is odd.")


@pytest.fixture
def problem_batches(cli: CliHarness, sessions: Sessions) -> dict[str, str]:
    """Ids of batches by their state: a failed one, a dead one, one that never ended."""
    return break_some(cli, "failed", "dead", "claimed")


def break_some(cli: CliHarness, *names: str) -> dict[str, str]:
    now = cli.now.replace(tzinfo=None)
    with Database(cli.db) as database:
        known = database.rows("batches.starting_with", prefix="")
        rows = [row for row in known if row["state"] == "completed"]
        picked = dict(zip(names, rows, strict=False))
        for row in picked.values():
            claim = queue.Claim(**{field: row[field] for field in queue.Claim.__struct_fields__})
            with database.transaction():
                queue.claim(database, [claim], now.isoformat())
        for name, failure in (("failed", IO_ERROR), ("again", IO_ERROR), ("dead", ODD)):
            if name in picked:
                queue.record_failures(database, {picked[name]["id"]: failure}, now, "auto")
        return {name: row["id"] for name, row in picked.items()}


def states(cli: CliHarness) -> dict[str, str]:
    return {row["id"]: row["state"] for row in cli.json("batches")["batches"]}


def test_a_retry_reports_matched_changed_and_skipped_batches(
    cli: CliHarness, problem_batches: dict[str, str]
) -> None:
    answer = cli.json("batches", "retry", "--include-dead", "--reason", "the disk is new")
    assert answer["schema"] == "tailboard.batches.action/1"
    assert set(answer["matched"]) == set(problem_batches.values())
    assert set(answer["done"]) == {problem_batches["failed"], problem_batches["dead"]}
    assert answer["skipped"] == [
        {
            "id": problem_batches["claimed"],
            "why": "Cannot retry a batch that is claimed. It is in progress; wait until it ends.",
        }
    ]
    assert {states(cli)[problem_batches[name]] for name in ("failed", "dead")} == {"pending"}


def test_a_dry_run_shows_the_same_and_does_nothing(
    cli: CliHarness, problem_batches: dict[str, str]
) -> None:
    before = states(cli)
    shown = cli.json("batches", "retry", "--only-error", "--dry-run")
    assert (shown["matched"], shown["done"]) == ([problem_batches["failed"]], [])
    assert states(cli) == before
    text = cli.run("batches", "retry", "--dry-run").out
    assert problem_batches["failed"] in text
    assert "Nothing was changed" in text
    assert cli.json("batches", "retry", "--only-error")["done"] == shown["matched"]


def test_the_history_of_a_batch_shows_who_did_what_and_why(
    cli: CliHarness, problem_batches: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    cli.run("batches", "retry", "--batch", problem_batches["failed"], "--reason", "the disk is new")
    text = cli.run("batches", "show", problem_batches["failed"]).out
    moves = [line.split()[2] for line in text.splitlines() if re.match(r"\d{4}-", line)]
    assert moves == ["fail", "retry"]
    assert "by ada the disk is new" in text
    history = cli.json("batches", "show", problem_batches["failed"])["batches"][0]["history"]
    assert [move["person"] for move in history][-2:] == [None, "ada"]


def test_the_time_and_number_of_the_next_attempt_are_shown(
    cli: CliHarness, problem_batches: dict[str, str]
) -> None:
    row = cli.json("batches", "show", problem_batches["failed"])["batches"][0]
    clock = row["retry_at"][11:19]
    assert f"{clock}, 2 of 8" in cli.run("batches").out
    assert (
        f"next attempt {clock}, 2 of 8" in cli.run("batches", "show", problem_batches["failed"]).out
    )
    cli.env["TAILBOARD_RETRY"] = "manual"
    cli.env["TAILBOARD_MAX_ATTEMPTS"] = "3"
    assert "waits for you, 2 of 3" in cli.run("batches").out


def test_a_snooze_lasts_until_its_time(cli: CliHarness, problem_batches: dict[str, str]) -> None:
    cli.json("batches", "snooze", "--batch", problem_batches["failed"], "--until", "2h")
    row = cli.json("batches", "show", problem_batches["failed"])["batches"][0]
    until = (cli.now + timedelta(hours=2)).isoformat(timespec="milliseconds")
    assert (row["state"], row["not_before"]) == ("snoozed", until.replace("+00:00", "Z"))
    answer = cli.run(
        "batches", "snooze", "--batch", problem_batches["dead"], "--until", "2020-01-01"
    )
    assert answer.code == 2
    assert "is in the past" in answer.err


def test_a_cancel_by_filter_asks_and_without_a_filter_is_refused(
    cli: CliHarness, problem_batches: dict[str, str]
) -> None:
    before = states(cli)
    assert cli.run("batches", "cancel").code == 2
    refused = cli.run("batches", "cancel", "--error", "io_error")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert states(cli) == before
    done = cli.json("batches", "cancel", "--error", "io_error", "--yes")["done"]
    assert done == [problem_batches["failed"]]


def test_an_action_on_a_named_batch_that_is_skipped_exits_with_1(
    cli: CliHarness, problem_batches: dict[str, str]
) -> None:
    assert cli.run("batches", "retry", "--batch", problem_batches["claimed"]).code == 1
    assert cli.run("batches", "retry", "--batch", "zzz").code == 1
    assert cli.run("batches", "retry", "--error", "no such").code == 0


def test_retrying_a_completed_batch_is_refused_with_the_reason(
    cli: CliHarness, sessions: Sessions
) -> None:
    (done, *_) = cli.json("batches")["batches"]
    assert (done["state"], done["history"]) == ("completed", [])
    answer = cli.json("batches", "retry", "--batch", done["id"], code=1)
    assert answer["done"] == []
    assert "`tailboard reset`" in answer["skipped"][0]["why"]
    before = cli.json("status")["batches"]
    assert before["completed"] == 5
    cli.json("reset", "--all", "--yes")
    cli.run("ingest", "-q")
    after = cli.json("status")["batches"]
    assert (after["completed"], after["superseded"]) == (5, before["superseded"] + 5)


def test_a_paused_queue_reads_nothing_until_it_is_resumed(cli: CliHarness) -> None:
    _, cli.now = write_sessions(cli.home)
    assert cli.run("batches", "pause", "--reason", "moving the disk").code == 0
    stopped = cli.json("ingest", code=1)
    assert (stopped["paused"], stopped["bytes_read"]) == ("paused by user", 0)
    status = cli.run("status").out
    assert "moving the disk" in status
    suggested = re.search(r"`(tailboard batches resume)`", status)
    assert suggested is not None
    assert cli.run(*shlex.split(suggested[1])[1:]).code == 0
    assert cli.json("ingest")["bytes_read"] > 0


def test_every_suggested_command_about_batches_works(
    cli: CliHarness, problem_batches: dict[str, str]
) -> None:
    cli.run("batches", "cancel", "--batch", problem_batches["failed"])
    other = break_some(cli, "failed", "again")
    cli.run("batches", "snooze", "--batch", other["failed"], "--until", "1h")
    printed = cli.run("batches").err
    suggestions = set(re.findall(r"`tailboard (batches (?:retry|wake)[^`]*)`", printed))
    assert len(suggestions) == 4
    for suggestion in sorted(suggestions):
        answer = cli.run(*shlex.split(suggestion), "--json")
        assert answer.code == 0, (suggestion, answer.err)
        assert json.loads(answer.out)["schema"] == "tailboard.batches.action/1"
    assert not {"failed", "dead", "cancelled", "snoozed"} & set(states(cli).values())


def test_every_action_is_recorded(cli: CliHarness, problem_batches: dict[str, str]) -> None:
    cli.run("batches", "pause")
    cli.run("batches", "resume")
    cli.run("batches", "reset-attempts", "--reason", "a new disk")
    result = cli.json("sql", "select verb, reason, done from v_commands order by verb")["rows"]
    assert [row[0] for row in result] == ["pause", "reset-attempts", "resume"]
    assert result[1] == ["reset-attempts", "a new disk", 1]
    path = cli.db.with_name("edits.jsonl")
    assert len(path.read_text().splitlines()) == 3
    assert path.stat().st_mode & 0o777 == 0o600
