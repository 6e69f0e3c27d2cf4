"""Finds and reads the repositories that sessions worked in, with a few calls of git each.

A repository is cached until HEAD or a branch moves. Calls block up to a timeout: never use this on
the UI thread.
"""

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath
from typing import Final

import msgspec
from msgspec import Struct

from ingest.errors import GitFailed
from ingest.projects.exports import repository_at
from ingest.projects.git.repository import (
    FORMAT,
    NEWEST,
    Commit,
    Repository,
    parse_branches,
    parse_commits,
)
from ingest.projects.git.run import SECONDS, GitProgram, find_git
from ingest.projects.git.work_tree import WorkTree, read_work_tree
from ingest.projects.identity import GitFolder
from ingest.tail.mounts import mount_of
from ingest.text.redact import mask

_USER: Final = re.compile(r"(?<=:)//[^/]*@")
_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?").fullmatch
_SHORT_ID: Final = re.compile(r"[0-9a-f]{7,64}").fullmatch
_LOST: Final = 500
"""Most commits outside all branches to read."""
_COMPARED: Final = 100
"""Most patches to compare in one call; their ids must fit into a pipe."""
_BRANCHES = 200
"""Most branches to read, most recently changed first."""
_HEADS = "refs/heads/"
_AGAIN_SECONDS = 10.0
"""Retry a folder that timed out after this time."""


class GitDescription(Struct, frozen=True):
    git: GitFolder
    contained: frozenset[str]
    """The recorded commits that the repository contains."""


