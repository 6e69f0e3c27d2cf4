"""What is not committed in a checkout: changed files, an operation that was begun, and stashes.

No filter of the repository is run: all that it configures are replaced by none, so a file that a
filter would change may be listed as changed. Calls block up to a timeout: never use this on the UI
thread.
"""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from ingest.projects.git.run import GitProgram

_FILTERS: Final = r"^filter\..*\.(clean|smudge|process|required)$"
_CHANGES: Final = {"A": "add", "D": "delete", "U": "conflict"}
_OPERATIONS: Final = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)
"""What git leaves in its folder while an operation is not finished."""
_STASHES: Final = 20
_HEADS: Final = "refs/heads/"


class UncommittedFile(Struct, frozen=True):
    path: str
    change: str
    """`add`, `update`, `delete`, `conflict`, or `untracked` (also a whole folder)."""
    at: datetime | None
    """When the file was last written."""


class Stash(Struct, frozen=True):
    subject: str
    at: datetime | None


class WorkTree(Struct, frozen=True):
    root: str
    files: list[UncommittedFile] = field(default_factory=list)
    operation: str | None = None
    """`rebase`, `merge`, `cherry-pick`, `revert` or `bisect`, if one was begun and not finished."""
    branch: str | None = None
    """The branch that is rebased."""
    progress: str | None = None
    """`2 of 5` commits of a rebase."""
    stashes: list[Stash] = field(default_factory=list)
    """The newest first."""
    unread: str | None = None
    """Why the rest is not known, as a sentence."""


def read_work_tree(git: GitProgram, root: str) -> WorkTree:
    """What is not committed in this checkout. Raises `GitFailed`."""
    folder = Path(git.run(root, "rev-parse", "--absolute-git-dir").rstrip("\n"))
    output = _without_filters(git, root).run(
        root, "status", "--porcelain=v2", "-z", "--show-stash", "--no-renames",
        "--untracked-files=normal", "--ignore-submodules=all",
    )  # fmt: skip
    lines = output.split("\0")
    stashed = any(line.startswith("# stash ") for line in lines)
    found = next((kind for name, kind in _OPERATIONS if os.path.lexists(folder / name)), None)
    rebase = next((folder / name for name, _ in _OPERATIONS[:2] if (folder / name).is_dir()), None)
    return WorkTree(
        root,
        [file for line in lines if (file := _file(root, line)) is not None],
        found,
        _branch(rebase) if rebase else None,
        _progress(rebase) if rebase else None,
        _stashes(git, root) if stashed else [],
    )


def _without_filters(git: GitProgram, root: str) -> GitProgram:
    """Git with all filters of the repository replaced by none."""
    output = git.run(root, "config", "--null", "--name-only", "--get-regexp", _FILTERS)
    names = sorted({name for name in output.split("\0") if name})
    settings = {"GIT_CONFIG_COUNT": str(len(names))}
    for index, name in enumerate(names):
        settings[f"GIT_CONFIG_KEY_{index}"] = name
        settings[f"GIT_CONFIG_VALUE_{index}"] = "false" if name.endswith(".required") else ""
    return replace(git, env={**git.env, **settings})


def _file(root: str, line: str) -> UncommittedFile | None:
    """A line of `status --porcelain=v2`; None if it is about something else."""
    match line[:2]:
        case "1 ":
            marks, path = line[2:4], line.split(" ", 8)[-1]
        case "u ":
            marks, path = "U", line.split(" ", 10)[-1]
        case "? ":
            return UncommittedFile(line[2:], "untracked", _written_at(root, line[2:]))
        case _:
            return None
    change = next((_CHANGES[mark] for mark in "UDA" if mark in marks), "update")
    return UncommittedFile(path, change, _written_at(root, path))


def _written_at(root: str, path: str) -> datetime | None:
    with contextlib.suppress(OSError, ValueError):
        return _moment(os.lstat(Path(root) / path).st_mtime)
    return None


def _branch(rebase: Path) -> str | None:
    return _read(rebase / "head-name").removeprefix(_HEADS) or None


def _progress(rebase: Path) -> str | None:
    at = _read(rebase / "msgnum") or _read(rebase / "next")
    end = _read(rebase / "end") or _read(rebase / "last")
    return f"{at} of {end}" if at.isdecimal() and end.isdecimal() else None


def _read(path: Path) -> str:
    """The first line of a small file of git; "" if there is none."""
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(1000).strip()
    return ""


def _stashes(git: GitProgram, root: str) -> list[Stash]:
    output = git.run(
        root, "rev-list", "--walk-reflogs", f"--max-count={_STASHES}", "--format=%ct%x00%s",
        "refs/stash", "--",
    )  # fmt: skip
    lines = (line.partition("\0") for line in output.splitlines())
    return [Stash(subject, _moment(int(at))) for at, sign, subject in lines if sign]


def _moment(seconds: float) -> datetime | None:
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return None
