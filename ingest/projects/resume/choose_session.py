"""Chooses the session of a project to continue, and says why. Pure.

In order of preference: a session on the branch at its current commit, or whose work came into the
branch with it; the session on the branch that began closest to it; the latest of the branch; the
closest of any branch; the latest of all. Of equal ones, the latest that was asked for more than to
go on. A session that is running is only chosen if all of the branch are.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum

from msgspec import Struct

from ingest.projects.git.alignment import RepositoryView
from ingest.projects.git.anchor import anchor_of
from ingest.projects.git.reachability import Reached
from ingest.projects.git.repository import Ancestry, Repository
from ingest.projects.git.session_commits import covers
from ingest.projects.resume.line_of_work import says_nothing_new
from ingest.projects.resume.model import AT_WORK
from ingest.sessions.session import Session
from ingest.text.hashes import short_hash
from ingest.text.numbers import pluralize


class Fit(IntEnum):
    """How well a session fits; the lowest is best."""

    SAME_HEAD = 0
    SAME_BRANCH = 1
    LATEST_OF_BRANCH = 2
    NEAREST = 3
    LATEST = 4
    ASKED_FOR = 5


class Candidate(Struct, frozen=True):
    session: Session
    fit: Fit
    commits: int = 0
    """How many commits behind the head of the branch it began."""
    made: bool = False
    """Whether the head was committed while it ran."""
    head: str | None = None
    merged: str | None = None
    """The commit of the branch with which its work came in, if it is of another branch."""

    @property
    def rank(self) -> tuple[bool, bool, int, int, bool, bool]:
        elsewhere = self.fit > Fit.LATEST_OF_BRANCH
        running = self.session.state in AT_WORK
        empty = says_nothing_new(self.session.title or "")
        return elsewhere, running, self.fit, self.commits, empty, self.session.archived


class ChosenSession(Struct, frozen=True):
    session: Session
    because: str
    fit: Fit


def choose_session(
    sessions: Iterable[Session],
    branch: str | None,
    view: RepositoryView,
    reached: Callable[[Session], Reached | None] | None = None,
) -> ChosenSession | None:
    """The session that fits this branch best; `sessions` must be most recently active first.
    `reached`: whether a session of another branch is part of this one.
    """
    own = [one for one in sessions if one.parent_id is None]
    candidates = [_candidate(one, branch, view, reached) for one in own]
    ranks = [one.rank for one in candidates]
    rank = min(ranks, default=None)
    if rank is None:
        return None
    best, alike = candidates[ranks.index(rank)], ranks.count(rank)
    return ChosenSession(best.session, _because(best, branch, alike), best.fit)


def _candidate(
    session: Session,
    branch: str | None,
    view: RepositoryView,
    reached: Callable[[Session], Reached | None] | None,
) -> Candidate:
    on_branch = branch is not None and session.branch == branch
    found = view.of(session.id)
    if found is None:
        return Candidate(session, Fit.LATEST_OF_BRANCH if on_branch else Fit.LATEST)
    repository, ancestry = found
    head = repository.head if branch in (None, repository.branch) else repository.tip(branch)
    if head is None:
        return Candidate(session, Fit.LATEST_OF_BRANCH if on_branch else Fit.LATEST)
    made = on_branch and _made(session, head, repository)
    commit = session.commit or ""
    if on_branch and (made or commit == head):
        return Candidate(session, Fit.SAME_HEAD, made=made, head=head)
    if not on_branch and reached is not None and session.branch is not None:
        found_in = reached(session)
        began = session.started_at
        # What was there when it began is not its work.
        at = found_in.at if found_in is not None else None
        new = began is not None and at is not None and at >= began
        merged = found_in.commit if found_in is not None and new else None
        behind = _distance(ancestry, head, merged) if merged is not None else None
        if behind is not None:
            fit = Fit.SAME_BRANCH if behind else Fit.SAME_HEAD
            return Candidate(session, fit, behind, head=head, merged=merged)
    distance = _distance(ancestry, head, commit)
    if distance is None:
        return Candidate(session, Fit.LATEST_OF_BRANCH if on_branch else Fit.LATEST, head=head)
    return Candidate(session, Fit.SAME_BRANCH if on_branch else Fit.NEAREST, distance, head=head)


def _made(session: Session, head: str, repository: Repository) -> bool:
    span, commit = anchor_of(session).span, repository.commits.get(head)
    return span is not None and commit is not None and covers(span, commit)


def _distance(ancestry: Ancestry, head: str, commit: str) -> int | None:
    return ancestry.count_ahead(head, commit) if ancestry.contains(head, commit) else None


def _because(best: Candidate, branch: str | None, alike: int) -> str:
    session, head = best.session, short_hash(best.head or "")
    latest = f", and the latest of {alike} such sessions" if alike > 1 else ""
    away = f"{pluralize(best.commits, 'commit')} before {head}"
    none = f"No session was on {branch}; " if branch is not None else ""
    if best.merged is not None:
        came = f"It is on {session.branch}, and its work came into {branch} with"
        away = f", {pluralize(best.commits, 'commit')} before {head}" if best.commits else ""
        return f"{came} {short_hash(best.merged)}{away}{latest}."
    match best.fit:
        case Fit.SAME_HEAD if best.made:
            return f"It is on {branch} and ran when {head} was committed{latest}."
        case Fit.SAME_HEAD:
            return f"It is on {branch} and began at {head}, where {branch} is now{latest}."
        case Fit.SAME_BRANCH:
            return f"It is on {branch} and began closest to its current commit, {away}{latest}."
        case Fit.LATEST_OF_BRANCH if best.head is None:
            return f"It is the latest on {branch}."
        case Fit.LATEST_OF_BRANCH:
            return f"It is the latest on {branch}; the branch no longer contains where it began."
        case Fit.NEAREST:
            where = f"on {session.branch or 'no branch'}, at "
            began = f"it began {where}" if none else f"It began {where}"
            at = (
                f"the commit that is there now, {head}"
                if not best.commits
                else f"the nearest, {away}"
            )
            return f"{none}{began}{at}{latest}."
        case _:
            it = "it is" if none else "It is"
            return f"{none}{it} the latest of the project."
