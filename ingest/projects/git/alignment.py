"""How the place where a session began stands to what is checked out there now.

Deciding is pure; `look` asks git, once for each repository, however many sessions it has.
"""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct, field

from ingest.projects.git.anchor import Anchor
from ingest.projects.git.lookup import Git
from ingest.projects.git.repository import NEWEST, Ancestry, Repository
from ingest.projects.git.run import GitFailed
from ingest.text.units import pluralize

_SHORT = 10
_NAMED = 3


class AlignmentState(StrEnum):
    ALIGNED = "aligned"
    """The same branch, the same commit."""
    AHEAD = "ahead"
    """The branch has moved on."""
    BEHIND = "behind"
    """The branch stands before the commit."""
    OTHER_BRANCH = "other-branch"
    REWRITTEN = "rewritten"
    """The commit is gone, or its branch does not hold it any more."""
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
    """Whether what is checked out holds the commit."""
    commits: int = 0
    """How many commits lie between, where one holds the other."""
    holders: tuple[str, ...] = ()
    """Some of the branches that hold the commit."""
    branch_gone: bool = False
    """Whether the session's branch is there no more, neither here nor where it was pushed."""


class RepositoryView(Struct, frozen=True):
    """What a look at the repositories of some sessions found."""

    alignments: dict[str, Alignment] = field(default_factory=dict)
    """How each session stands, by its id."""
    roots: dict[str, str] = field(default_factory=dict)
    """Which repository each was judged by."""
    repositories: dict[str, tuple[Repository, Ancestry]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Sentences about places that did not answer."""

    def of(self, session: str) -> tuple[Repository, Ancestry] | None:
        return self.repositories.get(self.roots.get(session, ""))


def view_repository(anchors: Iterable[Anchor], git: Git) -> RepositoryView:
    """Look at the repositories of these sessions. A worker's: git is asked."""
    found = RepositoryView()
    placed, silent = group_by_repository(anchors, git)
    found.unread.extend(dict.fromkeys(silent.values()))
    for root, here in placed.items():
        if root is None:
            found.alignments.update({one.session: _homeless(one, silent) for one in here})
            continue
        commits = {one.commit for one in here if one.commit}
        try:
            repository = git.read(root, commits)
        except GitFailed as error:
            state = AlignmentState.UNKNOWN if error.repository else AlignmentState.NO_REPO
            if error.repository and error.why not in found.unread:
                found.unread.append(error.why)
            unread = Alignment(state=state, why=error.why, root=root)
            found.alignments.update({one.session: unread for one in here})
            continue
        ancestry = Ancestry(repository, commits)
        found.repositories[root] = repository, ancestry
        found.roots.update({one.session: root for one in here})
        found.alignments.update({one.session: alignment(one, repository, ancestry) for one in here})
    return found


def alignments(anchors: Iterable[Anchor], git: Git) -> dict[str, Alignment]:
    """How each session stands, by its id."""
    return view_repository(anchors, git).alignments


def group_by_repository(
    anchors: Iterable[Anchor], git: Git
) -> tuple[dict[str | None, list[Anchor]], dict[str | None, str]]:
    """The sessions by the repository they are judged by: that of their folder, or, where the folder
    is gone (as that of a worktree), another one with the same remote that a session worked in.
    And the folders that did not answer, each with a sentence.
    """
    anchors = list(anchors)
    folders: dict[str | None, str | None] = {}
    silent: dict[str | None, str] = {}
    for cwd in dict.fromkeys(one.cwd for one in anchors):
        try:
            folders[cwd] = git.root(cwd)
        except GitFailed as error:
            folders[cwd], silent[cwd] = None, error.why
    remotes = {
        one.remote: root for one in anchors if one.remote and (root := folders[one.cwd]) is not None
    }
    placed: defaultdict[str | None, list[Anchor]] = defaultdict(list)
    for one in anchors:
        root = folders[one.cwd]
        if root is None and one.remote and one.cwd not in silent:
            root = remotes.get(one.remote)
        placed[root].append(one)
    return placed, silent


def _homeless(one: Anchor, silent: dict[str | None, str]) -> Alignment:
    if one.cwd in silent:
        return Alignment(state=AlignmentState.UNKNOWN, why=silent[one.cwd])
    where = one.cwd or "its folder"
    return Alignment(state=AlignmentState.NO_REPO, why=f"There is no repository at {where}.")


def alignment(anchor: Anchor, repository: Repository, ancestry: Ancestry) -> Alignment:
    """How this session stands to this repository. Pure."""
    return _Judge(anchor, repository, ancestry).judged()


class _Judge:
    def __init__(self, anchor: Anchor, repository: Repository, ancestry: Ancestry) -> None:
        self.anchor = anchor
        self.now = repository
        self.ancestry = ancestry
        self.commit = anchor.commit or ""
        self.short = self.commit[:_SHORT]
        self.head = repository.head or ""
        self.held = ancestry.contains(self.head, self.commit)

    def judged(self) -> Alignment:
        if not self.commit:
            return self._says(AlignmentState.UNKNOWN, "Codex wrote down no commit of it.")
        if self.commit not in self.now.commits:
            return self._unseen()
        if self.now.branch is None:
            said = f"No branch is checked out, but {self.head[:_SHORT]}; {self._relation()}."
            return self._says(AlignmentState.DETACHED, said)
        if self.anchor.branch is not None and self.anchor.branch != self.now.branch:
            return self._elsewhere()
        if self.commit == self.head:
            said = f"{self.now.branch} is at {self.short}, as when the session began."
            return self._says(AlignmentState.ALIGNED, said)
        if self.held:
            return self._says(AlignmentState.AHEAD, f"{self.now.branch} {self._moved()}.")
        if self.ancestry.contains(self.commit, self.head):
            count = pluralize(self.ancestry.count_ahead(self.commit, self.head), "commit")
            return self._says(
                AlignmentState.BEHIND, f"{self.now.branch} is {count} behind {self.short}."
            )
        if self.anchor.branch is None:
            return self._elsewhere()
        said = f"{self.now.branch} was rewritten: it holds {self.short} no more, {self._others()}."
        return self._says(AlignmentState.REWRITTEN, said)

    def _unseen(self) -> Alignment:
        if self.commit in self.now.lost:
            if self.now.shallow:
                said = f"The clone is shallow, so {self.short} cannot be seen."
                return self._says(AlignmentState.UNKNOWN, said)
            said = f"{self.short} is gone from the repository: its history was rewritten."
            return self._says(AlignmentState.REWRITTEN, said)
        if not self.now.complete:
            said = f"{self.short} is none of the newest {NEWEST:,} commits; further is not looked."
            return self._says(AlignmentState.UNKNOWN, said)
        return self._says(AlignmentState.REWRITTEN, f"No branch holds {self.short} any more.")

    def _elsewhere(self) -> Alignment:
        began = self.anchor.branch or f"no branch, at {self.short}"
        gone = ", which is gone" if self._gone else ""
        said = f"It began on {began}{gone}; {self.now.branch} is checked out, {self._relation()}."
        return self._says(AlignmentState.OTHER_BRANCH, said)

    def _relation(self) -> str:
        if self.commit == self.head:
            return "the commit it began at"
        if self.held:
            return f"which {self._moved()}"
        return f"which does not hold {self.short}; {self._others()}"

    def _moved(self) -> str:
        count = pluralize(self.ancestry.count_ahead(self.head, self.commit), "commit")
        return f"is {count} ahead of {self.short}, where the session began"

    def _others(self) -> str:
        names = self._holders()
        if not names:
            return "no branch does"
        return f"{' and '.join(names)} {'does' if len(names) == 1 else 'do'}"

    def _holders(self) -> tuple[str, ...]:
        holding = (
            name
            for name, tip in self.now.branches.items()
            if name != self.now.branch and self.ancestry.contains(tip, self.commit)
        )
        return tuple(name for name, _ in zip(holding, range(_NAMED), strict=False))

    @property
    def _gone(self) -> bool:
        return self.anchor.branch is not None and self.now.tip(self.anchor.branch) is None

    def _says(self, state: AlignmentState, why: str) -> Alignment:
        between = 0
        if state is AlignmentState.BEHIND:
            between = self.ancestry.count_ahead(self.commit, self.head)
        elif self.held:
            between = self.ancestry.count_ahead(self.head, self.commit)
        return Alignment(
            state=state,
            why=why,
            root=self.now.root,
            branch=self.now.branch,
            head=self.now.head,
            held=self.held,
            commits=between,
            holders=self._holders(),
            branch_gone=self._gone,
        )
