"""Work of another branch is part of HEAD if its commits are, or commits with the same patches."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.projects.git import reachability
from ingest.projects.git.reachability import HERE, LineOfWork, Reached
from ingest.projects.git.read_repository import Git
from tests.build.repository import Repo, environment
from tests.build.session import MORNING, session

Ask = Callable[..., Reached]
"""Returns whether the work of a session on `work` is part of `main`."""
DURING = MORNING + timedelta(minutes=2)
LATER = MORNING + timedelta(hours=2)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with a branch `work` without commits of its own."""
    found = Repo(tmp_path / "sample")
    found.commit("Start", MORNING - timedelta(days=1))
    found.branch("work")
    return found


@pytest.fixture
def ask(repo: Repo, tmp_path: Path) -> Ask:
    def reached(
        *recorded: str, branch: str = "work", commit: str | None = None, git: Git | None = None
    ) -> Reached:
        git = git or Git(environment(tmp_path))
        line = LineOfWork(git.read(str(repo.path)), git)
        one = session(branch=branch, commit=commit)
        return line.reached(one, None, None, lambda _session: recorded)

    return reached


def work(repo: Repo, *subjects: str, at: datetime = DURING) -> list[str]:
    made = [repo.commit(subject, at) for subject in subjects]
    repo.switch("main")
    return made


def squash(repo: Repo) -> None:
    repo.git("merge", "--quiet", "--squash", "work")
    repo.git("commit", "--quiet", "--message", "Squash", at=LATER)


def test_work_on_the_branch_that_is_checked_out_is_part_of_it(repo: Repo, ask: Ask) -> None:
    work(repo, "one")
    assert ask(branch="main") == HERE
    assert ask().part is False


def test_a_merge_commit_is_named_as_the_reason(repo: Repo, ask: Ask) -> None:
    work(repo, "one", "two")
    repo.git("merge", "--quiet", "--no-ff", "--message", "Merge", "work", at=LATER)
    assert ask() == Reached(True, repo.head, LATER)


def test_a_part_of_a_branch_that_was_picked_is_not_the_whole(repo: Repo, ask: Ask) -> None:
    one, two = work(repo, "one", "two")
    repo.commit("Something else", LATER)
    repo.git("cherry-pick", one, at=LATER)
    assert ask().part is False
    repo.git("cherry-pick", two, at=LATER)
    assert ask() == Reached(True, repo.head, LATER)


def test_a_squash_merge_before_the_branch_went_on_has_its_first_commits(
    repo: Repo, ask: Ask
) -> None:
    work(repo, "one", "two")
    squash(repo)
    squashed = repo.head
    repo.switch("work")
    work(repo, "three", at=LATER)
    assert ask() == Reached(True, squashed, LATER)


def test_a_branch_that_goes_on_after_a_squash_merge_can_be_squashed_again(
    repo: Repo, ask: Ask
) -> None:
    work(repo, "one", "two")
    squash(repo)
    repo.switch("work")
    work(repo, "three", "four")
    assert ask().part is False
    squash(repo)
    assert ask() == Reached(True, repo.head, LATER)


def test_another_branch_of_the_same_name_does_not_hide_lost_work(repo: Repo, ask: Ask) -> None:
    (one,) = work(repo, "one")
    repo.git("branch", "--quiet", "-D", "work")
    repo.git("branch", "work", "main")
    assert ask(one[:7]).part is False


def test_work_that_was_never_committed_is_part_where_it_began(repo: Repo, ask: Ask) -> None:
    began = repo.head
    repo.switch("main")
    assert ask(commit=began).part is True
    assert ask(commit="b" * 40).part is True  # Its branch is completely part of it.
    repo.switch("work")
    work(repo, "one", at=LATER)
    assert ask(commit=began).part is False  # By now it is committed on its branch.


def test_a_deleted_branch_counts_by_the_commits_that_the_log_names(repo: Repo, ask: Ask) -> None:
    (one,) = work(repo, "one")
    repo.git("branch", "--quiet", "-D", "work")
    assert ask().part is False
    assert ask(one[:7]).part is False
    assert ask("--all", "0" * 40, one[:4]).part is False
    repo.commit("Something else", LATER)
    repo.git("cherry-pick", one, at=LATER)
    assert ask(one[:7]) == Reached(True, repo.head, LATER)


def test_only_the_newest_patches_are_compared(
    repo: Repo, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = work(repo, "one")
    repo.commit("Something else", LATER)
    repo.git("cherry-pick", one, at=LATER)
    for number in range(3):
        repo.commit(f"More {number}", LATER)
    monkeypatch.setattr(reachability, "NEWEST_PATCHES", 3)
    assert ask().part is False
    monkeypatch.setattr(reachability, "NEWEST_PATCHES", 4)
    assert ask().part is True


def test_a_git_that_hangs_is_asked_once_and_nothing_is_part(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(repo, "one")
    real, asked = shutil.which("git"), tmp_path / "asked"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *diff-tree*) echo >> "{asked}"; exec sleep 600;; esac\n'
        f'exec {real} "$@"\n'
    )
    program.chmod(0o755)
    env = environment(tmp_path)
    git = Git(env | {"PATH": f"{program.parent}:{env['PATH']}"})
    repository = git.read(str(repo.path))
    monkeypatch.setattr(reachability, "SECONDS", 0.1)
    line = LineOfWork(repository, git)
    repo.commit("two", DURING)
    for number in range(3):
        one = session(f"s{number}", branch="work")
        assert line.reached(one, None, None, lambda _session: ()).part is False
    assert len(asked.read_text().splitlines()) == 1
