"""The checks of the doctor and the fixes it suggests."""

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from ingest import log
from ingest.pipeline import bootstrap
from ingest.projects.tasks.plan_tool import SessionEvidence, is_enabled, on_by_default
from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness, Sessions, write_sessions

REFUSED = "unsupported call: update_plan"


def checks(cli: CliHarness, code: int) -> dict[str, dict[str, Any]]:
    document = cli.json("doctor", code=code)
    assert document["schema"] == "tailboard.doctor/1"
    for check in document["checks"]:
        assert list(check) == ["name", "ok", "detail", "cure"]
        assert check["detail"]
        assert check["ok"] or check["cure"]
    return {check["name"]: check for check in document["checks"]}


@pytest.fixture
def planless(cli: CliHarness) -> None:
    """One session without a plan."""
    session = Home(cli.home).session("g4", "0.169.0")
    session.prompt("What time is it?")
    session.end_turn("Noon.")
    session.write()
    assert cli.run("ingest", "-q").code == 0


@pytest.mark.usefixtures("planless")
def test_the_plan_tool_is_off_since_0_152_unless_the_settings_say_otherwise(
    cli: CliHarness,
) -> None:
    off = checks(cli, code=1)["plan tool"]
    assert off["ok"] is False
    assert "0.169" in off["detail"]
    assert "tools.update_plan.enabled = true" in off["cure"]
    (cli.home / "config.toml").write_text(off["cure"].rpartition(": ")[2])
    assert checks(cli, code=0)["plan tool"]["ok"] is True


@pytest.mark.usefixtures("planless")
def test_the_log_file_and_its_last_message_are_named(cli: CliHarness) -> None:
    database = cli.db
    assert checks(cli, code=1)["log"]["detail"] == f"{log.beside(database)}: no messages."
    log.start(database)
    log.warning("The disk is nearly full.")
    assert "1 message, the last at 20" in checks(cli, code=1)["log"]["detail"]


@pytest.mark.parametrize(
    "text", ["", "model = 'x'\n", "tools = 3\n", "[tools]\nupdate_plan = true\n"]
)
@pytest.mark.usefixtures("planless")
def test_codex_settings_without_the_plan_tool_leave_the_default(cli: CliHarness, text: str) -> None:
    (cli.home / "config.toml").write_text(text)
    assert checks(cli, code=1)["plan tool"]["ok"] is False


def test_invalid_codex_settings_are_shown_but_are_not_a_problem(
    cli: CliHarness, sessions: Sessions
) -> None:
    config = cli.home / "config.toml"
    config.write_bytes(b"\xff = [")
    assert "not valid TOML" in checks(cli, code=0)["plan tool"]["detail"]
    config.unlink()
    config.symlink_to(cli.tmp / "elsewhere")
    assert "symbolic link" in checks(cli, code=0)["plan tool"]["detail"]


@pytest.mark.parametrize(
    ("version", "on"),
    [("0.151.9", True), ("0.152.0-alpha.1", False), ("1.0.0", False), ("odd", None), (None, None)],
)
def test_the_default_of_the_plan_tool_follows_the_version(
    version: str | None, on: bool | None
) -> None:
    assert on_by_default(version) is on


def test_a_refused_plan_means_that_the_tool_is_off_and_an_accepted_one_that_it_is_on(
    cli: CliHarness,
) -> None:
    home = Home(cli.home)
    old = home.session("g3")
    old.prompt("Begin")
    old.call("update_plan", {"plan": [{"step": "Read", "status": "pending"}]}, REFUSED)
    old.end_turn("No plan then.")
    old.write()
    cli.run("ingest", "-q")
    found = checks(cli, code=1)["plan tool"]
    assert (found["ok"], "tools.update_plan.enabled = true" in found["cure"]) == (False, True)
    home.clock.tick(60_000)
    new = home.session("g4", "0.169.0")
    new.prompt("Begin")
    new.plan([("Read", "pending")])
    new.end_turn("Planned.")
    new.write()
    cli.run("ingest", "-q")
    assert checks(cli, code=0)["plan tool"]["ok"] is True


def test_a_session_without_a_plan_does_not_mean_that_the_tool_is_off(cli: CliHarness) -> None:
    home = Home(cli.home)
    planned = home.session("g4", "0.171.0")
    planned.prompt("Begin")
    planned.plan([("Read", "pending")])
    planned.end_turn("Planned.")
    planned.write()
    home.clock.tick(60_000)
    short = home.session("g4", "0.171.0")
    short.prompt("What time is it?")
    short.end_turn("Noon.")
    short.write()
    cli.run("ingest", "-q")
    assert checks(cli, code=0)["plan tool"]["ok"] is True


@pytest.mark.parametrize(
    ("sessions", "on"),
    [
        ([("0.171.0", False, False), ("0.171.0", True, False)], True),
        ([("0.171.0", False, True), ("0.171.0", True, False)], False),
        ([("0.171.0", False, False), ("0.150.0", True, False)], False),
        ([("0.150.0", False, False), ("0.171.0", False, True)], True),
        ([(None, False, False)], None),
        ([], None),
    ],
)
def test_the_newest_session_with_a_plan_determines_the_state_of_the_tool(
    sessions: list[tuple[str | None, bool, bool]], on: bool | None
) -> None:
    assert is_enabled([SessionEvidence(*one) for one in sessions]) is on


def test_a_missing_home_is_a_problem_with_a_fix(cli: CliHarness) -> None:
    found = checks(cli, code=1)
    assert found["codex home"]["ok"] is False
    assert "Start Codex once" in found["codex home"]["cure"]
    assert "`tailboard ingest`" in found["database"]["detail"]


