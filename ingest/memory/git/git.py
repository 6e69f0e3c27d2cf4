"""The repositories that sessions worked in, looked up and read: a few calls of git for each.

What was read is kept for as long as HEAD and the branches stay where they are. For workers, never
for the thread that draws: a call may take its time up to a limit.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ingest.memory.git.program import SECONDS, found
from ingest.memory.git.repository import FORMAT, NEWEST, Repository, branches_of, commits_of

_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?").fullmatch
_BRANCHES = 200
"""So many branches are known by name, those that moved last."""
_HEADS = "refs/heads/"


class Git:
    """Git on this machine."""

    def __init__(self, env: Mapping[str, str], seconds: float = SECONDS) -> None:
        self._program = found(env, seconds)
        self._known: dict[str, Repository] = {}

    def root(self, folder: str | None) -> str | None:
        """The folder of the repository that holds this one; None where there is none."""
        if not folder or not Path(folder).is_absolute() or not Path(folder).is_dir():
            return None
        place = Path(folder)
        return next((str(one) for one in (place, *place.parents) if _is_repository(one)), None)

    def read(self, root: str, asked: Iterable[str] = ()) -> Repository:
        """The repository as it is now, and which of the commits asked for it has lost."""
        now = self._now(root)
        known = self._known.get(root)
        same = known is not None and _refs(known) == _refs(now)
        if known is None or not same:
            commits = {}
            if now.head is not None or now.branches:
                tips = ["HEAD"] if now.head else []
                told = self._run(
                    root, "rev-list", "--topo-order", f"--max-count={NEWEST}",
                    f"--format={FORMAT}", "--branches", "--remotes", *tips, "--",
                )  # fmt: skip
                commits = commits_of(told)
            known = msgspec.structs.replace(now, commits=commits)
        missing = {one for one in asked if one not in known.commits and _ID(one)} - known.lost
        if missing:
            told = self._run(root, "cat-file", "--batch-check", given="\n".join(sorted(missing)))
            gone = {line.split()[0] for line in told.splitlines() if line.endswith(" missing")}
            known = msgspec.structs.replace(known, lost=known.lost | gone)
        self._known[root] = known
        return known

    def _now(self, root: str) -> Repository:
        told = self._run(
            root, "for-each-ref", f"--count={_BRANCHES}", "--sort=-committerdate",
            "--format=%(objectname)%00%(refname)", "refs/heads", "refs/remotes",
        )  # fmt: skip
        shallow = self._run(root, "rev-parse", "--is-shallow-repository").strip() == "true"
        # Neither is there before the first commit, and no name where HEAD is detached.
        head = self._run(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
        name = self._run(root, "symbolic-ref", "--quiet", "HEAD").strip()
        return Repository(
            root,
            head or None,
            name.removeprefix(_HEADS) if name.startswith(_HEADS) else None,
            branches_of(told),
            shallow=shallow,
        )

    def _run(self, root: str, *arguments: str, given: str = "") -> str:
        return self._program.run(root, *arguments, given=given)


def _is_repository(folder: Path) -> bool:
    return os.path.lexists(folder / ".git")


def _refs(one: Repository) -> tuple[object, ...]:
    return one.head, one.branch, one.branches, one.shallow
