"""A repository that hangs: a command waits for its time limit, and all other repositories work."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.projects.git import run
from tests.build import Home
from tests.build.repository import REMOTE, Repo
from tests.faults.hanging import hanging
from tests.integration.cli.cli_harness import CliHarness

COMMANDS = (["resume"], ["state", "commits"], ["state", "reconcile", "--dry-run"])


@contextmanager
def with_pipe(folder: Path) -> Iterator[None]:
    """Git blocks at its first file, because nothing is ever written into the pipe."""
    (folder / ".git").mkdir()
    os.mkfifo(folder / ".git" / "HEAD")
    yield


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys, env={"PATH": os.environ.get("PATH", os.defpath)})


@pytest.mark.fault("A01")
@pytest.mark.parametrize("hang", [hanging, with_pipe], ids=["mount", "pipe"])
def test_a_hanging_repository_is_named_and_the_rest_is_answered(
    cli: CliHarness, hang: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.projects.git.read_repository.SECONDS", 0.5)
    home, gone = Home(cli.home), cli.tmp / "gone" / "sample"
    healthy = Repo(cli.tmp / "healthy" / "sample")
    gone.mkdir(parents=True)
    for harness, commit in ((gone, "a" * 40), (healthy.path, healthy.commit("Start"))):
        git = {"commit_hash": commit, "branch": "left", "repository_url": REMOTE}
        session = home.session(cwd=str(harness), git=git)
        session.prompt("Begin")
        session.plan([("Read", "in_progress")], "One step")
        session.end_turn("Later.")
        session.write()
        home.clock.tick(60_000)
    now = datetime.fromtimestamp(home.clock.seconds, UTC)
    healthy.commit("Since then", now.replace(tzinfo=None))
    cli.now = now + timedelta(minutes=10)
    assert cli.run("ingest", "-q").code == 0
    with hang(gone):
        text = [cli.run(*command, "--project", "sample") for command in COMMANDS]
        silent = cli.json("resume", "--session", session_in(cli, gone))
    for answer in text[1:]:
        assert answer.code == 0, answer.err
        assert str(gone) in answer.err
        assert "respond" in answer.err
    assert "Since then" in text[0].out
    assert "Since then" in text[1].out
    assert silent["alignment"] == "unknown"
    assert "respond" in silent["alignment_why"]


def session_in(cli: CliHarness, folder: Path) -> str:
    found = cli.json("sql", f"select id from v_sessions where cwd = '{folder}'")["rows"]
    return str(found[0][0])


def test_no_answer_takes_longer_than_two_seconds() -> None:
    assert run.SECONDS <= 2.0
