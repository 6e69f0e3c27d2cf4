"""Finds the commits of sessions, and commits that no session covers. Pure.

Journals, briefs and state files use this one rule. A commit is a session's if the session's output
names it; else if the session ran at its author or commit time (a rebase keeps the former) and the
session's branch contains it. If that holds for several sessions, it belongs to the one that ran a
committing command at that time, else to the first one that is not an agent.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath

from msgspec import Struct

from ingest.projects.git.alignment import RepositoryView
from ingest.projects.git.anchor import Anchor, Span
from ingest.projects.git.repository import Ancestry, Commit, Repository

_SECOND = timedelta(seconds=1)
"""Git stores times in whole seconds."""
_SLACK = 2 * _SECOND
"""A command may end a little after its commit, too."""


class SessionWork(Struct, frozen=True):
    """What decides which commits are a session's."""

    anchor: Anchor
    is_agent: bool = False
    named: tuple[str, ...] = ()
    """The beginnings of the ids of commits that its output names."""
    committing: tuple[Span, ...] = ()
    """When it ran commands that commit."""

    def committed(self, commit: Commit) -> bool:
        return any(
            start - _SLACK <= commit.committed <= end + _SLACK for start, end in self.committing
        )


def commits_by_session(
    works: Sequence[SessionWork], view: RepositoryView
) -> dict[str, list[Commit]]:
    """The commits of each session, the oldest first. Each is one session's."""
    claims: defaultdict[str, list[SessionWork]] = defaultdict(list)
    commits: dict[str, Commit] = {}
    named: dict[str, str] = {}
    ids = {root: sorted(each.commits) for root, (each, _) in view.repositories.items()}
    for work in works:
        session, repository = work.anchor.session, view.of(work.anchor.session)
        if repository is None:
            continue
        for sha in work.named:
            if (id_ := _beginning(ids[view.roots[session]], sha)) is not None:
                commits[id_] = repository[0].commits[id_]
                named.setdefault(id_, session)
        if work.anchor.span is not None:
            for commit in commits_during(work.anchor, [work.anchor.span], *repository):
                commits[commit.id] = commit
                claims[commit.id].append(work)
    found: defaultdict[str, list[Commit]] = defaultdict(list)
    for commit in sorted(commits.values(), key=lambda commit: commit.committed):
        maker = named.get(commit.id)
        if maker is None:
            claimed = claims[commit.id]
            work = min(claimed, key=lambda work: (not work.committed(commit), work.is_agent))
            maker = work.anchor.session
        found[maker].append(commit)
    return dict(found)


def _beginning(ids: list[str], beginning: str) -> str | None:
    at = bisect_left(ids, beginning)
    return ids[at] if at < len(ids) and ids[at].startswith(beginning) else None


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
