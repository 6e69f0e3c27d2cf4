"""`tailboard setup git`: hooks that only leave a mark, beside the hooks that are there."""

import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.projects.git import notices
from tests.integration.resume.conftest import Project


def write_hook(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_a_commit_leaves_a_mark_that_the_owner_reads_as_a_change(project: Project) -> None:
    cli, repo = project.cli, project.repo
    project.session().write()
    project.read()
    hooks = repo.path / ".git" / "hooks"
    assert str(hooks) in cli.run("setup", "git", "--print").out
    assert cli.run("setup", "git", "--yes").code == 0
    marks = notices.folder(cli.db)
    assert stat.S_IMODE(marks.stat().st_mode) == 0o700
    assert cli.json("setup", "git", "--yes")["changes"] == []
    subprocess.run(["git", "-C", repo.path, "checkout", "-q", "-b", "other"], check=True)
    assert len(list(marks.iterdir())) == 1
    with Database(cli.db) as database:
        job, before = notices.GitNotices(database), database.commits.count
        job.step()
        assert list(marks.iterdir()) == []
        assert database.commits.count == before + 1
        job.step()
        assert database.commits.count == before + 1
    marks.rmdir()  # Without the folder the hook says nothing, and git goes on.
    done = subprocess.run(
        ["git", "-C", repo.path, "checkout", "-b", "third"], capture_output=True, check=True
    )
    assert b"tailboard" not in done.stderr
    cli.run("setup", "git", "--remove", "--yes")
    assert not (hooks / "post-commit").exists()


def test_hooks_that_are_there_still_run_and_are_as_before_afterwards(
    project: Project, tmp_path: Path
) -> None:
    cli, repo = project.cli, project.repo
    hooks, ran = repo.path / ".git" / "hooks", tmp_path / "ran"
    shell = f"#!/bin/sh\n# mine\necho shell >> {ran}\nexit 0\n"
    other = f"#!/usr/bin/env python3\nopen({str(ran)!r}, 'a').write('python\\n')\n"
    write_hook(hooks / "post-commit", shell)
    write_hook(hooks / "post-checkout", other)
    assert cli.run("setup", "git", "--yes").code == 0
    repo.commit("More", project.now + timedelta(minutes=1))
    subprocess.run(["git", "-C", repo.path, "checkout", "-q", "-b", "other"], check=True)
    assert ran.read_text().split() == ["shell", "python"]
    assert list(notices.folder(cli.db).iterdir()) != []
    assert cli.run("setup", "git", "--remove", "--yes").code == 0
    assert (hooks / "post-commit").read_text() == shell
    assert (hooks / "post-checkout").read_text() == other
    assert [path.name for path in hooks.glob("*tailboard*")] == []


def test_a_folder_of_hooks_that_is_set_in_git_is_left_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-C", str(project.repo.path), "config", "core.hooksPath", ".husky"]
    subprocess.run(git, check=True)
    refused = project.cli.run("setup", "git", "--yes")
    assert refused.code == 2
    assert "core.hooksPath" in refused.err
    monkeypatch.chdir("/")
    assert project.cli.run("setup", "git", "--yes").code == 1
