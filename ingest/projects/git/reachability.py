"""Decides whether work that was done on another branch is part of what is checked out.

It is, if HEAD contains its commits, or commits with the same patches (after a rebase, a squash
merge or a cherry-pick). Work that was never committed is part of every branch that contains the
commit it began at, as long as its branch has nothing newer. The patches of at most `NEWEST_PATCHES`
commits of HEAD are compared; they are kept per commit. All this takes at most `SECONDS` of git for
each repository: what is not known by then is not part.
"""

import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from msgspec import Struct

from ingest.errors import GitFailed
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import Commit, Repository
from ingest.projects.git.run import SECONDS
from ingest.sessions.session import Session

NEWEST_PATCHES: Final = 300
_SQUASHED: Final = 20
"""How many commits of a branch may be the last one of a squash merge."""
_SECOND: Final = timedelta(seconds=1)
"""Git stores times in whole seconds."""
RECORDED: Final = re.compile(r"^\[[^\]\n]*\b([0-9a-f]{7,40})\] ", re.MULTILINE)
"""What `git commit` prints."""

_Answer = TypeVar("_Answer")


class Reached(Struct, frozen=True):
    """Whether work is part of what is checked out."""

    part: bool
    commit: str | None = None
    """The commit of the checked out branch that brought it, if it was made elsewhere."""
    at: datetime | None = None
    """When that commit was made."""


HERE: Final = Reached(True)
_NOT: Final = Reached(False)


