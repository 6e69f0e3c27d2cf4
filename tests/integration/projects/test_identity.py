"""A project is a repository with its worktrees, clones and subfolders; equal names are not
enough."""

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from ingest.db.actions import record_edit
from ingest.db.database import Database
from ingest.projects.tasks.edits import Add, edit_action
from tests.build import Home, Rollout
from tests.build.repository import Repo
from tests.integration.cli.cli_harness import CliHarness


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys, env={"PATH": os.environ.get("PATH", os.defpath)})


def repository(path: Path, subject: str = "Start") -> Repo:
    repo = Repo(path)
    repo.commit(f"{subject} {path}")
    return repo


def work_in(
    cli: CliHarness, *folders: Path | str, remote: str | None = None, commit: str | None = None
) -> None:
    """Write and read a session in each of these folders."""
    for folder in folders:
        write_session(cli, folder, remote=remote, commit=commit)
    assert cli.run("ingest", "-q").code == 0


def write_session(
    cli: CliHarness, folder: Path | str, *, remote: str | None = None, commit: str | None = None
) -> Rollout:
    cli.codex = getattr(cli, "codex", None) or Home(cli.home)  # type: ignore[attr-defined]
    git: dict[str, str] | None = None
    if remote is not None or commit is not None:
        git = {"commit_hash": commit or "0" * 40, "branch": "main"}
        git |= {"repository_url": remote} if remote is not None else {}
    session: Rollout = cli.codex.session("g3", cwd=str(folder), git=git)  # type: ignore[attr-defined]
    session.prompt(f"Work in {folder}")
    session.plan([(f"Finish {Path(folder).name}", "in_progress")])
    session.end_turn("Done.")
    session.write()
    return session


def projects(cli: CliHarness) -> dict[str, list[str]]:
    """The folders of the sessions of each project, by its label."""
    found: dict[str, list[str]] = {}
    for session in cli.json("sessions")["sessions"]:
        found.setdefault(session["project"], []).append(session["cwd"])
    return {label: sorted(folders) for label, folders in found.items()}


def test_repositories_of_one_name_are_two_projects(cli: CliHarness, tmp_path: Path) -> None:
    first, second = repository(tmp_path / "a" / "ledger"), repository(tmp_path / "b" / "ledger")
    work_in(cli, first.path, second.path)
    assert projects(cli) == {"ledger (a)": [str(first.path)], "ledger (b)": [str(second.path)]}


def test_an_ambiguous_name_is_refused_with_the_choices(cli: CliHarness, tmp_path: Path) -> None:
    work_in(
        cli, repository(tmp_path / "a" / "ledger").path, repository(tmp_path / "b" / "ledger").path
    )
    answer = cli.run("sessions", "--project", "ledger")
    assert answer.code == 2
    assert "ledger (a), ledger (b)" in answer.err
    listed = cli.json("sessions", "--project", "ledger (b)")["sessions"]
    assert [one["cwd"] for one in listed] == [str(tmp_path / "b" / "ledger")]
    by_folder = cli.json("sessions", "--project", str(tmp_path / "a" / "ledger"))["sessions"]
    assert [one["project"] for one in by_folder] == ["ledger (a)"]


def test_worktrees_and_subfolders_belong_to_the_repository(cli: CliHarness, tmp_path: Path) -> None:
    repo = repository(tmp_path / "ledger")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "ledger-fix"))
    (repo.path / "src").mkdir()
    work_in(cli, repo.path, repo.path / "src", tmp_path / "ledger-fix")
    assert list(projects(cli)) == ["ledger"]


def test_a_fork_in_a_worktree_of_codex_stays_in_its_project_when_the_worktree_is_removed(
    cli: CliHarness, tmp_path: Path
) -> None:
    repo = repository(tmp_path / "ledger")
    worktree = cli.home / "worktrees" / "ab12" / "ledger"
    repo.git("worktree", "add", "--quiet", str(worktree))
    work_in(cli, repo.path, worktree)
    assert projects(cli) == {"ledger": [str(worktree), str(repo.path)]}
    repo.git("worktree", "remove", str(worktree))
    cli.run("ingest")
    assert list(projects(cli)) == ["ledger"]


def test_a_later_clone_at_another_path_is_the_same_project(cli: CliHarness, tmp_path: Path) -> None:
    repo = repository(tmp_path / "ledger")
    remote = "git@example.invalid:acme/ledger.git"
    repo.git("remote", "add", "origin", remote)
    copy = tmp_path / "copy"
    repo.git("clone", "--quiet", str(repo.path), str(copy))
    Repo(copy, init=False).git("remote", "set-url", "origin", "https://example.invalid/acme/ledger")
    work_in(cli, repo.path, copy)
    work_in(cli, "/home/colleague/ledger", remote=remote)
    assert list(projects(cli)) == ["ledger"]


def test_a_moved_repository_stays_one_project(cli: CliHarness, tmp_path: Path) -> None:
    repo = repository(tmp_path / "ledger")
    work_in(cli, repo.path)
    moved = tmp_path / "books"
    shutil.move(repo.path, moved)
    work_in(cli, moved)
    assert len(projects(cli)) == 1


