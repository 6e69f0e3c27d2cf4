"""The settings on the command line."""

import stat
from pathlib import Path

import pytest

from ingest.settings import NAMES
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
