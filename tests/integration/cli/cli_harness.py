"""Runs commands in this process, on a Codex home with sessions of every state."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from ingest.cli.main import run
from tests.build import Home, Rollout

START = datetime(2026, 11, 21, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@dataclass
class CliHarness:
    """`run` runs one command line in this process, with its own clock and environment."""

    tmp: Path
    capture: pytest.CaptureFixture[str]
    now: datetime = START
    env: dict[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    prepared_home: Path | None = None
    """A home that is shared with other tests, instead of its own."""

    @property
    def home(self) -> Path:
        return self.prepared_home or self.tmp / "codex"

    @property
    def db(self) -> Path:
        return self.tmp / "data" / "tailboard.duckdb"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "CODEX_HOME": str(self.home),
            "TAILBOARD_DB": str(self.db),
            "TAILBOARD_CONFIG": str(self.tmp / "config.toml"),
            **self.env,
        }

    def run(self, *arguments: str) -> Answer:
        self.capture.readouterr()
        code = run(arguments, self.variables, self.now, self.zone)
        captured = self.capture.readouterr()
        return Answer(code, captured.out, captured.err)

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        answer = self.run(*arguments, "--json")
        assert answer.code == code, answer.err
        return answer.json


@dataclass(frozen=True)
class Sessions:
    """One session for each state; they share a home and its clock."""

    stalled: Rollout
    done: Rollout
    failed: Rollout
    waiting: Rollout
    running: Rollout


def write_sessions(path: Path) -> tuple[Sessions, datetime]:
    """Write the sessions; returns them and a time shortly after the last one."""
    home = Home(path)
    stalled = home.session(cwd="/home/dev/site")
    stalled.prompt("Run something long")
    stalled.open_command("pytest -x")
    stalled.write()
    home.clock.tick(3 * 3_600_000)
    done = home.session()
    done.prompt("Fix the parser\nand the changelog")
    done.plan([("Read", "completed"), ("Fix", "in_progress")], "Two steps")
    done.command("pytest", exit_code=1, output="1 failed")
    done.patch({"notes/parser.md": "# fixed\n"})
    done.plan([("Read", "completed"), ("Fix", "completed")], "All done")
    done.end_turn("It works now.")
    done.prompt("Thanks \x1b[31mred\x1b[0m \u202e")
    done.end_turn("Welcome.")
    done.raw(b"{not json\n")
    done.write()
    failed = home.session()
    failed.prompt("Meet an error")
    failed.fail_turn()
    failed.write()
    waiting = home.session()
    waiting.prompt("Ask me")
    waiting.ask_user("Which one?")
    waiting.write()
    running = home.session()
    running.prompt("Go on")
    running.open_command("sleep 60")
    running.write()
    now = datetime.fromtimestamp(home.clock.seconds, UTC) + timedelta(seconds=30)
    return Sessions(stalled, done, failed, waiting, running), now
