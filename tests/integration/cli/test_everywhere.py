"""Every printed command can be run, and every command answers the same with and without an
owner."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import pytest

from ingest.cli import main
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness, write_sessions
from tests.integration.cli.test_suggestions import PRINTED
from tests.integration.queue.test_with_an_owner import ONCE, following

STAYS = {
    "tailboard ingest --follow", "tailboard demo", "tailboard demo --headless 5", "tailboard mcp",
    "tailboard serve", "tailboard team init URL", "tailboard team join URL",
}  # fmt: skip
"""These do not end on their own, are slow, or need a server; each has tests of its own."""


def with_problems(cli: CliHarness) -> CliHarness:
    """A home with a problem of every kind."""
    _, cli.now = write_sessions(cli.home)
    damaged = Home(cli.home).session()
    damaged.prompt("Meet a bad disk")
    damaged.write()
    packed = damaged.path.with_name(damaged.path.name + ".zst")
    damaged.path.unlink()
    packed.write_bytes(b"no archive at all")
    assert cli.run("ingest", "-q").code == 1
    cli.env["EDITOR"] = "true"
    return cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("furnished")


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Filled on first use."""
    return {}


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> datetime:
    """A time shortly after the last session of each prepared home."""
    return write_sessions(tmp_path_factory.mktemp("now"))[1]


