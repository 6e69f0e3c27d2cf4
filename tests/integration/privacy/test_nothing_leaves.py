"""No process of ours resolves a name or connects to an address."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import Home
from tests.integration.tui.terminal import terminal
from tests.sample_home import everything

WATCH = """
import sys

def watch(event, args):
    reaches = event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg")
    # A socket in the file system has a path for its address, all others have a tuple.
    if event.startswith("socket.get") or reaches and isinstance(args[-1], tuple):
        if event != "socket.gethostname":
            with open({note!r}, "a") as note:
                note.write(f"{{event}} {{args}} of {{sys.argv}}\\n")

sys.addaudithook(watch)
"""


ONE_AFTER_ANOTHER = """
import json, os, sys
from datetime import UTC, datetime
from ingest.cli.main import run

for words in map(json.loads, sys.argv[1:]):
    assert run(words, os.environ, datetime.now(UTC)) in (0, 1), words
"""


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """The addresses that any process with `env` tried to reach."""
    note, folder = tmp_path / "note", tmp_path / "watch"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WATCH.format(note=str(note)))
    everything(Home(tmp_path / "codex"))
    return note


@pytest.fixture
def env(note: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": f"{tmp_path / 'watch'}{os.pathsep}{Path(__file__).parents[3]}",
        "HOME": str(tmp_path),
        "CODEX_HOME": str(tmp_path / "codex"),
        "TAILBOARD_DB": str(tmp_path / "data" / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(tmp_path / "config.toml"),
    }


def python(env: dict[str, str], *arguments: str) -> int:
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(command, env=os.environ | env, capture_output=True).returncode


def test_this_test_detects_a_connection(note: Path, env: dict[str, str]) -> None:
    reach = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    assert python(env, "-c", reach) == 0
    assert "socket.connect" in note.read_text()


def test_no_command_and_not_the_dashboard_opens_a_connection(
    note: Path, env: dict[str, str], tmp_path: Path
) -> None:
    commands = [
        ["status"], ["doctor"], ["search", "lexer"], ["report"], ["verify", "--deep"],
        ["journal", "export", "--project", "parser", "--out", str(tmp_path / "journal")],
        ["support-bundle"], ["snapshot", "--out", str(tmp_path / "copy.duckdb")],
    ]  # fmt: skip
    for words in (["ingest"], ["demo", "--headless", "0.1"]):
        assert python(env, "-m", "ingest", *words) in (0, 1), words
    assert python(env, "-c", ONE_AFTER_ANOTHER, *map(json.dumps, commands)) == 0
    with terminal([], env) as found:
        found.until("Refactor the lexer")
        found.type("q")
        assert found.end() == 0
    assert not note.exists(), note.read_text()
