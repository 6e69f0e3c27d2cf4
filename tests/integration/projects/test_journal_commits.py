"""Commits in a journal, including those that no output names and only the repository contains."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.build import Home, Rollout
from tests.build.repository import REMOTE, Repo
from tests.integration.cli.cli_harness import CliHarness


class Work:
    """A repository and sessions in it."""

    def __init__(self, cli: CliHarness, path: Path) -> None:
        self.cli, self.home, self.repo = cli, Home(cli.home), Repo(path)
        cli.env["PATH"] = os.environ.get("PATH", os.defpath)
        self.repo.commit("Start", self.now - timedelta(days=1))

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(tzinfo=None)

    def session(self) -> Rollout:
        git = {"commit_hash": self.repo.head, "branch": "main", "repository_url": REMOTE}
        return self.home.session(cwd=str(self.repo.path), git=git)

    def read(self, *sessions: Rollout) -> None:
        for session in sessions:
            session.write()
        self.cli.now = self.now.replace(tzinfo=UTC) + timedelta(hours=2)
        assert self.cli.run("ingest", "-q").code == 0

    def commits(self) -> list[list[str]]:
        """The subjects of each session's commits."""
        entries = self.cli.json("journal", "show", "--everywhere")["journal"]["entries"]
        return [[commit["subject"] for commit in entry["commits"]] for entry in entries]


@pytest.fixture
def work(cli: CliHarness, tmp_path: Path) -> Work:
    return Work(cli, tmp_path / "parser")


def test_a_quiet_commit_is_in_the_journal_and_in_the_standup(work: Work) -> None:
    session = work.session()
    session.prompt("Fix it")
    sha = work.repo.commit("Decode as UTF-8 gh" + "p_" + "x1Y2" * 9, work.now)
    session.command("git commit -qam Decode", 0, "")
    session.end_turn("Fixed.")
    work.repo.commit("By hand", work.now + timedelta(hours=1))
    work.read(session)
    shown = work.cli.run("journal", "show", "--everywhere").out
    secret = r"Decode as UTF-8 [secret: github-token]"
    assert f"**Commits**\n\n- `{sha[:8]}` {secret}\n" in shown
    assert "1 commit" in shown.split("\n\n")[1]
    assert "By hand" not in shown
    assert f"- **Done** {secret}" in work.cli.run("standup", "--everywhere").out
    (commit,) = work.cli.json("standup", "--everywhere")["projects"][0]["commits"]
    assert (commit["subject"], commit["place"]) == (secret, None)


def test_a_commit_that_an_output_names_is_listed_once(work: Work) -> None:
    session = work.session()
    session.prompt("Fix it")
    sha = work.repo.commit("Fix the lexer", work.now)
    session.command("git commit -am Fix", 0, f"[main {sha[:7]}] Fix the le…\n 1 file changed\n")
    session.end_turn("Fixed.")
    work.read(session)
    assert work.commits() == [["Fix the lexer"]]


def test_a_commit_belongs_to_the_session_that_ran_a_committing_command(work: Work) -> None:
    first, second = work.session(), work.session()
    first.prompt("Look around")
    second.prompt("Fix it")
    work.home.clock.tick(600_000)
    work.repo.commit("Fix the lexer", work.now)
    second.command("git commit -qam Fix", 0, "")
    second.end_turn("Fixed.")
    work.home.clock.tick(600_000)
    first.end_turn("Read.")
    work.read(first, second)
    assert work.commits() == [[], ["Fix the lexer"]]


def test_a_journal_without_its_repository_has_the_commits_that_outputs_name(work: Work) -> None:
    session = work.session()
    session.prompt("Fix it")
    session.command("git commit -am Fix", 0, "[main 1a2b3c4] Fix the lexer\n 1 file changed\n")
    session.end_turn("Fixed.")
    work.repo.path.rename(work.repo.path.with_name("gone"))
    work.read(session)
    assert work.commits() == [["Fix the lexer"]]


def test_each_commit_is_listed_with_the_session_that_made_it(work: Work) -> None:
    first, second = work.session(), work.session()
    first.prompt("Fix the lexer")
    sha = work.repo.commit("Fix the lexer", work.now)
    first.command("git commit -qam Fix", 0, "")
    first.end_turn("Fixed.")
    work.home.clock.tick(600_000)
    second.prompt("Document it")
    other = work.repo.commit("Document the lexer", work.now)
    second.command("git commit -qam Docs", 0, f"[main {other[:7]}] Document the lexer\n")
    second.end_turn("Documented.")
    work.home.clock.tick(600_000)
    work.repo.commit("By hand", work.now + timedelta(hours=1))
    work.read(first, second)
    commits = work.cli.json("commits", "--everywhere")["commits"]
    assert [(commit["id"], commit["session"]) for commit in commits] == [
        (other, second.thread.id),
        (sha, first.thread.id),
    ]
    assert "2 commits of sessions" in work.cli.run("commits", "--everywhere").err
    one = work.cli.json("commits", "--everywhere", "--session", first.thread.id)["commits"]
    assert [commit["subject"] for commit in one] == ["Fix the lexer"]
    shown = work.cli.json("show", "--commit", other[:8])["session"]
    assert shown["id"] == second.thread.id


def test_a_commit_that_no_session_made_is_refused(work: Work) -> None:
    session = work.session()
    session.prompt("Look around")
    session.end_turn("Read.")
    by_hand = work.repo.commit("By hand", work.now + timedelta(hours=1))
    work.read(session)
    answer = work.cli.run("show", "--commit", by_hand[:8])
    assert answer.code == 1
    assert "No session made a commit" in answer.err
    assert work.cli.run("show").code == work.cli.run("show", "x", "--commit", "y").code == 2
    assert "0 commits of sessions" in work.cli.run("commits", "--everywhere").err
