"""Commits that no session covers: made by hand, by others, or where no log tells of a session."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from ingest.memory.git.alignment import look
from ingest.memory.git.anchor import anchor_of, anchors
from ingest.memory.git.commits import uncovered
from ingest.memory.git.git import Git
from ingest.memory.scope import Now, Scope
from ingest.memory.session import listed
from ingest.store.face import Rows


class Outside(Struct, frozen=True):
    """The fields of a commit in `state commits --json`, in their order."""

    id: str
    at: datetime
    author: str
    subject: str
    branch: str | None
    """The branch it was looked for on; None where none is checked out."""
    repository: str


def outside(
    rows: Rows, scope: Scope, now: Now, git: Git, mask: Callable[[str], str]
) -> tuple[list[Outside] | None, list[str]]:
    """Those in the repositories of a project, the newest first; None where no repository of it can
    be looked into. And sentences about those that did not answer. A worker's: git is asked.
    """
    sessions = listed(rows, Scope(project=scope.project), now)
    looked = look(map(anchor_of, sessions), git)
    found = looked.repositories
    every = anchors(rows)
    told = [
        Outside(
            one.id, one.committed, mask(one.author), mask(one.subject),
            scope.branch or repository.branch, root,
        )
        for root, (repository, ancestry) in found.items()
        if scope.branch is None or repository.tip(scope.branch)
        for one in uncovered(repository, every, ancestry, scope.branch)
        if (scope.since is None or one.committed >= scope.since)
        and (scope.until is None or one.committed < scope.until)
    ]  # fmt: skip
    told.sort(key=lambda one: one.at, reverse=True)
    return told if found else None, looked.unread
