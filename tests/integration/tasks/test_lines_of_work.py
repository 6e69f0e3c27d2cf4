"""A task that was done on another branch is done where its commits are, for every kind of merge."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.build import Home
from tests.build.repository import REMOTE, Repo
from tests.integration.cli.cli_harness import CliHarness

BRANCH = "feature/csv-import"
A, B, C = STEPS = ("Agree on the format", "Add the import command", "Document the import")
DONE, BEGUN, OPEN = "completed", "in_progress", "pending"


class Project:
    """A repository, and sessions that work in it an hour apart."""

    def __init__(self, cli: CliHarness, path: Path) -> None:
        self.cli, self.home, self.repo = cli, Home(cli.home), Repo(path)
        self.repo.commit("Start", self.now - timedelta(days=1))

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.home.clock.seconds, UTC).replace(tzinfo=None)

    def session(self, before: str, after: str, commit: str | None = None) -> None:
        """A session whose plan changes from `before` to `after`: a letter for each step; it commits
        in between. It runs on the branch that is checked out.
        """
        self.home.clock.tick(3_600_000)
        branch = self.repo.git("branch", "--show-current")
        git = {"commit_hash": self.repo.head, "branch": branch, "repository_url": REMOTE}
        session = self.home.session("g4", "0.150.0", cwd=str(self.repo.path), git=git)
        session.prompt("Go on")
        session.plan(steps(before))
        self.home.clock.tick(60_000)
        if commit is not None:
            sha = self.repo.commit(commit, self.now)
            session.command(f"git commit -m '{commit}'", output=f"[{branch} {sha[:7]}] {commit}")
        session.plan(steps(after))
        session.end_turn("For now.")
        session.write()
        self.home.clock.tick(60_000)

    def states(self, branch: str) -> str:
        """The states of the three steps with this branch checked out, a letter for each."""
        self.repo.switch(branch)
        tasks = self.tasks()
        return "".join(tasks[text]["state"][0] for text in STEPS)

    def tasks(self) -> dict[str, dict[str, Any]]:
        assert self.cli.run("ingest", "-q").code == 0
        found = self.cli.json("tasks", "list")["tasks"]
        assert len(found) == len(STEPS), "each step is listed once"
        return {one["text"]: one for one in found}


def steps(letters: str) -> list[tuple[str, str]]:
    states = {"d": DONE, "i": BEGUN, "p": OPEN}
    return [(text, states[letter]) for text, letter in zip(STEPS, letters, strict=True)]


@pytest.fixture
def project(cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    cli.env["PATH"] = os.environ.get("PATH", os.defpath)
    found = Project(cli, tmp_path / "ledger")
    monkeypatch.chdir(found.repo.path)
    return found


def play(project: Project) -> Iterator[tuple[str, str | None]]:
    """Five sessions: planned and begun on main, finished on a branch. After each one, the states on
    main and on the branch.
    """
    project.session("ipp", "ipp")
    yield "ipp", None
    project.session("ipp", "dpp", "Write the format down")
    yield "drp", None
    project.repo.branch(BRANCH)
    project.session("dip", "ddp", "Add the import command")
    yield "drp", "ddr"
    project.session("ddi", "ddi", "Begin the manual")
    yield "dri", "ddi"
    project.session("ddi", "ddd", "Finish the manual")
    yield "drp", "ddd"


@pytest.fixture
def finished(project: Project) -> Project:
    """The five sessions; nothing is merged yet."""
    list(play(project))
    project.repo.switch("main")
    return project


def test_each_branch_has_the_states_that_its_sessions_left(project: Project) -> None:
    for on_main, on_branch in play(project):
        if on_branch is not None:
            assert project.states(BRANCH) == on_branch
        assert project.states("main") == on_main
        project.repo.switch(BRANCH if on_branch is not None else "main")


def merge(project: Project) -> str:
    project.repo.git("merge", "--quiet", "--no-ff", "--message", "Merge", BRANCH, at=later(project))
    return project.repo.head


def squash(project: Project) -> str:
    project.repo.git("merge", "--quiet", "--squash", BRANCH)
    project.repo.git("commit", "--quiet", "--message", "Import (#1)", at=later(project))
    return project.repo.head


def rebase(project: Project) -> str:
    project.repo.commit("Something else", later(project))
    project.repo.git("rebase", "--quiet", "main", BRANCH, at=later(project))
    project.repo.switch("main")
    project.repo.git("merge", "--quiet", "--ff-only", BRANCH)
    return project.repo.git("rev-parse", "HEAD~2")


def pick(project: Project) -> str:
    project.repo.commit("Something else", later(project))
    project.repo.git("cherry-pick", f"main..{BRANCH}", at=later(project))
    return project.repo.git("rev-parse", "HEAD~2")


def later(project: Project) -> datetime:
    return project.now + timedelta(minutes=30)


@pytest.mark.parametrize("bring", [merge, squash, rebase, pick])
@pytest.mark.parametrize("deleted", [False, True])
def test_tasks_finished_on_a_branch_are_done_on_main_once_its_commits_are_there(
    finished: Project, bring: Callable[[Project], str], deleted: bool
) -> None:
    commit = bring(finished)
    if deleted:
        finished.repo.git("branch", "--quiet", "-D", BRANCH)
    assert finished.states("main") == "ddd"
    assert finished.tasks()[B]["where"] == f"done on {BRANCH}, merged in {commit[:8]}"


def test_tasks_finished_on_a_deleted_branch_are_open_again(finished: Project) -> None:
    finished.repo.git("branch", "--quiet", "-D", BRANCH)
    assert finished.states("main") == "drp"
    assert finished.tasks()[B]["where"] == f"done on {BRANCH}, not merged"
    following = finished.cli.json("tasks", "next")["tasks"]
    assert [one["text"] for one in following] == [B]


def test_a_filter_never_changes_a_state(finished: Project) -> None:
    tasks = finished.tasks()
    every = {one["id"]: one["state"] for one in tasks.values()}
    for arguments in (
        ("--branch", BRANCH),
        ("--branch", "main"),
        ("--everywhere",),
        ("--session", tasks[A]["session"]),
        ("--since", "2h"),
        ("--state", "done"),
    ):
        for one in finished.cli.json("tasks", "list", *arguments)["tasks"]:
            assert one["state"] == every[one["id"]], arguments
