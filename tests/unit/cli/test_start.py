"""Imports at start-up: help is fast, and no command loads the dashboard."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.cli.table import COMMANDS

SLOW = {"duckdb", "_duckdb", "msgspec", "textual", "watchfiles", "platformdirs", "tomlkit"}


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint('MODULES', *sys.modules)"],
        stdin=subprocess.DEVNULL,
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


def test_the_server_of_agents_starts_with_neither_the_engine_nor_what_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAILBOARD_CONFIG", str(tmp_path / "config.toml"))
    modules = loaded_by(run("--db", str(tmp_path / "tailboard.duckdb"), "mcp"))
    assert "mcp.server.lowlevel.server" in modules
    assert not {"duckdb", "ingest.db.query_reader", "mcp.client.client", "mcp.server.mcpserver"} & (
        modules
    )


def test_a_package_that_is_imported_late_is_whole_for_who_asks_for_a_name() -> None:
    asked = """
from ingest.cli.agents.late_package import import_late
import_late("mcp")
import_late("mcp.server")
import sys, mcp.server.lowlevel.server
early = "mcp.client.client" in sys.modules
from mcp import ClientSession
from mcp.server import MCPServer
import mcp.server.lowlevel
assert not early and mcp.server.lowlevel.Server and ClientSession and MCPServer
assert not hasattr(mcp, "nothing")
"""
    assert "mcp.client.client" in loaded_by(asked)
