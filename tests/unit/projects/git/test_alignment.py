"""The relation of a session to its repository: each kind, in a scripted repository."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.projects.git.alignment import Alignment, AlignmentState, alignments
from ingest.projects.git.anchor import Anchor
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import NEWEST
from tests.build.repository import REMOTE, Repo, environment

Judge = Callable[[Anchor], Alignment]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "sample")


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(environment(tmp_path))


@pytest.fixture
def judge(git: Git) -> Judge:
    return lambda anchor: alignments([anchor], git)[anchor.session]


def began(repo: Repo, branch: str | None = "main", commit: str | None = None) -> Anchor:
    """The anchor of a session that began at the current commit of the repository, or at
    `commit`."""
    return Anchor("s", str(repo.path), branch, commit or repo.head, REMOTE)


def test_a_branch_that_did_not_move_is_aligned(repo: Repo, judge: Judge) -> None:
    commit = repo.commit("one")
    found = judge(began(repo))
    assert found.state is AlignmentState.ALIGNED
    assert found.why == f"main is at {commit[:8]}, as when the session began."


def test_the_branch_has_moved_on(repo: Repo, judge: Judge) -> None:
    first = repo.commit("one")
    anchor = began(repo)
    repo.commit("two")
    repo.commit("three")
    found = judge(anchor)
    assert (found.state, found.commits) == (AlignmentState.AHEAD, 2)
    assert found.why == f"main is 2 commits ahead of {first[:8]}, where the session began."


def test_a_merge_counts_with_all_it_brings(repo: Repo, judge: Judge) -> None:
    repo.commit("one")
    anchor = began(repo)
    repo.branch("side")
    repo.commit("side one")
    repo.commit("side two")
    repo.switch("main")
    repo.commit("two")
    repo.git("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    assert (judge(anchor).state, judge(anchor).commits) == (AlignmentState.AHEAD, 4)


def test_the_branch_was_set_back(repo: Repo, judge: Judge) -> None:
    repo.commit("one")
    repo.commit("two")
    anchor = began(repo)
    repo.git("branch", "kept")
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    found = judge(anchor)
    assert (found.state, found.commits) == (AlignmentState.BEHIND, 1)
    assert found.holders == ("kept",)


def test_another_branch_is_checked_out(repo: Repo, judge: Judge) -> None:
    repo.commit("one")
    repo.branch("feature/x")
    repo.commit("two")
    anchor = began(repo, "feature/x")
    repo.switch("main")
    found = judge(anchor)
    assert found.state is AlignmentState.OTHER_BRANCH
    assert not found.held
    assert "which does not contain" in found.why
    assert "feature/x does" in found.why


def test_its_branch_was_merged_and_deleted(repo: Repo, judge: Judge) -> None:
    repo.commit("one")
    repo.branch("done")
    repo.commit("two")
    anchor = began(repo, "done")
    repo.switch("main")
    repo.git("merge", "--quiet", "done")
    repo.git("branch", "--delete", "done")
    found = judge(anchor)
    assert found.state is AlignmentState.OTHER_BRANCH
    assert found.branch_gone
    assert found.held
    assert found.why == (
        "It began on done, which was deleted; main is checked out, the commit it began at."
    )


def test_a_rebase_leaves_the_commit_without_a_branch(repo: Repo, judge: Judge) -> None:
    repo.commit("one")
    repo.branch("work")
    old = repo.commit("two")
    anchor = began(repo, "work")
    repo.switch("main")
    repo.commit("meanwhile")
    repo.switch("work")
    repo.git("rebase", "--quiet", "main")
    found = judge(anchor)
    assert found.state is AlignmentState.REWRITTEN
    assert found.why == f"No branch contains {old[:8]} any more."


def test_a_garbage_collected_commit_is_missing(repo: Repo, judge: Judge) -> None:
    repo.commit("one")
    repo.commit("two")
    anchor = began(repo)
    repo.git("commit", "--quiet", "--amend", "--message", "better")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    found = judge(anchor)
    assert found.state is AlignmentState.REWRITTEN
    assert "is no longer in the repository" in found.why


def test_a_force_push_is_detected_after_a_fetch(repo: Repo, judge: Judge, tmp_path: Path) -> None:
    repo.commit("one")
    repo.commit("two")
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "hub.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    repo.git("clone", "--quiet", str(tmp_path / "hub.git"), str(tmp_path / "mine"))
    mine = Repo(tmp_path / "mine", init=False)
    anchor = began(mine)
    repo.git("commit", "--quiet", "--amend", "--message", "rewritten")
    repo.git("push", "--quiet", "--force", "origin", "main")
    mine.git("fetch", "--quiet")
    mine.git("branch", "backup")
    mine.git("reset", "--quiet", "--hard", "origin/main")
    found = judge(anchor)
    assert found.state is AlignmentState.REWRITTEN
    assert found.why.startswith("main was rewritten: it no longer contains ")
    assert found.why.endswith("; backup does.")


def test_no_branch_is_checked_out(repo: Repo, judge: Judge) -> None:
    repo.commit("one")
    anchor = began(repo)
    repo.commit("two")
    repo.git("checkout", "--quiet", "--detach")
    found = judge(anchor)
    assert (found.state, found.branch, found.commits) == (AlignmentState.DETACHED, None, 1)


def test_a_session_that_began_without_a_branch_is_reported_as_such(
    repo: Repo, judge: Judge
) -> None:
    repo.commit("one")
    anchor = began(repo, None)
    assert judge(anchor).state is AlignmentState.ALIGNED
    repo.git("branch", "kept")
    repo.git("commit", "--quiet", "--amend", "--message", "better")
    assert judge(anchor).state is AlignmentState.OTHER_BRANCH


def test_a_worktree_has_a_branch_of_its_own(repo: Repo, judge: Judge, tmp_path: Path) -> None:
    repo.commit("one")
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "tree"))
    tree = Repo(tmp_path / "tree", init=False)
    tree.commit("two")
    assert judge(began(tree, "side")).state is AlignmentState.ALIGNED
    assert judge(began(repo)).state is AlignmentState.ALIGNED


def test_a_missing_worktree_is_found_by_its_remote(repo: Repo, git: Git, tmp_path: Path) -> None:
    repo.commit("one")
    there = began(repo)
    gone = Anchor("gone", str(tmp_path / "removed"), "main", repo.head, REMOTE)
    found = alignments([gone, there], git)
    assert found["gone"].state is AlignmentState.ALIGNED
    assert found["gone"].root == str(repo.path)


def test_a_worktree_without_its_repository_is_not_a_repository(
    repo: Repo, judge: Judge, tmp_path: Path
) -> None:
    repo.commit("one")
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "tree"))
    anchor = Anchor("s", str(tmp_path / "tree"), "side", repo.head)
    repo.path.rename(tmp_path / "elsewhere")
    assert judge(anchor).state is AlignmentState.NO_REPO


def test_a_deleted_folder_inside_a_repository_is_not_a_repository(repo: Repo, judge: Judge) -> None:
    commit = repo.commit("one")
    assert (
        judge(Anchor("s", str(repo.path / "gone"), "main", commit)).state is AlignmentState.NO_REPO
    )
    assert judge(Anchor("s", None, "main", commit)).state is AlignmentState.NO_REPO
    assert judge(Anchor("s", "relative", "main", commit)).state is AlignmentState.NO_REPO


def test_a_subfolder_has_the_alignment_of_the_repository(repo: Repo, judge: Judge) -> None:
    commit = repo.commit("one")
    (repo.path / "src").mkdir()
    assert (
        judge(Anchor("s", str(repo.path / "src"), "main", commit)).state is AlignmentState.ALIGNED
    )


def test_an_unknown_alignment_is_reported_with_the_reason(
    repo: Repo, judge: Judge, tmp_path: Path
) -> None:
    assert judge(Anchor("s", str(repo.path), "main", "a" * 40)).state is AlignmentState.REWRITTEN
    repo.commit("one")
    old = began(repo)
    repo.commit("two")
    assert judge(Anchor("s", str(repo.path), "main")).why == "Codex recorded no commit for it."
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    shallow = Anchor("s", str(tmp_path / "shallow"), "main", old.commit)
    found = judge(shallow)
    assert found.state is AlignmentState.UNKNOWN
    assert "shallow" in found.why
    assert NEWEST >= 10_000


def test_without_git_and_without_an_answer_in_time_it_is_unknown(
    repo: Repo, tmp_path: Path
) -> None:
    repo.commit("one")
    anchor = began(repo)
    (tmp_path / "empty").mkdir()
    nowhere = Git({"PATH": str(tmp_path / "empty")})
    assert alignments([anchor], nowhere)["s"].why == "Git is not installed."
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nsleep 600\n")
    slow.chmod(0o755)
    env = {**environment(tmp_path), "PATH": f"{slow.parent}:{environment(tmp_path)['PATH']}"}
    found = alignments([anchor], Git(env, timedelta(seconds=0.2).total_seconds()))["s"]
    assert found.state is AlignmentState.UNKNOWN
    assert found.why == f"Git did not respond within 0.2 seconds in {repo.path}."