@pytest.fixture
def shared(
    folder: Path, now: datetime, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CliHarness:
    """One prepared home for all tests that only check whether a command can be run."""
    cli = CliHarness(folder, capsys)
    monkeypatch.chdir(folder)
    if cli.db.exists():
        cli.now = now
        cli.env["EDITOR"] = "true"
        return cli
    return with_problems(cli)


def existing_names(cli: CliHarness) -> dict[str, str]:
    """An existing name of each kind."""
    session = cli.json("sessions")["sessions"][0]
    return {
        "batch": cli.json("batches", "list", "--limit", "1")["batches"][0]["id"],
        "reject": cli.json("quarantine", "list")["rejects"][0]["id"],
        "session": session["id"],
        "project": session["project"],
        "task": cli.json("tasks", "list", "--everywhere", "--all")["tasks"][0]["id"],
    }


def filled(suggestion: str, names: dict[str, str]) -> list[str]:
    """The words of a suggestion, with existing names in its placeholders."""
    words = shlex.split(suggestion.partition(" | ")[0])[1:]
    kind = {"batches": "batch", "quarantine": "reject", "tasks": "task"}.get(words[0], "session")
    places = {
        "ID": names[kind], "019a3f": names["session"][:13], "3:1024": names["reject"],
        "{held}": names["batch"], "{short}": names["session"], "{task.id}": names["task"],
        "{near[0]}": "status", "{state}": "failed", "{where}": "--into",
    }  # fmt: skip
    return [places.get(word, word) for word in words]


def lacks_arguments(words: list[str]) -> bool:
    """Whether this only names a command, without its required arguments."""
    command: click.Command | None = main.cli
    context = click.Context(main.cli)
    for word in words:
        if not isinstance(command, click.Group):
            return False
        command = command.get_command(context, word)
    if isinstance(command, click.Group):
        return not command.invoke_without_command
    return command is not None and (
        command.name in ("reset", "prune", "show", "snapshot", "sql")
        or any(one.required for one in command.params)
    )


@pytest.mark.parametrize("suggestion", [one for one in PRINTED if one not in STAYS])
def test_every_printed_command_can_be_run(
    shared: CliHarness, names: dict[str, str], suggestion: str
) -> None:
    names.update(names or existing_names(shared))
    words = filled(suggestion, names)
    answer = shared.run(*words)
    wrong_usage = 2
    assert answer.code in ((0, 1, wrong_usage) if lacks_arguments(words) else (0, 1)), answer.err
    assert "Traceback" not in answer.err
    assert answer.out or answer.err or words[-1] == "edit"


def test_every_hint_of_a_command_that_fails_can_be_run(shared: CliHarness) -> None:
    """Hints as they are really printed, run unchanged."""
    tried: set[str] = set()
    for words in (
        ("batches", "show", "zzz"), ("batches", "list"), ("quarantine", "show", "0:0"),
        ("show", "zzz"), ("status",), ("sources",), ("tasks", "show", "zzz"), ("sesions",),
        ("search", "nothing at all"), ("doctor",), ("resume", "--project", "none"),
    ):  # fmt: skip
        reply = shared.run(*words)
        for suggestion in re.findall(r"`(tailboard [^`]+)`", reply.out + reply.err):
            if suggestion not in STAYS | tried and "ID" not in suggestion.split():
                tried.add(suggestion)
                answer = shared.run(*shlex.split(suggestion)[1:])
                assert answer.code in (0, 1), (words, suggestion, answer.err)
    assert len(tried) > 3


READING: list[list[str]] = [
    ["status"], ["sessions"], ["show", "{session}"], ["usage"], ["usage", "--by", "session"],
    ["sources"], ["quarantine", "list"], ["quarantine", "show", "{reject}"],
    ["batches", "list"], ["batches", "show", "{batch}"], ["batches", "retry", "--dry-run"],
    ["verify"], ["tasks", "list"], ["tasks", "list", "--everywhere", "--all"],
    ["tasks", "ready", "--everywhere"], ["tasks", "show", "{task}"],
    ["tasks", "graph", "--everywhere"], ["search", "error"],
    ["journal", "show", "--session", "{session}"], ["resume", "--project", "{project}"],
    ["state", "reconcile", "--dry-run", "--everywhere"], ["tasks", "history", "{task}"],
    ["journal", "auto"], ["state", "auto"], ["state", "schema"],
    ["config", "path"], ["redact", "scan"],
    ["report", "--before", "2026-11-20", "--after", "2026-11-21"],
    ["show", "{session}", "--raw"], ["ingest", "--dry-run"], ["tasks", "next", "--everywhere"],
    ["prune", "--older-than", "1d", "--dry-run"],
    ["report"], ["doctor"], ["tag"],
    ["reset", "--all", "--dry-run"], ["config", "show"],
    ["sql", "SELECT project, count(*) FROM v_sessions GROUP BY ALL ORDER BY ALL"],
]  # fmt: skip
CHANGING: list[list[str]] = [
    ["batches", "pause", "--reason", "tea"], ["batches", "resume"],
    ["batches", "snooze", "--batch", "{batch}", "--until", "2h"],
    ["batches", "wake", "--batch", "{batch}"], ["batches", "cancel", "--batch", "{batch}"],
    ["batches", "retry", "--batch", "{batch}"], ["batches", "reset-attempts"],
    ["quarantine", "export", "--out", "rejects.jsonl"],
    ["tasks", "add", "Write it down", "--project", "{project}"],
    ["tag", "add", "{session}", "urgent"],
    ["tasks", "block", "{task}", "--reason", "waits"], ["tasks", "undo"],
    ["journal", "export", "--session", "{session}", "--out", "journal.md"],
    ["journal", "auto", "off", "--project", "{project}"],
    ["state", "auto", "off", "--project", "{project}"],
    ["state", "export", "--project", "{project}"],
    ["state", "diff", "--project", "{project}"],
    ["snapshot", "--out", "copy.duckdb"], ["snapshot", "--out", "copy.parquet"],
    ["support-bundle", "--out", "bundle.json"], ["prune", "--older-than", "1d", "--yes"],
    ["quarantine", "retry", "--yes"], ["ingest"],
    ["rebuild", "search"], ["rebuild"],
    ["reset", "--session", "{session}", "--yes"], ["reset", "--all", "--yes"],
]  # fmt: skip
"""In an order in which each has an effect."""


SHAPES: dict[str, set[str]] = {}
"""The keys of each schema: a name has one set of keys."""


@contextmanager
def no_owner(_cli: CliHarness) -> Iterator[None]:
    yield


def answer_of(cli: CliHarness, words: list[str], names: dict[str, str]) -> tuple[int, Any]:
    answer = cli.run(*(word.format(**names) for word in words), "--json")
    assert answer.out.startswith("{"), (words, answer)
    reply = answer.json
    assert SHAPES.setdefault(reply["schema"], set(reply)) == set(reply), words
    return answer.code, reply


def without_volatile(value: Any) -> Any:
    """Without values that differ between runs: the owner, durations."""
    if isinstance(value, dict):
        moving = {"owner", "seconds", "database_bytes", "wal_bytes", "checks", "tables", "backup"}
        return {key: without_volatile(one) for key, one in value.items() if key not in moving}
    return [without_volatile(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CliHarness:
    monkeypatch.chdir(tmp_path)
    return with_problems(CliHarness(tmp_path, capsys))


def test_every_reading_command_answers_the_same_with_and_without_an_owner(cli: CliHarness) -> None:
    names = existing_names(cli)
    # An owner would retry failed batches, and so change their state.
    assert cli.run("batches", "cancel", "--batch", names["batch"]).code == 0
    alone = {tuple(words): answer_of(cli, words, names) for words in READING}
    with following(cli, ONCE):
        for words in READING:
            code, reply = answer_of(cli, words, names)
            before_code, before = alone[tuple(words)]
            assert (code, without_volatile(reply)) == (before_code, without_volatile(before)), words


@pytest.mark.parametrize("owner", [no_owner, following])
def test_every_command_that_changes_something_works_with_and_without_an_owner(
    cli: CliHarness, owner: Any
) -> None:
    names = existing_names(cli)
    with owner(cli):
        for words in CHANGING:
            code, reply = answer_of(cli, words, names)
            assert code in (0, 1), (words, reply)
            assert reply["schema"].startswith("tailboard."), words
    assert cli.run("ingest", "-q").code in (0, 1)
    assert cli.run("verify", "-q").code == 0


@pytest.mark.fault("L16")
def test_no_time_that_a_log_names_breaks_a_command(cli: CliHarness) -> None:
    """Times that Python, a calendar or a time zone cannot express."""
    home = Home(cli.home)
    for time in ODD_TIMES:
        session = home.session(cwd="/home/dev/odd")
        session.prompt("When was that error?")
        session.plan([("Find out", "completed"), ("Say so", "in_progress")])
        session.command("date", exit_code=1, output="error")
        session.end_turn("At some time.")
        session.write()
        text = session.bytes()
        session.path.write_bytes(re.sub(rb'"timestamp":"[^"]+"', b'"timestamp":"%s"' % time, text))
    assert cli.run("ingest", "-q").code in (0, 1)
    names = existing_names(cli)
    sessions = [one["id"] for one in cli.json("sessions", "--limit", "50")["sessions"]]
    each = [[*words, one] for words in (["show"], ["journal", "show", "--session"])
            for one in sessions]  # fmt: skip
    # An owner answers faster than each command can open the database.
    with following(cli, ONCE):
        for hours in (-12, 14):
            cli.zone = timezone(timedelta(hours=hours))
            for words in [
                *READING,
                *each,
                ["journal", "show", "--everywhere"],
                ["search", "when", "has:error"],
            ]:
                code, _ = answer_of(cli, words, names)
                assert code in (0, 1), words


ODD_TIMES = (
    b"infinity", b"-infinity", b"12026-01-01T00:00:00Z", b"0000-01-01T00:00:00Z",
    b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59Z", b"290308-12-22 (BC)",
    b"1970-01-01T00:00:00Z", b"2262-04-11T23:47:16Z", b"epoch", b"now",
)  # fmt: skip
