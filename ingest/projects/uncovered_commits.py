"""Commits that no session covers: made by hand, by others, or without a log."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.projects.git.alignment import view_repository
from ingest.projects.git.anchor import anchor_of, load_anchors
from ingest.projects.git.read_repository import Git
from ingest.projects.git.session_commits import uncovered
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import list_sessions


class UncoveredCommits(Struct, frozen=True):
    """The fields of a commit in `state commits --json`, in their order."""

    id: str
    at: datetime
    author: str
    subject: str
    branch: str | None
    """The branch that was searched; None if HEAD is detached."""
    repository: str


def uncovered_commits(
    rows: NamedQueries, scope: Scope, now: Now, git: Git, mask: Callable[[str], str]
) -> tuple[list[UncoveredCommits] | None, list[str]]:
    """The uncovered commits of a project, newest first, or None if no repository could be read;
    and messages about the repositories that could not be read. Runs git: never call this on the
    UI thread.
    """
    sessions = list_sessions(rows, Scope(project=scope.project), now)
    looked = view_repository(map(anchor_of, sessions), git)
    repositories = looked.repositories
    every = load_anchors(rows)
    uncovered_spans = [
        UncoveredCommits(
            commit.id, commit.committed, mask(commit.author), mask(commit.subject),
            scope.branch or repository.branch, root,
        )
        for root, (repository, ancestry) in repositories.items()
        if scope.branch is None or repository.tip(scope.branch)
        for commit in uncovered(repository, every, ancestry, scope.branch)
        if (scope.since is None or commit.committed >= scope.since)
        and (scope.until is None or commit.committed < scope.until)
    ]  # fmt: skip
    uncovered_spans.sort(key=lambda commit: commit.at, reverse=True)
    return uncovered_spans if repositories else None, looked.unread
