"""A git repository, scripted: commits at given times, branches, rewrites, worktrees.

Git runs without the user's settings, so that results are the same everywhere.
"""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

REMOTE = "https://example.invalid/sample.git"
NOON = datetime(2026, 11, 21, 12)


def environment(home: Path) -> dict[str, str]:
    """The environment of git: a home without settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)}


class Repo:
    def __init__(self, path: Path, *, init: bool = True) -> None:
        self.path = path
        self.env = environment(path)
        if init:
            path.mkdir(parents=True)
            self.git("init", "--quiet", "--initial-branch=main")
            with (path / ".git" / "config").open("a") as config:
                config.write("[user]\n\tname = Dev\n\temail = dev@example.invalid\n")

    def git(self, *arguments: str, at: datetime = NOON, given: bytes | None = None) -> str:
        stamp = f"{int(at.replace(tzinfo=UTC).timestamp())} +0000"
        env = {
            **self.env,
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=env,
            input=given,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(self, subject: str, at: datetime = NOON) -> str:
        """A commit that changes a file of its own; its id."""
        name = "".join(char if char.isalnum() else "-" for char in subject)
        (self.path / f"{name[:40]}.txt").write_text(subject)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", subject, at=at)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        self.git("switch", "--quiet", "--create", name)

    def switch(self, name: str) -> None:
        self.git("switch", "--quiet", name)
