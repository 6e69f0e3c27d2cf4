"""Git is only read: it runs no program of the repository, changes nothing, and is called rarely."""

import hashlib
import shutil
from pathlib import Path

import pytest

from ingest.projects.git.alignment import AlignmentState, alignments
from ingest.projects.git.anchor import Anchor
from ingest.projects.git.read_repository import Git, canonical
from ingest.projects.git.run import GitProgram
from tests.build.repository import Repo, environment


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "sample")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The git commands that were run."""
    asked: list[str] = []
    run = GitProgram.run

    def counted(self: GitProgram, root: str, *arguments: str, input_text: str = "") -> str:
        asked.append(arguments[0])
        return run(self, root, *arguments, input_text=input_text)

    monkeypatch.setattr(GitProgram, "run", counted)
    return asked


def content(path: Path) -> dict[str, tuple[str, int]]:
    """The content and modification time of every file in a folder."""
    return {
        str(one.relative_to(path)): (
            hashlib.sha256(one.read_bytes()).hexdigest(),
            one.stat().st_mtime_ns,
        )
        for one in sorted(path.rglob("*"))
        if one.is_file()
    }


def test_a_hostile_repository_runs_nothing_and_is_not_changed(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit("one")
    ran = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass",
        "gpg.program", "diff.external", "credential.helper", "core.alternateRefsCommand",
        "remote.origin.uploadpack", "pager.rev-list", "pager.for-each-ref",
    ):  # fmt: skip
        repo.git("config", name, str(trap))
    hooks = repo.path / ".git" / "hooks"
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        (hooks / hook).write_bytes(trap.read_bytes())
        (hooks / hook).chmod(0o755)
    repo.git("config", "log.showSignature", "true")
    # Missing commits are promised by a remote, to be fetched through a program.
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("config", "remote.origin.url", "ssh://localhost/sample")
    ran.unlink(missing_ok=True)
    before = content(repo.path)
    found = alignments(
        [
            Anchor("here", str(repo.path), "main", commit),
            Anchor("gone", str(repo.path), "main", "b" * 40),
        ],
        Git(environment(tmp_path)),
    )
    described = Git(environment(tmp_path)).describe(str(repo.path), [commit, "b" * 40])
    assert described is not None
    assert described.contained == {commit}
    assert not ran.exists()
    assert content(repo.path) == before
    assert found["gone"].state in (AlignmentState.REWRITTEN, AlignmentState.UNKNOWN)


def test_no_diff_driver_and_no_text_conversion_of_the_repository_is_run(
    repo: Repo, tmp_path: Path
) -> None:
    ran, trap = tmp_path / "ran", tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    trap.chmod(0o755)
    attributes = "*.txt diff=evil filter=evil\n"
    (repo.path / ".gitattributes").write_text(attributes)
    (repo.path / ".git" / "info" / "attributes").write_text(attributes)
    first, second = repo.commit("one"), repo.commit("two")
    for name in (
        "diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean",
        "filter.evil.smudge", "core.fsmonitor", "core.pager", "pager.diff-tree", "pager.patch-id",
    ):  # fmt: skip
        repo.git("config", name, str(trap))
    repo.git("config", "diff.evil.cachetextconv", "true")
    for hook in ("post-index-change", "reference-transaction"):
        shutil.copy(trap, repo.path / ".git" / "hooks" / hook)
    git, pair = Git(environment(tmp_path)), (second, first)
    before = content(repo.path)
    patches = git.patch_ids(str(repo.path), [pair], 60)
    assert list(patches) == [pair]
    assert git.lost_commits(str(repo.path), [first], 60) == {}
    assert not ran.exists()
    assert content(repo.path) == before


@pytest.mark.parametrize(
    ("branch", "commit"),
    [
        ("--upload-pack=touch ran", "a" * 40),
        ("main; touch ran", "--output=ran"),
        ("$(touch ran)", "HEAD\n--output=ran"),
        ("\x1b]0;x\x07", "@{-1}"),
    ],
)
def test_names_from_a_log_are_never_passed_to_git(
    repo: Repo, tmp_path: Path, branch: str, commit: str
) -> None:
    repo.commit("one")
    found = alignments([Anchor("s", str(repo.path), branch, commit)], Git(environment(tmp_path)))[
        "s"
    ]
    assert found.state is AlignmentState.REWRITTEN
    assert not list(repo.path.glob("*ran*"))


def test_branches_with_unusual_names_are_read(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit("one")
    for name in ("refs/heads/--all", "refs/heads/HEAD", "refs/heads/a;b", "refs/heads/ünï"):
        repo.git("update-ref", name, commit)
    read = Git(environment(tmp_path)).read(str(repo.path))
    assert (read.branch, read.head) == ("main", commit)
    assert set(read.branches) == {"main", "--all", "HEAD", "a;b", "ünï"}


def test_a_thousand_sessions_of_one_repository_cost_as_many_calls_as_one(
    repo: Repo, tmp_path: Path, calls: list[str]
) -> None:
    ids = [repo.commit(f"commit {number}") for number in range(5)]
    git = Git(environment(tmp_path))
    anchors = [
        Anchor(str(number), str(repo.path), "main", ids[number % len(ids)])
        for number in range(1000)
    ]
    found = alignments(anchors, git)
    assert found["0"].commits == 4
    assert found["4"].state is AlignmentState.ALIGNED
    assert len(calls) <= 5
    calls.clear()
    assert alignments(anchors, git) == found
    assert "rev-list" not in calls  # No branch moved, so the commits are cached.
    repo.commit("one more")
    assert alignments(anchors, git)["0"].commits == 5


def test_text_of_commits_is_shortened_and_never_parsed(repo: Repo, tmp_path: Path) -> None:
    repo.commit("x" * 5000)
    (read,) = Git(environment(tmp_path)).read(str(repo.path)).commits.values()
    assert len(read.subject) <= 160
    assert read.author == "Dev"


def test_before_the_first_commit_there_is_no_head(repo: Repo, tmp_path: Path) -> None:
    read = Git(environment(tmp_path)).read(str(repo.path))
    assert (read.head, read.branch, read.commits) == (None, "main", {})


def test_on_a_file_system_that_ignores_case_a_path_is_spelled_as_it_is_stored() -> None:
    stored = {"/": ["Home"], "/Home": ["Ledger", "other"], "/Home/Ledger": []}

    def same(one: str, other: str) -> bool:
        if one.casefold() not in {path.casefold() for path in stored}:
            raise FileNotFoundError(one)
        return one.casefold() == other.casefold()

    for path in ("/home/LEDGER", "/Home/Ledger", "/HOME/ledger/"):
        assert canonical(path, same, lambda folder: stored[folder]) == "/Home/Ledger"
    # A missing folder, and a case-sensitive file system.
    assert canonical("/home/gone", same, lambda folder: stored[folder]) == "/Home/gone"
    assert canonical("/home/LEDGER", lambda *_: False) == "/home/LEDGER"


def test_the_password_in_a_remote_is_not_stored(repo: Repo, tmp_path: Path) -> None:
    repo.git("remote", "add", "origin", "https://kim:hunter2@example.invalid/a/b.git")
    described = Git(environment(tmp_path)).describe(str(repo.path))
    assert described is not None
    assert described.git.remote == "https://example.invalid/a/b.git"