def test_a_repository_that_was_moved_before_it_was_looked_up_is_recognised_by_its_commits(
    cli: CliHarness, tmp_path: Path
) -> None:
    repo = repository(tmp_path / "ledger")
    write_session(cli, repo.path, commit=repo.head)
    repository(tmp_path / "other")
    moved = tmp_path / "books"
    shutil.move(repo.path, moved)
    work_in(cli, moved, tmp_path / "other")
    assert sorted(map(len, projects(cli).values())) == [1, 2]


def test_a_fork_with_two_remotes_is_the_project_of_its_origin(
    cli: CliHarness, tmp_path: Path
) -> None:
    original, fork = repository(tmp_path / "ledger"), tmp_path / "fork"
    original.git("remote", "add", "origin", "https://example.invalid/acme/ledger.git")
    original.git("clone", "--quiet", str(original.path), str(fork))
    cloned = Repo(fork, init=False)
    cloned.git("remote", "set-url", "origin", "https://example.invalid/me/ledger.git")
    cloned.git("remote", "add", "upstream", "https://example.invalid/acme/ledger.git")
    work_in(cli, original.path, fork)
    work_in(cli, "/home/elsewhere/ledger", remote="git@example.invalid:me/ledger.git")
    assert projects(cli) == {
        "ledger": [str(original.path)],
        "fork": [str(fork), "/home/elsewhere/ledger"][::-1],
    }


@pytest.mark.parametrize("with_git", [True, False])
def test_another_spelling_of_a_folder_is_the_same_project(
    cli: CliHarness, tmp_path: Path, with_git: bool
) -> None:
    folder, other = tmp_path / "ledger", tmp_path / "LEDGER"
    if with_git:
        repository(folder)
    else:
        folder.mkdir()
    if not other.exists():  # The file system distinguishes case: a link is the other spelling.
        other.symlink_to(folder)
    work_in(cli, other, folder)
    assert list(projects(cli)) == ["ledger"]


def test_a_submodule_and_a_folder_without_git_are_projects_of_their_own(
    cli: CliHarness, tmp_path: Path
) -> None:
    library, repo = repository(tmp_path / "library"), repository(tmp_path / "app")
    repo.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(library.path),
        "vendor",
    )
    plain = tmp_path / "plain"
    plain.mkdir()
    work_in(cli, repo.path, repo.path / "vendor", plain)
    # The submodule is a clone of the library, so it began with the same commit.
    assert sorted(projects(cli)) == ["app", "plain", "vendor"]
    work_in(cli, library.path)
    assert len(projects(cli)) == 3


def test_a_repository_without_commits_is_a_project(cli: CliHarness, tmp_path: Path) -> None:
    work_in(cli, Repo(tmp_path / "new").path)
    assert list(projects(cli)) == ["new"]


def test_a_worktree_of_a_bare_repository_belongs_to_it(cli: CliHarness, tmp_path: Path) -> None:
    repo = repository(tmp_path / "ledger")
    bare = tmp_path / "store.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(bare))
    Repo(bare, init=False).git("worktree", "add", "--quiet", str(tmp_path / "one"), "main")
    work_in(cli, tmp_path / "one")
    work_in(cli, repo.path)
    assert len(projects(cli)) == 1


def test_a_deleted_folder_keeps_its_project(cli: CliHarness, tmp_path: Path) -> None:
    repo = repository(tmp_path / "ledger")
    (repo.path / "old").mkdir()
    work_in(cli, repo.path, repo.path / "old")
    shutil.rmtree(repo.path)
    work_in(cli, repo.path / "never-seen")
    assert list(projects(cli)) == ["ledger"]


NEW_REPOSITORY = (
    "resume",
    "tasks list",
    "tasks next",
    "tasks graph",
    "journal show",
    "state reconcile --dry-run",
)
"""Commands that use the project of the current folder."""