class LineOfWork:
    """The history of what is checked out in one repository."""

    def __init__(self, repository: Repository, git: Git) -> None:
        self.repository = repository
        self._git = git
        self._entered = _entered(repository)
        self._histories: dict[str, set[str]] = {}
        self._seconds = SECONDS
        """How much longer git may run."""

    @property
    def branch(self) -> str | None:
        return self.repository.branch

    def reached(
        self,
        session: Session,
        began: datetime | None,
        ended: datetime | None,
        recorded: Callable[[Session], Iterable[str]],
    ) -> Reached:
        """Whether the work that a session did in this period is part of the checked out branch.
        `recorded` returns the ids of the commits that its output names.
        """
        if session.branch is None or session.branch == self.branch:
            return HERE
        tip, commits = self.repository.tip(session.branch), self.repository.commits
        made = list[Commit]()
        if tip is not None:
            history = self._history(tip)
            made = self._during(session, (c for id_, c in commits.items() if id_ in history))
        if not made:
            # Its branch was deleted, or is another one of the same name.
            lost = self._lost(recorded(session))
            commits = commits | lost
            made = list(lost.values()) or ([] if tip else self._during(session, commits.values()))
            tip = made[-1].id if made else tip
        if tip is None:
            return _NOT  # Its branch was deleted, and its work is nowhere.
        if not made:
            if tip in self._entered:
                return self._in(self._entered[tip])
            began_here = session.commit in self._entered
            return Reached(began_here and not self._moved_on(tip, session))
        wanted = _of_period(sorted(made, key=lambda one: one.committed), began, ended)
        missing = [one.id for one in wanted if one.id not in self._entered]
        if not missing:
            return self._in(self._entered[wanted[-1].id])
        return self._equal(missing, tip, commits)

    def _in(self, commit: str | None) -> Reached:
        made = self.repository.commits.get(commit or "")
        return Reached(True, commit, made.committed if made else None)

    def _during(self, session: Session, commits: Iterable[Commit]) -> list[Commit]:
        """Those of the commits that were made while the session ran, the oldest first. The newest
        ones come first in `commits`: several may have been made within a second.
        """
        if session.started_at is None or session.last_at is None:
            return []
        start, end = session.started_at - _SECOND, session.last_at + _SECOND
        made = [c for c in commits if start <= c.authored <= end or start <= c.committed <= end]
        made.reverse()
        return sorted(made, key=lambda one: one.committed)

    def _history(self, tip: str) -> set[str]:
        """What a commit contains, itself included."""
        if tip not in self._histories:
            self._histories[tip] = _contained(self.repository.commits, tip)
        return self._histories[tip]

    def _moved_on(self, tip: str, session: Session) -> bool:
        """Whether a branch has commits since the session began that HEAD does not contain."""
        commits, since = self.repository.commits, session.started_at
        return any(
            one not in self._entered and (since is None or commits[one].committed >= since)
            for one in self._history(tip)
        )

    def _equal(self, missing: list[str], tip: str, commits: dict[str, Commit]) -> Reached:
        """Whether HEAD has commits with the same patches."""
        contained = _contained(commits, tip)
        own = [
            one
            for one in self.repository.commits
            if one in self._entered and one not in contained and len(commits[one].parents) == 1
        ][:NEWEST_PATCHES]
        patches = self._patches([(one, commits[one].parents[0]) for one in own])
        here = {patch: one for (one, _), patch in patches.items()}
        branch = _branch(commits, tip, self._entered)
        singles = [(one, commits[one].parents[0]) for one in missing if commits[one].parents]
        theirs = self._patches(singles)
        found = [here.get(theirs.get(pair, "")) for pair in singles]
        if singles and all(found):
            return self._in(found[-1])
        return self._squashed(set(missing), branch, commits, here)

    def _squashed(
        self, missing: set[str], branch: list[str], commits: dict[str, Commit], here: dict[str, str]
    ) -> Reached:
        """Whether HEAD has commits with the patches of all commits of a branch up to some, as one.
        A branch that goes on after a squash merge may be squashed again.
        """
        base = next((p for one in branch[-1:] for p in commits[one].parents), None)
        while base is not None:
            whole = [(one, base) for one in branch[:_SQUASHED]]
            theirs = self._patches(whole)
            squashed = [here.get(theirs.get(pair, "")) for pair in whole]
            last = next((n for n, one in enumerate(squashed) if one is not None), None)
            if last is None:
                break
            missing -= set(branch[last:])
            if not missing:
                return self._in(squashed[last])
            base, branch = branch[last], branch[:last]
        return _NOT

    def _lost(self, ids: Iterable[str]) -> dict[str, Commit]:
        root = self.repository.root
        return self._limited(lambda seconds: self._git.lost_commits(root, ids, seconds), {})

    def _patches(self, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
        root = self.repository.root
        return self._limited(lambda seconds: self._git.patch_ids(root, pairs, seconds), {})

    def _limited(self, ask: Callable[[float], _Answer], unknown: _Answer) -> _Answer:
        """Git's answer, if it comes within the time that is left."""
        began = time.monotonic()
        if self._seconds <= 0:
            return unknown
        try:
            return ask(self._seconds)
        except GitFailed:
            return unknown
        finally:
            self._seconds -= time.monotonic() - began


def _of_period(made: list[Commit], began: datetime | None, ended: datetime | None) -> list[Commit]:
    """The commits of one step: those made while it was in progress, else the first one after it,
    else the last one before.
    """
    if ended is None:
        return made
    end = ended + _SECOND
    during = [one for one in made if began and began - _SECOND <= one.committed <= end]
    after = [one for one in made if one.committed >= ended - _SECOND]
    return during or after[:1] or made[-1:]


def _entered(repository: Repository) -> dict[str, str]:
    """Each commit that HEAD contains, with the commit of its first-parent line that brought it."""
    commits = repository.commits
    line: list[str] = []
    at = repository.head
    while at is not None and at in commits:
        line.append(at)
        at = next(iter(commits[at].parents), None)
    entered: dict[str, str] = {one: one for one in line}
    for first in reversed(line):
        stack = list(commits[first].parents[1:])
        while stack:
            one = stack.pop()
            if one not in entered and one in commits:
                entered[one] = first
                stack += commits[one].parents
    return entered


def _contained(commits: dict[str, Commit], tip: str) -> set[str]:
    found: set[str] = set()
    stack = [tip]
    while stack:
        one = stack.pop()
        if one not in found and one in commits:
            found.add(one)
            stack += commits[one].parents
    return found


def _branch(commits: dict[str, Commit], tip: str, entered: dict[str, str]) -> list[str]:
    """The first-parent line from a tip to what HEAD contains, the newest first."""
    found: list[str] = []
    at: str | None = tip
    while at is not None and at in commits and at not in entered:
        found.append(at)
        at = next(iter(commits[at].parents), None)
    return found
