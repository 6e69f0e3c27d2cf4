"""A project of the story: its commits, as `git fast-import` reads them."""

import hashlib
from dataclasses import dataclass, field

from ingest.demo.story import ROOT, Repository
from tests.build.line import Json
from tests.demo.moment import ago_ms

PERSON = "Robin Vale <robin@example.invalid>"


@dataclass
class Project:
    name: str
    branch: str = "main"
    """the one that is checked out at the end"""
    edits: dict[str, str] = field(default_factory=dict)
    """what lies in the work tree and was not committed"""
    _history: list[str] = field(default_factory=list)
    _commits: list[tuple[str, int, str]] = field(default_factory=list)
    """branch, when, and the story's name of the commit"""

    @property
    def cwd(self) -> str:
        return f"{ROOT}/{self.name}"

    def commit(
        self, message: str, files: dict[str, str], branch: str = "main", **ago: float
    ) -> str:
        """Its name, as the story has it: short, as git prints it."""
        at = ago_ms(**ago) // 1000
        mark = len(self._commits) + 1
        name = hashlib.sha1(f"{self.name}/{mark}".encode()).hexdigest()
        parents = [i for i, one in enumerate(self._commits, 1) if one[0] in (branch, "main")]
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
        """What a session begun then sees."""
        seen = [name for on, when, name in self._commits if on in (branch, "main") and when <= at]
        remote = f"https://example.invalid/{self.name}.git"
        known = {"commit_hash": seen[-1]} if seen else {}
        return {**known, "branch": branch, "repository_url": remote}

    def repository(self) -> Repository:
        history = "\n".join([*self._history, "done", ""])
        names = {mark: name for mark, (_, _, name) in enumerate(self._commits, 1)}
        return Repository(self.name, self.branch, history, names, self.edits)