def test_a_new_repository_gets_no_answer_of_another_project(
    cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_in(cli, repository(tmp_path / "backend").path)
    new = Repo(tmp_path / "x")
    monkeypatch.chdir(new.path)
    for command in NEW_REPOSITORY:
        answer = cli.run(*command.split())
        assert "backend" not in answer.out
        assert answer.code == 1, command
        assert f"No session has worked in {new.path}" in answer.err
        assert "--everywhere" in answer.err
        assert cli.run(*command.split(), "--everywhere").code == 0, command
    for command in ("state export", "state commits", "journal auto on"):
        answer = cli.run(*command.split())
        assert answer.code == 1, command
        assert f"No session has worked in {new.path}" in answer.err


def test_a_worktree_and_a_clone_without_a_session_have_the_answers_of_their_repository(
    cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repository(tmp_path / "ledger")
    work_in(cli, repo.path, repository(tmp_path / "other").path)
    repo.git("worktree", "add", "--quiet", str(tmp_path / "fix"))
    repo.git("clone", "--quiet", str(repo.path), str(tmp_path / "copy"))
    (tmp_path / "fix" / "src").mkdir()
    for folder in ("fix", "fix/src", "copy"):
        monkeypatch.chdir(tmp_path / folder)
        (task,) = cli.json("tasks", "list")["tasks"]
        assert (task["text"], task["project"]) == ("Finish ledger", "ledger")
        assert cli.json("resume")["project"] == "ledger"


def test_reconcile_proposes_only_for_this_project(
    cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos = [repository(tmp_path / name) for name in ("ledger", "parser")]
    for repo in repos:
        write_session(cli, repo.path, commit=repo.head)
        repo.git("checkout", "--quiet", "-b", "later")
        repo.commit("Go on")
        repo.git("branch", "-D", "main")
    cli.run("ingest", "-q")
    monkeypatch.chdir(repos[0].path)
    here = cli.json("state", "reconcile", "--dry-run")["changes"]
    assert [one["project"] for one in here] == ["ledger"]
    every = cli.json("state", "reconcile", "--dry-run", "--everywhere")["changes"]
    assert sorted(one["project"] for one in every) == ["ledger", "parser"]


def test_state_and_journals_of_namesakes_are_written_to_the_right_repository(
    cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = repository(tmp_path / "a" / "ledger"), repository(tmp_path / "b" / "ledger")
    first.git("remote", "add", "origin", "https://example.invalid/a/ledger.git")
    first.git("worktree", "add", "--quiet", str(tmp_path / "fix"))
    mine = write_session(cli, tmp_path / "fix", remote="https://example.invalid/a/ledger.git")
    work_in(cli, second.path)
    monkeypatch.chdir(tmp_path / "fix")
    written = cli.json("state", "export", "--out", str(tmp_path / "state"))["paths"]
    document = json.loads(Path(written[0]).read_text())
    assert (document["project"], document["repository"]) == (
        "ledger", "https://example.invalid/a/ledger.git",
    )  # fmt: skip
    assert [one["id"] for one in document["sessions"]] == [mine.thread.id]
    assert cli.run("state", "import", written[0], "--yes").code == 0
    refused = cli.run("state", "import", written[0], "--project", "ledger (b)", "--yes")
    assert refused.code == 1
    assert "not of ledger (b)" in refused.err
    assert cli.json("journal", "auto", "on")["auto"][0]["folder"] == str(first.path)
    monkeypatch.chdir(second.path)
    on = cli.json("journal", "auto", "on")["auto"]
    assert [one["folder"] for one in on] == [str(first.path), str(second.path)]
    assert len(cli.json("journal", "auto", "off", "--project", "ledger (a)")["auto"]) == 1


def test_a_task_can_be_added_before_the_first_session(
    cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_in(cli, repository(tmp_path / "a" / "ledger").path)
    new = repository(tmp_path / "b" / "ledger")
    (new.path / "src").mkdir()
    monkeypatch.chdir(new.path / "src")
    assert cli.run("tasks", "add", "Begin").code == 0
    assert [one["text"] for one in cli.json("tasks", "list")["tasks"]] == ["Begin"]
    assert [one["text"] for one in cli.json("tasks", "list", "--project", "ledger")["tasks"]] == [
        "Finish ledger"
    ]
    work_in(cli, new.path)
    for task in cli.json("tasks", "list")["tasks"]:
        assert (task["project"], task["text"] in ("Begin", "Finish ledger")) == ("ledger (b)", True)


def test_edits_of_an_earlier_version_name_a_project_by_its_folder(
    cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repository(tmp_path / "a" / "ledger")
    (repo.path / "src").mkdir()
    work_in(cli, repo.path, repo.path / "src", repository(tmp_path / "b" / "ledger").path)
    now = datetime(2030, 1, 1)
    with Database(cli.db) as database:
        for name in ("ledger", "src", "nowhere"):
            edit = edit_action(f"{name}01", Add(f"Plan {name}", name))
            # Recorded as before: `record_edit` replaces labels by ids.
            record_edit(database, edit, now)
    tasks = {
        one["text"]: one["project"]
        for one in cli.json("tasks", "list", "--everywhere")["tasks"]
        if one["origin"] == "person"
    }
    # Of two projects named ledger, the one with the last activity before the edit.
    assert tasks == {
        "Plan ledger": "ledger (b)", "Plan src": "ledger (a)", "Plan nowhere": "nowhere",
    }  # fmt: skip


def test_a_task_keeps_its_project_when_a_namesake_appears(
    cli: CliHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = repository(tmp_path / "a" / "ledger")
    work_in(cli, first.path)
    monkeypatch.chdir(first.path)
    assert cli.run("tasks", "add", "Write the import").code == 0
    work_in(cli, repository(tmp_path / "b" / "ledger").path)
    for project, count in (("ledger (a)", 1), ("ledger (b)", 0)):
        tasks = cli.json("tasks", "list", "--project", project)["tasks"]
        assert [one["text"] for one in tasks].count("Write the import") == count


def test_a_task_for_an_unknown_project_is_refused(cli: CliHarness, tmp_path: Path) -> None:
    work_in(cli, repository(tmp_path / "backend").path)
    answer = cli.run("tasks", "add", "--project", str(tmp_path / "nowhere"), "Do it")
    assert answer.code == 1
    assert "There is no project" in answer.err
