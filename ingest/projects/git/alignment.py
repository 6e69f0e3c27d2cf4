"""Compares the branch and commit a session began at with what is checked out now.

`alignment` is pure; `view_repository` runs git, once per repository for any number of sessions.
"""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct, field

from ingest.errors import GitFailed
from ingest.projects.git.anchor import Anchor
from ingest.projects.git.read_repository import Git
from ingest.projects.git.repository import NEWEST, Ancestry, Repository
from ingest.text.hashes import short_hash
from ingest.text.numbers import pluralize

_NAMED = 3


class AlignmentState(StrEnum):
    ALIGNED = "aligned"
    """The same branch, the same commit."""
    AHEAD = "ahead"
    """The branch has moved on."""
    BEHIND = "behind"
    """The branch is behind the commit."""
    OTHER_BRANCH = "other-branch"
    REWRITTEN = "rewritten"
    """The commit is gone, or its branch no longer contains it."""
    DETACHED = "detached"
    """No branch is checked out now."""
    NO_REPO = "no-repo"
    UNKNOWN = "unknown"


class Alignment(Struct, frozen=True, kw_only=True):
    state: AlignmentState
    why: str
    """A sentence."""
    root: str | None = None
    branch: str | None = None
    """What is checked out now."""
    head: str | None = None
    held: bool = False
    """Whether HEAD contains the commit."""
    commits: int = 0
    """Number of commits between HEAD and the commit, if one contains the other."""
    holders: tuple[str, ...] = ()
    """Some of the branches that contain the commit."""
    branch_gone: bool = False
    """Whether the session's branch no longer exists, neither locally nor on the remote."""


