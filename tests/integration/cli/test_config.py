"""The settings on the command line."""

import json
import re
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from ingest.batches.batch import Kind
from ingest.cli.background_jobs import background_jobs
from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes
from ingest.projects.roles.answer import decode_answer
from ingest.role_settings import Role, RoleOutput
from ingest.settings import NAMES, Settings
from tests.integration.cli.cli_harness import CliHarness, Sessions


def test_every_setting_is_shown_with_the_value_from_each_source(cli: CliHarness) -> None:
    (cli.tmp / "config.toml").write_text("sweep_seconds = 30\n")
    document = cli.json("config", "show", "--sources", "--db", "/elsewhere.duckdb")
    assert document["schema"] == "tailboard.config/1"
    assert document["file"] == str(cli.tmp / "config.toml")
    assert list(document["settings"]) == list(NAMES)
    sweep = document["settings"]["sweep_seconds"]
    assert (sweep["default"], sweep["file"], sweep["applied"], sweep["source"]) == (
        60.0, 30, 30, "file",
    )  # fmt: skip
    db = document["settings"]["db"]
    assert (db["environment"], db["option"], db["source"]) == (
        str(cli.db), "/elsewhere.duckdb", "option",
    )  # fmt: skip
    out = cli.run("config", "show", "--sources").out
    assert out.split()[:5] == ["SETTING", "DEFAULT", "FILE", "ENVIRONMENT", "OPTION"]
    assert ["db", "environment", str(cli.db)] in [line.split() for line in out.splitlines()]
    assert cli.run("config", "show").out.startswith("SETTING")


def test_the_path_of_the_settings_file_is_printed_even_if_it_is_missing(cli: CliHarness) -> None:
    path = cli.tmp / "config.toml"
    assert cli.run("config", "path").out == f"{path}\n"
    assert cli.json("config", "path")["exists"] is False


def test_a_mistake_in_the_settings_file_is_one_sentence_and_exits_with_2(
    cli: CliHarness, sessions: Sessions
) -> None:
    (cli.tmp / "config.toml").write_text("\nspeed = 3\n")
    answer = cli.run("status", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "settings")
    assert answer.err.startswith(f"{cli.tmp / 'config.toml'}:2: `speed` is not a setting")
    assert cli.run("config", "path").code == 0


@pytest.fixture
def editor(cli: CliHarness, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that adds the line in `line`."""
    script = cli.tmp / "editor"
    script.write_text(f'#!/bin/sh\ncat {cli.tmp}/line >> "$1"\n')
    script.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(script))
    return cli.tmp / "line"


def test_edit_opens_a_file_that_lists_every_setting(cli: CliHarness, editor: Path) -> None:
    editor.write_text('retry = "manual"\n')
    path = cli.tmp / "config.toml"
    assert cli.run("config", "edit").code == 0
    assert all(f"# {name} = " in path.read_text() for name in NAMES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cli.json("config", "show")["settings"]["retry"]["applied"] == "manual"


def test_a_mistake_made_in_the_editor_is_reported_at_once(cli: CliHarness, editor: Path) -> None:
    editor.write_text('retry = "never"\n')
    assert cli.run("config", "edit").code == 2


def test_the_schema_of_an_observers_answer_is_printed_and_fits_the_manual(cli: CliHarness) -> None:
    schema = cli.json("config", "observe-schema")["json_schema"]
    assert json.loads(cli.run("config", "observe-schema").out) == schema
    assert schema["$id"] == "tailboard.observe-answer/1"
    note = schema["$defs"]["ObserverNote"]
    assert note["required"] == ["text"]
    assert note["additionalProperties"] is False
    manual = (Path(__file__).parents[3] / "MANUAL.md").read_text()
    example = re.search(r"`(\{\"notes\": .*\})`", manual)
    assert example is not None
    observer = Role(name="observe", command=("notes",), writes=(RoleOutput.NOTES,))
    (answered,) = decode_answer(example[1].encode(), observer)
    assert set(note["properties"]) >= {name for name in ("text", "kind") if getattr(answered, name)}


def test_with_memory_off_its_commands_are_refused_and_nothing_is_written(
    cli: CliHarness, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat().st_mtime_ns for path in cli.tmp.rglob("*")}
    cli.env["TAILBOARD_MEMORY_ENABLED"] = "false"
    for words in (["tasks"], ["tasks", "add", "x"], ["resume"], ["journal", "show"],
                  ["state", "export"]):  # fmt: skip
        answer = cli.run(*words, "--json")
        assert (answer.code, answer.json["error"]["code"]) == (2, "memory.off"), words
    assert cli.run("tasks", "--help").code == 0
    assert {path: path.stat().st_mtime_ns for path in cli.tmp.rglob("*")} == before
    assert cli.run("sessions").code == 0
    with Database(cli.db) as database:
        owner = Owner(database, homes([cli.home]))
        settings = Settings(codex_homes=(cli.home,), db=cli.db)
        on, off = (
            background_jobs(owner, replace(settings, memory_enabled=enabled), {}, None, print)
            for enabled in (True, False)
        )
        assert [job.kind for job in on.jobs] == [
            "nudges", "rows", "search", "git", "projects", "tasks", Kind.JOURNAL, Kind.STATE,
            Kind.OBSERVE, Kind.SHARE,
        ]  # fmt: skip
        assert [job.kind for job in off.jobs] == ["nudges", "rows", "search", Kind.SHARE]
        on.close()
        off.close()


def test_a_strict_ingest_fails_on_records_without_the_id_of_a_turn(
    cli: CliHarness, sessions: Sessions
) -> None:
    assert "Every record names" in cli.run("doctor").out
    with Database(cli.db) as database:
        database.execute("update turns set turn_id = null where source = 1")
    assert cli.run("ingest").code == 0
    check = {check["name"]: check for check in cli.json("doctor")["checks"]}["ids"]
    assert check["ok"] is True
    assert re.match(r"\d+ records without a turn id\.", check["detail"])
    (cli.tmp / "config.toml").write_text("[ingest]\nstrict = true\n")
    answer = cli.run("ingest")
    assert answer.code == 1
    assert "because of `[ingest] strict`" in answer.err
    assert check["detail"].split(".")[0] in answer.err
    check = {check["name"]: check for check in cli.json("doctor", code=1)["checks"]}["ids"]
    assert check["ok"] is False
