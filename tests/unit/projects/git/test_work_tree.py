"""Uncommitted changes of a checkout, read without running any program of the repository."""

from pathlib import Path

import pytest

from ingest.projects.git.read_repository import Git
from ingest.projects.git.work_tree import WorkTree
from tests.build.repository import Repo, environment
from tests.unit.projects.git.test_git import content


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "sample")
    (repo.path / "kept.py").write_text("1\n")
    (repo.path / "gone.py").write_text("1\n")
    repo.commit("Start")
    return repo


def read(repo: Repo) -> WorkTree:
    return Git(environment(repo.path)).work_tree(str(repo.path))


def changes(repo: Repo) -> dict[str, str]:
    return {file.path: file.change for file in read(repo).files}


def test_a_clean_checkout_has_no_changes(repo: Repo) -> None:
    assert read(repo) == WorkTree(str(repo.path))


def test_changed_new_deleted_and_untracked_files_are_listed(repo: Repo) -> None:
    (repo.path / "kept.py").write_text("2\n")
    (repo.path / "gone.py").unlink()
    (repo.path / "added to it.py").write_text("1\n")
    repo.git("add", "added to it.py")
    (repo.path / "new").mkdir()
    (repo.path / "new" / "a.py").write_text("1\n")
    found = read(repo)
    assert {file.path: file.change for file in found.files} == {
        "added to it.py": "add", "gone.py": "delete", "kept.py": "update", "new/": "untracked",
    }  # fmt: skip
    assert [file.at is None for file in found.files] == [False, True, False, False]


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick", "revert"])
def test_an_operation_that_stopped_is_named_with_its_conflicts(repo: Repo, operation: str) -> None:
    repo.branch("side")
    (repo.path / "kept.py").write_text("2\n")
    repo.commit("Two")
    repo.switch("main")
    (repo.path / "kept.py").write_text("3\n")
    repo.commit("Three")
    arguments = {"revert": ("revert", "--no-edit", "HEAD~1"), "rebase": ("rebase", "side")}
    if operation == "revert":
        (repo.path / "kept.py").write_text("4\n")
        repo.commit("Four")
    with pytest.raises(Exception, match="returned non-zero"):
        repo.git(*arguments.get(operation, (operation, "side")))
    found = read(repo)
    assert found.operation == operation
    assert {file.path: file.change for file in found.files}["kept.py"] == "conflict"
    wanted = ("main", "1 of 1") if operation == "rebase" else (None, None)
    assert (found.branch, found.progress) == wanted


def test_stashes_are_listed_the_newest_first(repo: Repo) -> None:
    for text in ("first try", "second try"):
        (repo.path / "kept.py").write_text(text)
        repo.git("stash", "push", "--message", text)
    assert [stash.subject for stash in read(repo).stashes] == [
        "On main: second try", "On main: first try",
    ]  # fmt: skip


def test_a_worktree_has_its_own_changes(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", str(tmp_path / "side"), "-b", "side")
    (tmp_path / "side" / "kept.py").write_text("2\n")
    assert changes(repo) == {}
    assert changes(Repo(tmp_path / "side", init=False)) == {"kept.py": "update"}


def test_no_filter_and_no_monitor_of_the_repository_is_run(repo: Repo, tmp_path: Path) -> None:
    ran, trap = tmp_path / "ran", tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{ran}'\ncat\n")
    trap.chmod(0o755)
    for name in ("a=b", "evil"):
        repo.git("config", f"filter.{name}.clean", str(trap))
        repo.git("config", f"filter.{name}.process", str(trap))
        repo.git("config", f"filter.{name}.required", "true")
    repo.git("config", "core.fsmonitor", str(trap))
    (repo.path / ".git" / "info" / "attributes").write_text("gone.py filter=a=b\n")
    (repo.path / ".gitattributes").write_text("*.py filter=evil\n")
    # The same length and second: only the content differs.
    (repo.path / "kept.py").write_text("2\n")
    (repo.path / "gone.py").write_text("3\n")
    ran.unlink(missing_ok=True)
    before = content(repo.path)
    assert changes(repo)["kept.py"] == "update"
    assert not ran.exists()
    assert content(repo.path) == before
