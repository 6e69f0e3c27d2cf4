"""Finds commits made while a session ran, and commits that no session covers. Pure.

A commit belongs to a session that ran at its author or commit time (a rebase keeps the former),
if the session's branch contains it. This is inferred from times only.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import PurePath

from ingest.projects.git.anchor import Anchor, Span
from ingest.projects.git.repository import Ancestry, Commit, Repository

_SECOND = timedelta(seconds=1)
"""Git stores times in whole seconds."""


def commits_during(
    anchor: Anchor, spans: Iterable[Span], repository: Repository, ancestry: Ancestry
) -> list[Commit]:
    """The commits made while the session ran, the newest first."""
    covered = _Covered(spans)
    during = [commit for commit in repository.commits.values() if commit in covered]
    # If its branch is gone, the work may have been merged: use HEAD instead.
    tip = repository.tip(anchor.branch) or repository.head
    return ancestry.filter_contained(tip, during) if tip is not None else []


def uncovered(
    repository: Repository,
    anchors: Iterable[Anchor],
    ancestry: Ancestry,
    branch: str | None = None,
) -> list[Commit]:
    """The commits of a branch, or of HEAD, that none of these sessions covers, since the first
    session in the repository began; the newest first.
    """
    spans = [item.span for item in anchors if item.span and _worked_in(item, repository)]
    covered, tip = _Covered(spans), repository.tip(branch) or repository.head
    if tip is None or covered.first is None:
        return []
    commits = [
        item
        for item in repository.commits.values()
        if item.committed >= covered.first and item not in covered
    ]
    return ancestry.filter_contained(tip, commits)


def _worked_in(anchor: Anchor, repository: Repository) -> bool:
    """Whether a session worked in this repository, or in another worktree or clone of it."""
    if anchor.commit in repository.commits:
        return True
    return anchor.cwd is not None and PurePath(anchor.cwd).is_relative_to(repository.root)


def covers(span: Span, commit: Commit) -> bool:
    """Whether the commit was made in this period."""
    return commit in _Covered([span])


class _Covered:
    """The periods that sessions cover, overlapping ones merged."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        for start, end in sorted((start - _SECOND, end + _SECOND) for start, end in spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    @property
    def first(self) -> datetime | None:
        return self._starts[0] if self._starts else None

    def __contains__(self, commit: Commit) -> bool:
        return self._holds(commit.committed) or self._holds(commit.authored)

    def _holds(self, moment: datetime) -> bool:
        at = bisect_right(self._starts, moment) - 1
        return at >= 0 and moment <= self._ends[at]