class RepositoryView(Struct, frozen=True):
    """The repositories of some sessions, and the alignment of each session."""

    alignments: dict[str, Alignment] = field(default_factory=dict)
    """By session id."""
    roots: dict[str, str] = field(default_factory=dict)
    """The repository each session was compared with, by session id."""
    repositories: dict[str, tuple[Repository, Ancestry]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Sentences about folders and repositories that could not be read."""

    def of(self, session: str) -> tuple[Repository, Ancestry] | None:
        return self.repositories.get(self.roots.get(session, ""))


def view_repository(anchors: Iterable[Anchor], git: Git) -> RepositoryView:
    """Read the repositories of these sessions. Runs git: never call this on the UI thread."""
    view = RepositoryView()
    placed, silent = group_by_repository(anchors, git)
    view.unread.extend(dict.fromkeys(silent.values()))
    for root, anchors_here in placed.items():
        if root is None:
            view.alignments.update(
                {anchor.session: _without_repository(anchor, silent) for anchor in anchors_here}
            )
            continue
        commits = {anchor.commit for anchor in anchors_here if anchor.commit}
        try:
            repository = git.read(root, commits)
        except GitFailed as error:
            state = AlignmentState.UNKNOWN if error.repository else AlignmentState.NO_REPO
            if error.repository and error.message not in view.unread:
                view.unread.append(error.message)
            unread = Alignment(state=state, why=error.message, root=root)
            view.alignments.update({anchor.session: unread for anchor in anchors_here})
            continue
        ancestry = Ancestry(repository, commits)
        view.repositories[root] = repository, ancestry
        view.roots.update({anchor.session: root for anchor in anchors_here})
        view.alignments.update(
            {anchor.session: alignment(anchor, repository, ancestry) for anchor in anchors_here}
        )
    return view


def alignments(anchors: Iterable[Anchor], git: Git) -> dict[str, Alignment]:
    """The alignment of each session, by its id."""
    return view_repository(anchors, git).alignments


def group_by_repository(
    anchors: Iterable[Anchor], git: Git
) -> tuple[dict[str | None, list[Anchor]], dict[str | None, str]]:
    """The sessions by repository: that of their folder, or, if the folder is gone (such as a
    worktree's), another one with the same remote that a session worked in. And the folders that
    did not answer, each with a sentence.
    """
    anchors = list(anchors)
    folders: dict[str | None, str | None] = {}
    silent: dict[str | None, str] = {}
    for cwd in dict.fromkeys(anchor.cwd for anchor in anchors):
        try:
            folders[cwd] = git.root(cwd)
        except GitFailed as error:
            folders[cwd], silent[cwd] = None, error.message
    remotes = {
        anchor.remote: root
        for anchor in anchors
        if anchor.remote and (root := folders[anchor.cwd]) is not None
    }
    placed: defaultdict[str | None, list[Anchor]] = defaultdict(list)
    for anchor in anchors:
        root = folders[anchor.cwd]
        if root is None and anchor.remote and anchor.cwd not in silent:
            root = remotes.get(anchor.remote)
        placed[root].append(anchor)
    return placed, silent


def _without_repository(anchor: Anchor, silent: dict[str | None, str]) -> Alignment:
    if anchor.cwd in silent:
        return Alignment(state=AlignmentState.UNKNOWN, why=silent[anchor.cwd])
    where = anchor.cwd or "its folder"
    return Alignment(state=AlignmentState.NO_REPO, why=f"There is no repository at {where}.")


def alignment(anchor: Anchor, repository: Repository, ancestry: Ancestry) -> Alignment:
    return _Comparison(anchor, repository, ancestry).result()


class _Comparison:
    def __init__(self, anchor: Anchor, repository: Repository, ancestry: Ancestry) -> None:
        self.anchor = anchor
        self.repository = repository
        self.ancestry = ancestry
        self.commit = anchor.commit or ""
        self.short = short_hash(self.commit)
        self.head = repository.head or ""
        self.held = ancestry.contains(self.head, self.commit)

    def result(self) -> Alignment:
        if not self.commit:
            return self._result(AlignmentState.UNKNOWN, "Codex recorded no commit for it.")
        if self.commit not in self.repository.commits:
            return self._unknown_commit()
        if self.repository.branch is None:
            why = f"No branch is checked out, but {short_hash(self.head)}; {self._relation()}."
            return self._result(AlignmentState.DETACHED, why)
        if self.anchor.branch is not None and self.anchor.branch != self.repository.branch:
            return self._other_branch()
        if self.commit == self.head:
            why = f"{self.repository.branch} is at {self.short}, as when the session began."
            return self._result(AlignmentState.ALIGNED, why)
        if self.held:
            return self._result(AlignmentState.AHEAD, f"{self.repository.branch} {self._moved()}.")
        if self.ancestry.contains(self.commit, self.head):
            count = pluralize(self.ancestry.count_ahead(self.commit, self.head), "commit")
            return self._result(
                AlignmentState.BEHIND, f"{self.repository.branch} is {count} behind {self.short}."
            )
        if self.anchor.branch is None:
            return self._other_branch()
        why = (
            f"{self.repository.branch} was rewritten: it no longer contains {self.short}; "
            f"{self._holders_text()}."
        )
        return self._result(AlignmentState.REWRITTEN, why)

    def _unknown_commit(self) -> Alignment:
        if self.commit in self.repository.lost:
            if self.repository.shallow:
                why = f"The clone is shallow and does not contain {self.short}."
                return self._result(AlignmentState.UNKNOWN, why)
            why = f"{self.short} is no longer in the repository: its history was rewritten."
            return self._result(AlignmentState.REWRITTEN, why)
        if not self.repository.complete:
            why = (
                f"{self.short} is not among the newest {NEWEST:,} commits; older ones are not read."
            )
            return self._result(AlignmentState.UNKNOWN, why)
        return self._result(AlignmentState.REWRITTEN, f"No branch contains {self.short} any more.")

    def _other_branch(self) -> Alignment:
        began = self.anchor.branch or f"no branch, at {self.short}"
        deleted = ", which was deleted" if self._gone else ""
        now = f"{self.repository.branch} is checked out, {self._relation()}"
        why = f"It began on {began}{deleted}; {now}."
        return self._result(AlignmentState.OTHER_BRANCH, why)

    def _relation(self) -> str:
        if self.commit == self.head:
            return "the commit it began at"
        if self.held:
            return f"which {self._moved()}"
        return f"which does not contain {self.short}; {self._holders_text()}"

    def _moved(self) -> str:
        count = pluralize(self.ancestry.count_ahead(self.head, self.commit), "commit")
        return f"is {count} ahead of {self.short}, where the session began"

    def _holders_text(self) -> str:
        names = self._holders()
        if not names:
            return "no branch contains it"
        return f"{' and '.join(names)} {'does' if len(names) == 1 else 'do'}"

    def _holders(self) -> tuple[str, ...]:
        holding = (
            name
            for name, tip in self.repository.branches.items()
            if name != self.repository.branch and self.ancestry.contains(tip, self.commit)
        )
        return tuple(name for name, _ in zip(holding, range(_NAMED), strict=False))

    @property
    def _gone(self) -> bool:
        return self.anchor.branch is not None and self.repository.tip(self.anchor.branch) is None

    def _result(self, state: AlignmentState, why: str) -> Alignment:
        between = 0
        if state is AlignmentState.BEHIND:
            between = self.ancestry.count_ahead(self.commit, self.head)
        elif self.held:
            between = self.ancestry.count_ahead(self.head, self.commit)
        return Alignment(
            state=state,
            why=why,
            root=self.repository.root,
            branch=self.repository.branch,
            head=self.repository.head,
            held=self.held,
            commits=between,
            holders=self._holders(),
            branch_gone=self._gone,
        )