class Git:
    """Git on this machine."""

    def __init__(self, env: Mapping[str, str], seconds: float | None = None) -> None:
        seconds = SECONDS if seconds is None else seconds
        self._program = find_git(env, seconds)
        self._seconds = seconds
        self._known: dict[str, Repository] = {}
        self._described: dict[str, GitFolder] = {}
        self._patches: dict[str, dict[tuple[str, str], str]] = {}
        """The patch ids of pairs of commits, by repository."""
        self._silent: dict[str, float] = {}
        """Folders that timed out, and when."""

    def root(self, folder: str | None) -> str | None:
        """The root of the repository that contains this folder, or None. Raises `GitFailed` if
        the folder does not answer."""
        if not folder or not Path(folder).is_absolute():
            return None
        self._refuse_silent(folder)
        roots: list[str | None] = []

        def search() -> None:
            with contextlib.suppress(OSError, ValueError):
                roots.append(_root(Path(folder)))

        # The thread is abandoned if the system call never returns.
        thread = threading.Thread(target=search, name="git-root", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            self._silent[folder] = time.monotonic()
            raise _no_folder(folder)
        return next(iter(roots), None)

    def read(self, root: str, commits: Iterable[str] = ()) -> Repository:
        """The current repository, with the missing ones of `asked` as `lost`."""
        self._refuse_silent(root)
        try:
            return self._read(root, commits)
        except GitFailed as error:
            if error.silent:
                self._silent[root] = time.monotonic()
            raise

    def commit(self, root: str, name: str) -> str | None:
        """The full id of a commit of this repository, or None if it has none of this name."""
        self._refuse_silent(root)
        found = self._run(root, "cat-file", "--batch-check", stdin=f"{name}^{{commit}}").split()
        return found[0] if found[1:2] == ["commit"] else None

    def work_tree(self, root: str) -> WorkTree:
        """What is not committed in this checkout."""
        self._refuse_silent(root)
        return read_work_tree(self._program, root)

    def describe(self, folder: str | None, recorded: Iterable[str] = ()) -> GitDescription | None:
        """The repository of a folder, and which of the recorded commits it contains; None if the
        folder is in no repository. Raises `GitFailed` if the folder or git does not answer."""
        root = self.root(folder)
        if root is None:
            return None
        if root not in self._described:
            self._described[root] = self._describe(root)
        return GitDescription(self._described[root], frozenset(self.contained(root, recorded)))

    def _describe(self, root: str) -> GitFolder:
        common = self._run(root, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
        urls = self._run(root, "config", "--null", "--get-regexp", r"^remote\..*\.url$")
        shallow = self._run(root, "rev-parse", "--is-shallow-repository").strip() == "true"
        first = None if shallow else self._first(root)
        return GitFolder(canonical(common), root, _remote(urls), first)

    def _first(self, root: str) -> str | None:
        """The oldest commit without parents."""
        # In a huge history this takes too long.
        with contextlib.suppress(GitFailed):
            output = self._run(
                root, "rev-list", "--max-parents=0", "--format=%ct %H", "--branches", "--remotes",
            )  # fmt: skip
            lines = (line.split() for line in output.splitlines())
            commits = [(int(time), commit) for time, commit in lines if time != "commit"]
            return min(commits)[1] if commits else None
        return None

    def contained(self, root: str, commits: Iterable[str]) -> set[str]:
        """Those of the commits that the repository contains."""
        asked = sorted({one for one in commits if _ID(one)})
        if not asked:
            return set()
        output = self._run(root, "cat-file", "--batch-check", stdin="\n".join(asked))
        return {line.split()[0] for line in output.splitlines() if line.split()[1:2] == ["commit"]}

    def lost_commits(self, root: str, ids: Iterable[str], seconds: float) -> dict[str, Commit]:
        """Those of these commits, and their ancestors outside HEAD, that no branch contains any
        more but the repository still has. Ids may be shortened. Raises `GitFailed` if it takes
        longer.
        """
        wanted = [one for one in dict.fromkeys(ids) if _SHORT_ID(one)]
        if not wanted:
            return {}
        program = self._within(seconds / 2)
        output = program.run(root, "cat-file", "--batch-check", input_text="\n".join(wanted))
        parts = (line.split() for line in output.splitlines())
        full = [part[0] for part in parts if part[1:2] == ["commit"]]
        if not full:
            return {}
        output = program.run(
            root, "rev-list", "--topo-order", "--reverse", f"--max-count={_LOST}",
            f"--format={FORMAT}", "--stdin", input_text="\n".join([*full, "^HEAD"]),
        )  # fmt: skip
        return parse_commits(output)

    def patch_ids(
        self, root: str, pairs: Iterable[tuple[str, str]], seconds: float
    ) -> dict[tuple[str, str], str]:
        """The id of the patch from the second commit of each pair to the first one; none for an
        empty patch, and none for what git could not compare in this time. Commits never change, so
        they are kept.
        """
        wanted = list(dict.fromkeys(pairs))
        known = self._patches.setdefault(root, {})
        until = time.monotonic() + seconds
        for start in range(0, len(wanted), _COMPARED):
            missing = [pair for pair in wanted[start : start + _COMPARED] if pair not in known]
            # Git names only the first commit of a pair, so each call has a commit once.
            while missing and (left := until - time.monotonic()) > 0:
                batch = {pair[0]: pair for pair in reversed(missing)}
                lines = "".join(f"{one} {other}\n" for one, other in batch.values())
                try:
                    output = self._within(left).run(
                        root, "diff-tree", "--stdin", "-p", "--no-ext-diff", "--no-textconv",
                        "--no-renames", "--no-color", "--full-index",
                        input_text=lines, then=("patch-id", "--stable"),
                    )  # fmt: skip
                except GitFailed:
                    break
                known.update(dict.fromkeys(batch.values(), ""))
                for line in output.splitlines():
                    patch, _, commit = line.partition(" ")
                    if commit in batch:
                        known[batch[commit]] = patch
                missing = [pair for pair in missing if pair not in known]
        return {pair: known[pair] for pair in wanted if known.get(pair)}

    def _within(self, seconds: float) -> GitProgram:
        """Git with at most so long for one call."""
        return msgspec.structs.replace(self._program, seconds=min(seconds, self._program.seconds))

    def _refuse_silent(self, folder: str) -> None:
        """Fail at once for a folder that timed out recently, or one on the same mount."""
        now = time.monotonic()
        self._silent = {path: at for path, at in self._silent.items() if now - at < _AGAIN_SECONDS}
        if self._silent and any(_near(folder, path) for path in self._silent):
            raise _no_folder(folder)

    def _read(self, root: str, wanted: Iterable[str]) -> Repository:
        now = self._now(root)
        known = self._known.get(root)
        same = known is not None and _refs(known) == _refs(now)
        if known is None or not same:
            commits = {}
            if now.head is not None or now.branches:
                tips = ["HEAD"] if now.head else []
                output = self._run(
                    root, "rev-list", "--topo-order", f"--max-count={NEWEST}",
                    f"--format={FORMAT}", "--branches", "--remotes", *tips, "--",
                )  # fmt: skip
                commits = parse_commits(output)
            known = msgspec.structs.replace(now, commits=commits)
        missing = {
            commit for commit in wanted if commit not in known.commits and _ID(commit)
        } - known.lost
        if missing:
            output = self._run(root, "cat-file", "--batch-check", stdin="\n".join(sorted(missing)))
            absent = {line.split()[0] for line in output.splitlines() if line.endswith(" missing")}
            known = msgspec.structs.replace(known, lost=known.lost | absent)
        self._known[root] = known
        return known

    def _now(self, root: str) -> Repository:
        output = self._run(
            root, "for-each-ref", f"--count={_BRANCHES}", "--sort=-committerdate",
            "--format=%(objectname)%00%(refname)", "refs/heads", "refs/remotes",
        )  # fmt: skip
        shallow = self._run(root, "rev-parse", "--is-shallow-repository").strip() == "true"
        # Both are empty before the first commit; the name is empty if HEAD is detached.
        head = self._run(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
        name = self._run(root, "symbolic-ref", "--quiet", "HEAD").strip()
        return Repository(
            root,
            head or None,
            name.removeprefix(_HEADS) if name.startswith(_HEADS) else None,
            parse_branches(output),
            shallow=shallow,
        )

    def _run(self, root: str, *arguments: str, stdin: str = "") -> str:
        return self._program.run(root, *arguments, input_text=stdin)


def canonical(
    path: str,
    samefile: Callable[[str, str], bool] = os.path.samefile,
    names: Callable[[str], list[str]] = os.listdir,
) -> str:
    """The path without links, and with names as they are stored: on a file system that ignores
    case, other spellings are the same folder."""
    real = PurePath(os.path.realpath(path))
    spelled = PurePath(real.anchor)
    for name in real.parts[1:]:
        chosen = name
        with contextlib.suppress(OSError, ValueError):
            other = str(spelled / name.swapcase())
            if name != name.swapcase() and samefile(str(spelled / name), other):
                same = [one for one in names(str(spelled)) if one.casefold() == name.casefold()]
                chosen = same[0] if len(same) == 1 else name
        spelled /= chosen
    return str(spelled)


def _remote(urls: str) -> str | None:
    """The URL of `origin`, else of the only remote, from the output of `config --null`. Without the
    user, whose password or token may be in it."""
    found: dict[str, str] = {}
    for entry in urls.split("\0"):
        name, _, url = entry.partition("\n")
        found.setdefault(name.removeprefix("remote.").removesuffix(".url"), url)
    found.pop("", None)
    only = next(iter(found.values())) if len(found) == 1 else None
    remote = found.get("origin") or only
    return mask(_USER.sub("//", remote)) if remote else None


def _root(folder: Path) -> str | None:
    root = repository_at(folder) if folder.is_dir() else None
    return str(root) if root else None


def _near(folder: str, silent: str) -> bool:
    """Whether both are on one mount, if the system lists its mounts, or one contains the other."""
    if PurePath(folder).is_relative_to(silent) or PurePath(silent).is_relative_to(folder):
        return True
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    mount = mount_of(silent, mounts)
    return mount not in (None, "/") and mount == mount_of(folder, mounts)


def _no_folder(folder: str) -> GitFailed:
    return GitFailed(
        f"{folder} does not respond: its disk or network may be unavailable.", silent=True
    )


def _refs(repository: Repository) -> tuple[object, ...]:
    return repository.head, repository.branch, repository.branches, repository.shallow
