"""A project with a repository and three sessions, read; the current folder is the repository."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.build import Home, Rollout
from tests.build.repository import REMOTE, Repo
from tests.integration.cli.cli_harness import CliHarness


@dataclass
class Project:
    cli: CliHarness
    home: Home
    repo: Repo

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(tzinfo=None)

    def session(self, branch: str | None = "main", commit: str | None = None) -> Rollout:
        """A session that begins at the current commit of the repository."""
        self.home.clock.tick(3_600_000)
        git: dict[str, Any] = {
            "commit_hash": commit or self.repo.head,
            "branch": branch,
            "repository_url": REMOTE,
        }
        return self.home.session(cwd=str(self.repo.path), git=git)

    def read(self) -> None:
        self.cli.now = self.now.replace(tzinfo=UTC) + timedelta(minutes=10)
        assert self.cli.run("ingest", "-q").code == 0


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys, env={"PATH": os.environ.get("PATH", os.defpath)})


@pytest.fixture
def project(cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that was not read yet."""
    repo = Repo(tmp_path / "parser")
    found = Project(cli, Home(cli.home), repo)
    repo.commit("Start", found.now - timedelta(days=1))
    monkeypatch.chdir(repo.path)
    return found


@pytest.fixture
def left(project: Project) -> Rollout:
    """A session that ended with everything a resume shows, between an older and a younger one."""
    older = project.session()
    older.prompt("Look around")
    older.end_turn("Done.")
    older.write()
    one = project.session()
    one.prompt("Fix the unicode test\nand say what was wrong")
    steps = ("Read the failing test", "Fix the parser", "Run the test suite")
    states = ("completed", "in_progress", "pending")
    one.plan(list(zip(steps, states, strict=True)), "Three steps")
    one.command("pytest  -x", exit_code=1, output="E   UnicodeDecodeError\n1 failed, 4 passed")
    one.command("ruff check .", exit_code=1, output="2 errors")
    one.command("ruff check .", exit_code=0, output="fine")
    one.command("pytest -x", exit_code=1, output="1 failed")
    one.patch({"parser/lex.py": "x = 1\n"})
    one.end_turn("Not done yet.")
    one.prompt("And now the changelog \x1b[31m")
    project.repo.commit("Decode as UTF-8", project.now)
    one.end_turn("Soon.")
    one.write()
    other = project.session("feature/x")
    other.prompt("Refactor the lexer")
    other.end_turn("Refactored.")
    other.write()
    return one
