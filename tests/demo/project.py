"""A project of the demo: its commits, in the format of `git fast-import`; and the demo's clock."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from ingest.demo.story import ROOT, Repository
from tests.build.line import START_MS, Json

NOW_MS = START_MS + 20 * 86_400_000
"""The time at which the demo starts. `DemoWriter` replaces it by the real time."""
PERSON = "Robin Vale <robin@example.invalid>"


def ago_ms(**ago: float) -> int:
    """The time this long before `NOW_MS` (days=…, hours=…, minutes=…); negative: after it."""
    return NOW_MS - round(timedelta(**ago).total_seconds() * 1000)


@dataclass
class Project:
    name: str
    branch: str = "main"
    """The branch that is checked out at the end."""
    edits: dict[str, str] = field(default_factory=dict)
    """Uncommitted files of the work tree."""
    _history: list[str] = field(default_factory=list)
    _commits: list[tuple[str, int, str]] = field(default_factory=list)
    """Branch, time and id of each commit."""

    @property
    def cwd(self) -> str:
        return f"{ROOT}/{self.name}"

    def commit(
        self, message: str, files: dict[str, str], branch: str = "main", **ago: float
    ) -> str:
        """Returns the abbreviated commit id."""
        at = ago_ms(**ago) // 1000
        mark = len(self._commits) + 1
        name = hashlib.sha1(f"{self.name}/{mark}".encode()).hexdigest()
        parents = [i for i, made in enumerate(self._commits, 1) if made[0] in (branch, "main")]
        own = [i for i in parents if self._commits[i - 1][0] == branch]
        parent = (own or parents)[-1] if parents else None
        self._history += [
            f"commit refs/heads/{branch}",
            f"mark :{mark}",
            f"author {PERSON} {at} +0000",
            f"committer {PERSON} {at} +0000",
            f"data {len(message.encode())}",
            message,
            *([f"from :{parent}"] if parent else []),
        ]
        for path, text in files.items():
            self._history += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
        self._commits.append((branch, at, name))
        return name[:7]

    def git(self, branch: str, at: int) -> Json:
        """What Codex records about git for a session that starts at this time."""
        seen = [name for on, when, name in self._commits if on in (branch, "main") and when <= at]
        remote = f"https://example.invalid/{self.name}.git"
        known = {"commit_hash": seen[-1]} if seen else {}
        return {**known, "branch": branch, "repository_url": remote}

    def repository(self) -> Repository:
        history = "\n".join([*self._history, "done", ""])
        names = {mark: name for mark, (_, _, name) in enumerate(self._commits, 1)}
        return Repository(self.name, self.branch, history, names, self.edits)
