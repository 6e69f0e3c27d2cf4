"""Creates the demo's projects as git repositories, if git is installed.

Uses `git fast-import` with a clean environment, so that the user's settings, hooks and signing keys
have no effect. The demo also works without git; its sessions then have no alignment.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ingest.demo.story import Repository
from ingest.demo.timeshift import TimeShift

_MARKS: Final = "tailboard-marks"


def make(repositories: Iterable[Repository], folder: Path, shift: TimeShift) -> dict[str, str]:
    """Create them below `folder`. Returns the real id of each recorded commit id."""
    git = shutil.which("git")
    commit_ids: dict[str, str] = {}
    for repository in repositories:
        root = folder / repository.project
        root.mkdir(parents=True)
        if git is not None:
            commit_ids |= _imported(git, repository, root, shift)
        for path, text in repository.edits.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return commit_ids


def _imported(git: str, repository: Repository, root: Path, shift: TimeShift) -> dict[str, str]:
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(root.parent),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(root.parent),
    }

    def run(*arguments: str, stdin: str | None = None) -> bool:
        data = stdin.encode() if stdin is not None else None
        done = subprocess.run(
            [git, *arguments], cwd=root, env=env, input=data, capture_output=True, check=False
        )
        return done.returncode == 0

    marks = root / ".git" / _MARKS
    imported = (
        run("init", "--quiet", f"--initial-branch={repository.branch}")
        and run(
            "fast-import",
            "--quiet",
            f"--export-marks={marks}",
            stdin=shift.text(repository.history),
        )
        and run("reset", "--hard", "--quiet", repository.branch)
    )
    if not imported:
        # Git is too old or does not work here. A partial repository would mislead.
        shutil.rmtree(root / ".git", ignore_errors=True)
        return {}
    lines = (line.split() for line in marks.read_text().splitlines())
    marks_to = {int(mark.removeprefix(":")): name for mark, name in lines}
    marks.unlink()
    return {
        recorded: marks_to[mark]
        for mark, recorded in repository.commits.items()
        if mark in marks_to
    }
