"""Turns rows of the database, commits and a checkout into the values of a resume, masked. Pure."""

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Final

from msgspec.structs import replace

from ingest.db.query_reader import Row
from ingest.projects.git.repository import Commit
from ingest.projects.git.work_tree import WorkTree
from ingest.projects.resume.model import (
    LogPosition,
    OpenFailure,
    ResumeSummary,
    SessionCommit,
    TouchedFile,
)
from ingest.projects.roles.summaries import Written

Mask = Callable[[str], str]


def place(row: Row) -> LogPosition:
    return LogPosition(row["session"], row["turn"], row["path"], row["byte"])


def failures(rows: Iterable[Row], mask: Mask) -> list[OpenFailure]:
    return [
        OpenFailure(
            mask(
                f"patch of {', '.join(row['what'])}" if row["kind"] == "patch" else row["command"]
            ),
            row["exit_code"],
            _last_line(mask(row["output"] or "")),
            row["time"],
            row["times"],
            place(row),
        )
        for row in rows
    ]


_LAST: Final = "make: *** ", "make["
"""How the last line of `make` begins; it does not name the command that failed."""


def _last_line(text: str) -> str | None:
    lines = [line.strip() for line in reversed(text.splitlines()) if line.strip()]
    return next((line for line in lines if not line.startswith(_LAST)), next(iter(lines), None))


def touched_file(row: Row, cwd: str | None, mask: Mask) -> TouchedFile:
    def short(path: str) -> str:
        inside = cwd is not None and PurePath(path).is_relative_to(cwd)
        return mask(str(PurePath(path).relative_to(cwd)) if inside and cwd else path)

    moved = short(row["moved_to"]) if row["moved_to"] else None
    position = LogPosition(row["session"], row["turn"], row["log"], row["byte"])
    return TouchedFile(
        short(row["path"]), row["change"], moved, row["time"], row["times"], position
    )


def masked_tree(tree: WorkTree, mask: Mask) -> WorkTree:
    return replace(
        tree,
        files=[replace(file, path=mask(file.path)) for file in tree.files],
        stashes=[replace(stash, subject=mask(stash.subject)) for stash in tree.stashes],
    )


def session_commit(commit: Commit, mask: Mask) -> SessionCommit:
    return SessionCommit(commit.id, mask(commit.subject), commit.committed, mask(commit.author))


def resume_summary(session: str | None, summary: Written, mask: Mask) -> ResumeSummary:
    """Of a session; of the project if that is None."""
    position = LogPosition(session) if session is not None else None
    return ResumeSummary(mask(summary.text), mask(summary.by), summary.person, summary.at, position)
