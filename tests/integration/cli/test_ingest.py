"""`ingest`, its dry run, and `verify`."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.pipeline.homes import Home as CodexHome
from ingest.pipeline.scan import ScanResult, scan_and_register
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness, Sessions, write_sessions

KEYS = [
    "schema", "sources", "bytes_read", "lines", "facts", "rejected", "batches", "seconds",
    "behind_bytes",
]  # fmt: skip


def test_a_first_pass_reads_everything_and_a_second_nothing(cli: CliHarness) -> None:
    sessions, cli.now = write_sessions(cli.home)
    first = cli.json("ingest")
    assert list(first)[: len(KEYS)] == KEYS
    lines = sum(len(session.lines) for session in vars(sessions).values())
    assert (first["sources"], first["lines"], first["rejected"]) == (5, lines, 1)
    assert first["batches"] == {"completed": 5, "completed_empty": 0, "failed": 0, "dead": 0}
    assert (first["behind_bytes"], first["paused"]) == (0, None)
    second = cli.json("ingest")
    assert (second["sources"], second["bytes_read"], second["lines"]) == (0, 0, 0)


def test_ingest_prints_what_was_read_and_what_to_do(cli: CliHarness) -> None:
    write_sessions(cli.home)
    answer = cli.run("ingest")
    assert answer.code == 0
    assert "of 5 sources" in answer.out
    assert "1 rejected: `tailboard quarantine list`" in answer.out


def test_a_dry_run_lists_what_would_be_read_and_creates_nothing(cli: CliHarness) -> None:
    sessions, _ = write_sessions(cli.home)
    document = cli.json("ingest", "--dry-run")
    assert list(document)[: len(KEYS)] == KEYS
    size = sum(session.path.stat().st_size for session in vars(sessions).values())
    assert (document["dry_run"], document["lines"], document["behind_bytes"]) == (True, 0, size)
    assert {one["path"] for one in document["would_read"]} == {
        str(session.path) for session in vars(sessions).values()
    }
    assert not cli.db.exists()
    assert "in 5 files would be read" in cli.run("ingest", "--dry-run").out


def test_a_dry_run_does_not_change_an_existing_database(
    cli: CliHarness, sessions: Sessions
) -> None:
    sessions.done.path.unlink()
    assert cli.json("ingest", "--dry-run")["behind_bytes"] == 0
    assert [one["state"] for one in cli.json("sources")["sources"]] == ["following"] * 5


def test_without_a_home_nothing_is_created_and_a_fix_is_suggested(cli: CliHarness) -> None:
    answer = cli.run("ingest", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (3, "no_home")
    assert str(cli.home) in answer.err
    assert "--codex-home" in answer.err
    assert not cli.db.exists()


def test_a_missing_home_does_not_prevent_reading_another(cli: CliHarness) -> None:
    write_sessions(cli.home)
    missing = cli.tmp / "nowhere"
    answer = cli.run("ingest", "--codex-home", str(cli.home), "--codex-home", str(missing))
    assert answer.code == 1
    assert "of 5 sources" in answer.out
    assert str(missing) in answer.err


def test_a_home_without_sessions_is_no_error(cli: CliHarness) -> None:
    cli.home.mkdir()
    answer = cli.run("ingest")
    assert answer.code == 0
    assert "no sessions yet" in answer.err


def test_created_files_are_private(cli: CliHarness, sessions: Sessions) -> None:
    assert stat.S_IMODE(cli.db.stat().st_mode) == 0o600
    assert stat.S_IMODE(cli.db.parent.stat().st_mode) == 0o700


def test_follow_and_dry_run_cannot_be_combined(cli: CliHarness) -> None:
    answer = cli.run("ingest", "--follow", "--dry-run")
    assert (answer.code, answer.out) == (2, "")


@pytest.mark.parametrize("deep", [[], ["--deep"]])
def test_verify_agrees_with_what_was_read(
    cli: CliHarness, sessions: Sessions, deep: list[str]
) -> None:
    document = cli.json("verify", *deep)
    assert document["schema"] == "tailboard.verify/1"
    assert document["ok"] is True
    assert len(document["sources"]) == 5
    for source in document["sources"]:
        assert set(source) >= {
            "id", "expected_lines", "stored_lines", "rejected", "skipped", "ok",
        }  # fmt: skip
        accounted = source["stored_lines"] + source["rejected"] + sum(source["skipped"].values())
        assert source["expected_lines"] == accounted
    assert "no differences" in cli.run("verify", *deep).out


def test_verify_exits_with_1_if_anything_differs(cli: CliHarness, sessions: Sessions) -> None:
    data = sessions.done.path.read_bytes()
    lines = data.splitlines(keepends=True)
    lines[-2] = b"\n" * len(lines[-2])
    sessions.done.path.write_bytes(b"".join(lines))
    document = cli.json("verify", code=1)
    assert document["ok"] is False
    wrong = [source["path"] for source in document["sources"] if not source["ok"]]
    assert wrong == [str(sessions.done.path)]
    assert "differences found" in cli.run("verify").out


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (
            "update messages set text = 'Another' where text like 'It works%'",
            "the stored facts differ from those in the file",
        ),
        (
            "update usage_days set total = 0 from sources s where s.id = source and s.path = ?",
            "rows derived from its facts are not up to date; run tailboard rebuild",
        ),
    ],
)
def test_verify_deep_finds_what_is_stored_and_not_in_the_file(
    cli: CliHarness, sessions: Sessions, change: str, detail: str
) -> None:
    path = str(sessions.done.path)
    with Database(cli.db) as database:
        database.execute(change, [path] if "?" in change else None)
    document = cli.json("verify", "--deep", code=1)
    (wrong,) = (source for source in document["sources"] if not source["ok"])
    assert (wrong["path"], wrong["detail"]) == (path, detail)
    assert cli.json("verify")["ok"] is True


def test_verify_deep_leaves_no_copy_beside_the_database(
    cli: CliHarness, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = cli.db.with_name(f"{cli.db.name}.spool")
    made: list[str] = []

    def noted(database: Database, homes: list[CodexHome], now: str) -> ScanResult:
        made.append(str(database.path))
        return scan_and_register(database, homes, now)

    monkeypatch.setattr("ingest.pipeline.verify.scan_and_register", noted)
    assert cli.run("verify", "--deep").code == 0
    assert [Path(path).is_relative_to(spool) for path in made] == [True]
    assert list(spool.glob("verify-*")) == []


def test_leftovers_of_a_killed_verify_deep_are_removed_by_the_next_command(
    cli: CliHarness, sessions: Sessions
) -> None:
    spool = cli.db.with_name(f"{cli.db.name}.spool")
    program = "from ingest.cli.main import main; main()"
    arguments = ["verify", "--deep", "--codex-home", str(cli.home), "--db", str(cli.db)]
    with subprocess.Popen([sys.executable, "-c", program, *arguments]) as running:
        while not list(spool.glob("verify-*/again.duckdb")):
            assert running.poll() is None
        running.kill()
    assert list(spool.glob("verify-*")) != []
    assert cli.run("status").code == 0
    assert list(spool.glob("verify-*")) == []


def test_verify_deep_commits_per_amount_and_not_per_file(
    cli: CliHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(cli.home)
    for _ in range(60):
        session = home.session()
        session.prompt("Say hello")
        session.write()
    assert cli.run("ingest").code == 0
    opened: list[Database] = []

    def noted(database: Database, homes: list[CodexHome], now: str) -> ScanResult:
        opened.append(database)
        return scan_and_register(database, homes, now)

    monkeypatch.setattr("ingest.pipeline.verify.scan_and_register", noted)
    assert cli.run("verify", "--deep").code == 0
    (again,) = opened
    assert 0 < again.commits.count < 10


def test_verify_deep_shows_its_progress_in_a_pipe(
    cli: CliHarness, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.cli.progress._EVERY_LINE", 0.0)
    lines = [line for line in cli.run("verify", "--deep").err.splitlines() if "Verified: " in line]
    assert len(lines) > 1
    assert "Verified: 100%" in lines[-1]
    assert cli.run("verify", "--deep", "--quiet").err == ""


@pytest.mark.parametrize("deep", [[], ["--deep"]])
def test_verify_states_what_it_does_not_check(
    cli: CliHarness, sessions: Sessions, deep: list[str]
) -> None:
    text = cli.json("verify", *deep)["tested"]
    assert text in cli.run("verify", *deep).out
    assert "Not checked: " in text


def test_verify_without_a_database_checks_nothing(cli: CliHarness) -> None:
    answer = cli.run("verify", "--json")
    assert (answer.code, answer.json["sources"]) == (0, [])
    assert "`tailboard ingest`" in answer.err
