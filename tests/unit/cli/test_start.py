"""Imports at start-up: help is fast, and no command loads the dashboard."""

import subprocess
import sys

import pytest

from ingest.cli.table import COMMANDS

SLOW = {"duckdb", "_duckdb", "msgspec", "textual", "watchfiles", "platformdirs", "tomlkit"}


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint('MODULES', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("MODULES ")[2].split())


def run(*arguments: str) -> str:
    return (
        "import os, datetime\nfrom ingest.cli.main import run\n"
        f"run({list(arguments)!r}, os.environ, datetime.datetime.now(datetime.UTC))"
    )


def test_the_help_loads_neither_the_engine_nor_any_command() -> None:
    modules = loaded_by(run("--help"))
    assert SLOW & modules == set()
    assert not {name for name in modules if name.startswith("ingest.cli.commands.")}


def test_the_versions_are_printed_without_loading_the_engine() -> None:
    assert SLOW & loaded_by(run("--version")) == set()


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_no_command_loads_the_dashboard(name: str) -> None:
    modules = loaded_by(run(name, "--help"))
    assert "click" in modules
    assert not {"textual", "rich", "tui"} & modules