@pytest.mark.parametrize("limit", ["watches", "instances"])
def test_a_low_watch_limit_is_found_and_the_fix_names_it(
    cli: CliHarness, sessions: Sessions, limit: str
) -> None:
    # As a user of a separate namespace, whose limit can be set without changing others.
    lower = f"echo {1 if limit == 'watches' else 0} > /proc/sys/user/max_inotify_{limit}"
    alone = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*alone, lower]).returncode:
        pytest.skip("no namespace of a user's own can be made here")
    here = f"--codex-home {cli.home} --db {cli.db}"
    done = subprocess.run(
        [*alone, f"{lower}; exec {sys.executable} -m ingest doctor --json {here}"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    (found,) = (one for one in json.loads(done.stdout)["checks"] if one["name"] == "watching")
    assert f"fs.inotify.max_user_{limit}" in found["detail"]
    assert f"sudo sysctl fs.inotify.max_user_{limit}=" in found["cure"]


def test_unreadable_sessions_are_not_called_private(cli: CliHarness) -> None:
    (cli.home / "sessions").mkdir(parents=True)
    assert "No other user" in checks(cli, code=1)["codex files"]["detail"]
    (cli.home / "sessions").rmdir()
    assert checks(cli, code=1)["codex files"]["detail"] == "No sessions that this user can read."


def test_a_folder_that_is_not_writable_is_a_problem_before_the_first_ingest(
    cli: CliHarness, sessions: Sessions
) -> None:
    file = cli.tmp / "file"
    file.touch()
    cli.env["TAILBOARD_DB"] = str(file / "data" / "tailboard.duckdb")
    found = checks(cli, code=1)["permissions"]
    assert found["ok"] is False
    assert f"{file} is not writable" in found["detail"]
    assert "--db PATH" in found["cure"]


def test_sessions_readable_by_other_users_are_a_note(cli: CliHarness, sessions: Sessions) -> None:
    cli.home.chmod(0o755)
    sessions.done.path.chmod(0o644)
    (cli.home / "config.toml").write_text("[tools.update_plan]\nenabled = true\n")
    found = checks(cli, code=0)["codex files"]
    assert found["ok"] is True
    assert found["cure"] == f"If that matters here: chmod 700 {cli.home}"
    cli.home.chmod(0o700)
    assert "No other user" in checks(cli, code=0)["codex files"]["detail"]


def test_a_folder_of_ours_that_others_can_write_is_a_problem(
    cli: CliHarness, sessions: Sessions
) -> None:
    cli.db.parent.chmod(0o777)
    assert checks(cli, code=1)["permissions"]["ok"] is False


def test_unknown_record_kinds_are_listed(cli: CliHarness, sessions: Sessions) -> None:
    sessions.done.raw(
        b'{"timestamp":"2026-11-21T08:00:00Z","type":"new_thing","payload":{}}\n' * 10
    )
    sessions.done.flush_to_disk()
    cli.run("ingest", "-q")
    found = checks(cli, code=0)["record kinds"]
    assert "new_thing (10 lines)" in found["detail"]
    assert "token_count" not in found["detail"]


def test_an_older_part_of_a_session_file_that_is_missing_is_named(
    cli: CliHarness, sessions: Sessions
) -> None:
    assert "older parts" not in checks(cli, code=0)
    Home(cli.home).rotate(sessions.done.path).unlink()
    cli.run("ingest", "-q")
    assert checks(cli, code=0)["older parts"]["detail"] == (
        "Not read, of 1 session file: The older part of this session file is missing."
    )


def test_a_database_that_does_not_open_is_a_failed_check(
    cli: CliHarness, sessions: Sessions
) -> None:
    cli.db.write_bytes(b"this is no database" * 1000)
    found = checks(cli, code=1)
    assert found["database"]["ok"] is False
    assert found["codex home"]["ok"] is True


@pytest.mark.usefixtures("planless")
def test_a_check_is_printed_with_glyph_name_and_fix(cli: CliHarness) -> None:
    out = cli.run("doctor").out
    assert "✓ ok versions: tailboard" in out
    assert "✗ problem plan tool:" in out


def test_sessions_in_another_home_are_reported(
    cli: CliHarness, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cli.home / "config.toml").write_text("[tools.update_plan]\nenabled = true\n")
    monkeypatch.setenv("HOME", str(cli.tmp))
    write_sessions(cli.tmp / ".codex")
    found = checks(cli, code=0)["other home"]
    assert found["detail"] == f"{cli.tmp / '.codex'} holds 5 files, but is not read."
    assert f"--codex-home {cli.tmp / '.codex'}" in found["cure"]


def test_lines_from_the_future_are_a_problem_of_the_clock(
    cli: CliHarness, sessions: Sessions
) -> None:
    assert checks(cli, code=0)["clock"]["ok"] is True
    cli.now -= timedelta(hours=2)
    found = checks(cli, code=1)["clock"]
    assert found["ok"] is False
    assert "dated 1 h 59 m in the future" in found["detail"]


def test_a_nearly_full_disk_is_a_problem(cli: CliHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    before = checks(cli, code=1)
    assert before["disk"]["ok"] is True
    assert "codex disk" not in before
    usage = shutil.disk_usage(cli.tmp)._replace(free=5 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    found = checks(cli, code=1)
    assert found["disk"]["detail"] == "5.0 MiB are free on the disk of the database."
    assert "A full disk stops Codex's recording." in found["codex disk"]["detail"]


def test_a_database_locked_by_another_program_is_a_failed_check(
    cli: CliHarness, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "LOCK_TIMEOUT", 0.5)
    program = (
        "import sys, duckdb\ncon = duckdb.connect(sys.argv[1])\nprint(flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(cli.db)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        found = checks(cli, code=1)["database"]
        other.communicate()
    assert found["ok"] is False
    assert str(other.pid) in found["detail"]
