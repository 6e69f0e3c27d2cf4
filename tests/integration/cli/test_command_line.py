"""The command line in general: positions of options, exit codes and error messages."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.cli.main import cli
from ingest.cli.table import COMMANDS
from ingest.db.database import Database
from ingest.pipeline import bootstrap
from tests.integration.cli.cli_harness import CliHarness, Sessions

READING = [
    ["status"],
    ["sessions"],
    ["usage"],
    ["sources"],
    ["quarantine"],
    ["batches"],
    ["sql", "SELECT 1"],
    ["verify"],
]
PROGRAM = [sys.executable, "-c", "from ingest.cli.main import main; main()"]

HOLD = (
    "import sys, pathlib; from ingest.db.database import Database\n"
    "with Database(pathlib.Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
)


def program(cli: CliHarness, *arguments: str) -> list[str]:
    return [*PROGRAM, "--codex-home", str(cli.home), "--db", str(cli.db), *arguments]


# ── output ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("arguments", [["sessions"], ["sessions", "--json"], ["--help"]])
def test_a_full_output_is_reported_in_a_sentence(
    cli: CliHarness, sessions: Sessions, arguments: list[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            program(cli, *arguments), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 3
    assert "The output cannot be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


# ── options ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "sources"],
        ["sources", "--json"],
        ["--db", "/nowhere/at-all", "sources", "--db", "{db}", "--json"],
        ["--json", "quarantine", "list"],
        ["quarantine", "--json", "list"],
        ["quarantine", "list", "--json"],
    ],
)
def test_options_can_be_before_or_after_a_command_and_the_later_wins(
    cli: CliHarness, sessions: Sessions, arguments: list[str]
) -> None:
    answer = cli.run(*(one.format(db=cli.db) for one in arguments))
    assert answer.code == 0
    assert len(answer.json[next(key for key in answer.json if key != "schema")]) > 0


def test_homes_are_added_before_and_after_a_command(cli: CliHarness) -> None:
    status = cli.json("--codex-home", "/a", "status", "--codex-home", "/b")
    assert status["homes"] == ["/a", "/b"]


def test_an_option_after_a_subcommand_chooses_the_database(cli: CliHarness) -> None:
    other = cli.tmp / "other" / "tailboard.duckdb"
    answer = cli.run("tasks", "add", "Write it", "--project", "sample", "--db", str(other))
    assert answer.code == 0, answer.err
    assert other.exists()
    assert not cli.db.exists()


def test_without_a_command_and_a_terminal_status_is_printed(
    cli: CliHarness, sessions: Sessions
) -> None:
    assert cli.run().out == cli.run("status").out
    assert cli.json()["schema"] == "tailboard.status/1"


def test_quiet_prints_only_the_result(cli: CliHarness, sessions: Sessions) -> None:
    assert cli.run("sessions").err != ""
    assert cli.run("sessions", "-q").err == ""


@pytest.mark.parametrize("path", [[], *([entry.name] for entry in COMMANDS)])
def test_every_command_has_help_with_an_example_that_is_its_own(
    cli: CliHarness, path: list[str]
) -> None:
    answer = cli.run(*path, "--help")
    assert answer.code == 0
    assert "--codex-home" in answer.out
    if path:
        assert f"Example: tailboard {path[0]}" in answer.out


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["status", "extra"], ["--nonsense"], ["usage", "--by", "moon"], ["show"],
     ["sessions", "--since", "soon"], ["sessions", "--limit", "0"]],
)  # fmt: skip
def test_wrong_usage_exits_with_2_and_a_message_on_standard_error(
    cli: CliHarness, arguments: list[str]
) -> None:
    answer = cli.run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "Error: " in answer.err


def test_wrong_usage_with_json_is_one_document(cli: CliHarness) -> None:
    for path in [[], *([entry.name] for entry in COMMANDS)]:
        answer = cli.run(*path, "--no-such-option", "--json")
        assert (answer.code, answer.json["schema"]) == (2, "tailboard.error/1")
        error = answer.json["error"]
        assert error["code"] == "usage"
        assert error["message"].startswith("No such option '--no-such-option'.")
        assert error["hint"].startswith(f"`{' '.join(['tailboard', *path])} ")
        assert "Error: No such option" in answer.err


ERRORS: list[tuple[list[str], int, str]] = [
    (["nonsense"], 2, "usage"),
    (["state"], 2, "usage"),
    (["tasks", "add"], 2, "usage"),
    (["sessions", "--since", "soon"], 2, "usage"),
    (["show", "zzz"], 1, "not_found"),
    (["tasks", "show", "zzz"], 1, "not_found"),
    (["sql", "select nonsense"], 2, "query"),
    (["reset", "--all"], 2, "refused"),
    (["redact", "apply"], 2, "refused"),
    (["ingest", "--codex-home", "/nowhere"], 3, "no_home"),
    (["snapshot", "--out", "{db}"], 3, "snapshot.ours"),
    (["status", "--db", "{home}"], 3, "store.foreign"),
]


def test_an_error_with_json_is_one_document(cli: CliHarness, sessions: Sessions) -> None:
    with Database(cli.db) as database:
        database.execute("update messages set text = 'sk-proj-' || repeat('a1B2', 12)")
    for arguments, code, error in ERRORS:
        words = [word.format(db=cli.db, home=cli.home) for word in arguments]
        answer = cli.run("--json", *words)
        assert answer.code == code, answer
        assert list(answer.json) == ["schema", "error"]
        assert list(answer.json["error"]) == ["code", "message", "hint"]
        assert answer.json["error"]["code"] == error
        if arguments != ["state"]:  # It prints its help.
            assert answer.json["error"]["message"].splitlines()[0] in answer.err


def test_an_unexpected_error_with_json_is_one_document(tmp_path: Path) -> None:
    broken = (
        "import ingest.cli.main as program\n"
        "def fail(*_): raise LookupError('lost')\n"
        "program.run = fail; program.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", broken, "status", "--json", "--db", str(tmp_path / "t.duckdb")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["message"] == "LookupError: lost"
    assert "Traceback" in done.stderr


def test_a_mistyped_command_is_recognised(cli: CliHarness) -> None:
    assert "Did you mean `tailboard status`?" in cli.run("stauts").err
    assert "Did you mean `tailboard tasks complete`?" in cli.run("tasks", "complte").err
    assert "Did you mean `tailboard batches retry`?" in cli.run("batches", "rety").err


def test_versions_are_printed(cli: CliHarness) -> None:
    assert cli.run("--version").out.startswith("tailboard ")
    assert "duckdb 2." in cli.run("status", "--version").out


# ── missing or unusable files ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("arguments", READING)
def test_without_a_database_results_are_empty_with_a_hint(
    cli: CliHarness, arguments: list[str]
) -> None:
    answer = cli.run(*arguments, "--json")
    assert answer.code == 0
    assert answer.json["schema"] == f"tailboard.{arguments[0]}/1"
    assert "Nothing has been read yet. Run `tailboard ingest`." in answer.err
    assert cli.run(*arguments).code == 0
    assert not cli.db.exists()
    assert not cli.db.parent.exists()


def test_a_missing_home_is_explained_and_no_error_for_status(cli: CliHarness) -> None:
    answer = cli.run("status")
    assert answer.code == 0
    assert f"{cli.home}: There is no Codex home." in answer.err


@pytest.mark.parametrize("arguments", [["status"], ["ingest"], ["sql", "SELECT 1"]])
def test_a_file_that_is_not_a_database_exits_with_3_and_a_hint(
    cli: CliHarness, arguments: list[str]
) -> None:
    cli.home.mkdir()
    cli.db.parent.mkdir()
    cli.db.mkdir()
    answer = cli.run(*arguments, "--json")
    assert answer.code == 3
    assert str(cli.db) in answer.json["error"]["message"]
    assert str(cli.db) in answer.err
    assert len(answer.err.splitlines()) == 2


def test_verbose_prints_error_code_and_traceback(cli: CliHarness) -> None:
    answer = cli.run("ingest", "-v")
    assert answer.code == 3
    assert "[no_home]" in answer.err
    assert "Traceback" in answer.err


def test_a_locked_database_is_reported_with_the_pid(
    cli: CliHarness, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "LOCK_TIMEOUT", 0.5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(cli.db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        answer = cli.run("status", "--json")
        holder.communicate()
    assert answer.code == 3
    assert f"process {holder.pid}" in answer.json["error"]["message"]
    assert f"process {holder.pid}" in answer.err


# ── the end of the program ────────────────────────────────────────────────────────────────────────


def test_raw_lines_reach_a_pipe_byte_for_byte(cli: CliHarness, sessions: Sessions) -> None:
    done = subprocess.run(
        program(cli, "show", sessions.done.thread.id, "--raw"), capture_output=True, check=True
    )
    assert done.stdout == sessions.done.path.read_bytes()


def test_a_closed_pipe_ends_the_program_without_a_message(
    cli: CliHarness, sessions: Sessions
) -> None:
    long = "x" * 1000
    question = f"SELECT '{long}' FROM range(10000)"
    with subprocess.Popen(
        program(cli, "sql", question), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_follow_prints_each_round_and_keeps_it_when_it_ends(
    cli: CliHarness, number: signal.Signals, code: int, sessions: Sessions
) -> None:
    cli.db.unlink()
    with subprocess.Popen(
        program(cli, "ingest", "--follow", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        assert first["schema"] == "tailboard.ingest/1"
        assert first["lines"] > 0
        sessions.running.finish_command()
        sessions.running.end_turn("Gone on.")
        sessions.running.flush_to_disk()
        second = json.loads(running.stdout.readline())
        assert second["lines"] > 0
        assert second["sources"] == 1
        running.send_signal(number)
        _, complaints = running.communicate()
    assert (running.returncode, complaints) == (code, "")
    state = cli.json("sessions", "--session", sessions.running.thread.id)["sessions"][0]["state"]
    assert state == "done"


def test_an_interrupted_query_ends_at_once(cli: CliHarness, sessions: Sessions) -> None:
    forever = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b"
    spool = cli.db.with_name(cli.db.name + ".spool")
    shutil.rmtree(spool)
    with subprocess.Popen(
        program(cli, "sql", forever), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            # The last step that is visible from outside before the query runs.
            while not spool.exists():
                assert running.poll() is None
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=60)
        finally:
            running.kill()
    # A shell reports 130 in both cases: before the query we return it, during it the signal does.
    assert running.returncode in (130, -signal.SIGINT), err.decode()
    assert out == b""


# ── shells ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_the_shell_needs(cli: CliHarness, shell: str) -> None:
    answer = cli.run("completion", shell)
    assert answer.code == 0
    assert "_TAILBOARD_COMPLETE" in answer.out
    assert cli.json("completion", shell)["script"] == answer.out


@pytest.fixture
def completed(cli: CliHarness, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """The completions that a shell offers for the last word of a line."""

    def complete(line: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
        monkeypatch.setitem(cli.env, "_TAILBOARD_COMPLETE", "bash_complete")
        answer = cli.run()
        monkeypatch.delitem(cli.env, "_TAILBOARD_COMPLETE")
        assert answer.err == ""
        return [word.removeprefix("plain,") for word in answer.out.splitlines() if word]

    return complete


def test_a_shell_completes_commands_and_options(completed: Callable[[str], list[str]]) -> None:
    assert completed("tailboard sess") == ["sessions"]
    assert {"complete", "graph", "next"} <= set(completed("tailboard tasks "))
    assert completed("tailboard tasks comp") == ["complete"]
    assert completed("tailboard --json tasks comp") == ["complete"]
    assert completed("tailboard tasks --rea") == ["--ready"]
    assert completed("tailboard batches --state back") == ["backed_off"]
    assert completed("tailboard show ") == []
    assert completed("tailboard search parser at") == ["at:here"]
    assert completed("tailboard search status:f") == ["status:failed"]
    assert {"project:", "kind:", "has:error"} <= set(completed("tailboard search "))


def test_a_shell_completes_ids_projects_and_branches(
    cli: CliHarness, sessions: Sessions, completed: Callable[[str], list[str]]
) -> None:
    session, task = sessions.done.thread.id, cli.json("tasks", "--everywhere")["tasks"][0]["id"]
    reject = cli.json("quarantine")["rejects"][0]["id"]
    batch = cli.json("batches")["batches"][0]["id"]
    assert completed(f"tailboard show {session[:-1]}") == [session]
    assert session in completed("tailboard sessions --session ")
    assert completed(f"tailboard tasks complete {task[:4]}") == [task]
    assert completed(f"tailboard quarantine show {reject[:2]}") == [reject]
    assert completed(f"tailboard batches retry --batch {batch[:6]}") == [batch]
    assert completed("tailboard tasks --project si") == ["site"]
    assert completed("tailboard resume --branch m") == ["main"]
    assert completed(f"tailboard --db {cli.tmp}/none.duckdb show ") == []


def test_a_group_takes_the_options_of_its_list(cli: CliHarness, sessions: Sessions) -> None:
    assert cli.json("quarantine", "--limit", "1") == cli.json("quarantine", "list", "--limit", "1")
    listed = cli.json("batches", "list", "--state", "completed", "--limit", "2")
    assert cli.json("batches", "--state", "completed", "--limit", "2") == listed
    assert len(listed["batches"]) == 2
    assert cli.run("tasks", "--help").out.startswith("Usage: tailboard tasks [OPTIONS] COMMAND")
    assert cli.run("tasks", "-h").out == cli.run("tasks", "--help").out
    # The value of an option is no subcommand.
    assert cli.run("tasks", "--project", "next").code == 0


def test_every_command_file_belongs_to_an_entry_of_the_table() -> None:
    folder = Path(cli.get_command.__code__.co_filename).parent / "commands"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules = {entry.module.rpartition(".")[2] for entry in COMMANDS}
    # The subcommands of a group may have files of their own: `state_commits` belongs to `state`.
    assert modules <= files
    assert [
        name
        for name in files - modules
        if not any(name.startswith(f"{module}_") for module in modules)
    ] == []
