"""A snapshot of a repository: HEAD, branches, newest commits and their ancestry. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct, field

NEWEST = 20_000
"""Most commits to read; older ones are unknown."""
FORMAT = "%H%x00%P%x00%at%x00%ct%x00%<(60,trunc)%an%x00%<(160,trunc)%s"
_FIELDS = 6
_NEVER = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere


class Commit(Struct, frozen=True):
    id: str
    parents: tuple[str, ...]
    authored: datetime
    committed: datetime
    author: str
    subject: str


class Repository(Struct, frozen=True):
    root: str
    head: str | None
    """The commit that is checked out; None before the first commit."""
    branch: str | None
    """The branch that is checked out; None if HEAD is detached."""
    branches: dict[str, str] = field(default_factory=dict)
    """The tip of each branch, most recently changed first; remote branches as `origin/x`."""
    commits: dict[str, Commit] = field(default_factory=dict)
    """Commits reachable from HEAD or a branch, each before its parents."""
    shallow: bool = False
    lost: frozenset[str] = frozenset()
    """Requested commits that the repository does not contain."""

    @property
    def complete(self) -> bool:
        """Whether `commits` holds the whole history."""
        return len(self.commits) < NEWEST and not self.shallow

    def tip(self, branch: str | None) -> str | None:
        """The tip of a branch, local or on the remote `origin`."""
        if branch is None:
            return None
        return self.branches.get(branch) or self.branches.get(f"origin/{branch}")


class Ancestry:
    """Ancestry of the wanted commits and the tips of branches."""

    def __init__(self, repository: Repository, wanted: Iterable[str] = ()) -> None:
        tracked = {*wanted, *repository.branches.values()}
        if repository.head is not None:
            tracked.add(repository.head)
        self._place: dict[str, int] = {}
        self._masks = self._read(repository.commits, tracked)

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Whether `one` is `other`, or descends from it."""
        position, mask = self._place.get(ancestor), self._masks.get(descendant)
        return position is not None and mask is not None and bool(mask >> position & 1)

    def count_ahead(self, branch: str, other: str) -> int:
        """The number of commits in `one` that are not in `other`."""
        return (self._masks.get(branch, 0) & ~self._masks.get(other, 0)).bit_count()

    def filter_contained(self, descendant: str, commits: Iterable[Commit]) -> list[Commit]:
        """The commits that `one` contains."""
        mask = self._masks.get(descendant, 0)
        return [commit for commit in commits if mask >> self._place[commit.id] & 1]

    def _read(self, commits: dict[str, Commit], tracked: set[str]) -> dict[str, int]:
        # One bit per commit. A mask is dropped once all children have used it, so that memory does
        # not grow with the square of the history.
        children = Counter(parent for commit in commits.values() for parent in commit.parents)
        masks: dict[str, int] = {}
        for position, commit in enumerate(reversed(commits.values())):
            self._place[commit.id] = position
            mask = 1 << position
            for parent in commit.parents:
                mask |= masks.get(parent, 0)
                children[parent] -= 1
                if not children[parent] and parent not in tracked:
                    masks.pop(parent, None)
            masks[commit.id] = mask
        return {commit_id: masks[commit_id] for commit_id in tracked if commit_id in masks}


def parse_commits(output: str) -> dict[str, Commit]:
    """Parse the output of `rev-list` in `FORMAT`."""
    parts = (line.split("\0") for line in output.split("\n"))
    read = (_commit(part) for part in parts if len(part) == _FIELDS)
    return {commit.id: commit for commit in read}


def _commit(part: list[str]) -> Commit:
    return Commit(
        part[0], tuple(part[1].split()), _moment(part[2]), _moment(part[3]), part[4].strip(),
        part[5].strip(),
    )  # fmt: skip


def _moment(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return _NEVER  # The commit has an invalid time.


def parse_branches(output: str) -> dict[str, str]:
    """Parse the output of `for-each-ref`: the tip of each branch by short name."""
    branches: dict[str, str] = {}
    for line in output.split("\n"):
        commit, _, name = line.partition("\0")
        short = name.removeprefix("refs/heads/").removeprefix("refs/remotes/")
        if short != name and not (name.startswith("refs/remotes/") and name.endswith("/HEAD")):
            branches.setdefault(short, commit)
    return branches
