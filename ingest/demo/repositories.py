"""The projects of the story as git repositories, where this machine has git.

Made by `git fast-import` with a clean environment, so that nobody's settings, hooks or signing keys
have a say. Without git the story is told all the same; only then nothing can be aligned.
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
    """Make them below `folder`; what comes back is the real name of each commit of the story."""
    git = shutil.which("git")
    named: dict[str, str] = {}
    for one in repositories:
        place = folder / one.project
        place.mkdir(parents=True)
        if git is not None:
            named |= _imported(git, one, place, shift)
        for path, text in one.edits.items():
            file = place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return named


def _imported(git: str, one: Repository, place: Path, shift: TimeShift) -> dict[str, str]:
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(place.parent),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(place.parent),
    }

    def run(*arguments: str, told: str | None = None) -> bool:
        given = told.encode() if told is not None else None
        done = subprocess.run(
            [git, *arguments], cwd=place, env=env, input=given, capture_output=True, check=False
        )
        return done.returncode == 0

    marks = place / ".git" / _MARKS
    made = (
        run("init", "--quiet", f"--initial-branch={one.branch}")
        and run("fast-import", "--quiet", f"--export-marks={marks}", told=shift.text(one.history))
        and run("reset", "--hard", "--quiet", one.branch)
    )
    if not made:
        # An old git, or none that works here. What there is of it would only be half a truth.
        shutil.rmtree(place / ".git", ignore_errors=True)
        return {}
    lines = (line.split() for line in marks.read_text().splitlines())
    marks_to = {int(mark.removeprefix(":")): name for mark, name in lines}
    marks.unlink()
    return {fake: marks_to[mark] for mark, fake in one.commits.items() if mark in marks_to}
