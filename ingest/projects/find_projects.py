"""Finds the project of each folder in which sessions worked, and stores the projects.

Git is asked once for each folder, and again after a while for folders that are still used, in a
thread: the owner never waits for it. A folder that is gone keeps what is known of it. The projects
are worked out from all folders each time, so that they are the same whatever came first.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest import log
from ingest.db.database import Database
from ingest.db.query_reader import NamedQueries, Row
from ingest.errors import GitFailed
from ingest.projects.git.read_repository import Git, canonical
from ingest.projects.identity import Folder, GitFolder, Project, group, normal_remote
from ingest.projects.names import ProjectNames
from ingest.projects.project_edits import (
    ProjectEdit,
    effective,
    recorded_project_edits,
    with_edit,
)
from ingest.text.times import Clock

AGAIN: Final = timedelta(days=1)
"""A folder is looked up again after this time,"""
IN_USE: Final = timedelta(days=30)
"""if a session worked in it in this time."""
_LOOK_SECONDS: Final = 0.2
"""How often to look whether the thread has ended."""
_CHECK_EVERY: Final = timedelta(hours=1)
"""How often to search for folders that are due again."""
_AT_ONCE: Final = 200
"""Most folders to look up in one go."""


class FoundFolder(Struct, frozen=True):
    """A folder as it is stored, with the time of the last lookup."""

    folder: Folder
    checked_at: datetime


class ProjectFinder:
    """The owner calls `step` between rounds and `close` at the end."""

    kind = "projects"

    def __init__(self, database: Database, clock: Clock, env: Mapping[str, str]) -> None:
        self.database = database
        self.clock = clock
        self._env = env
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._found: list[FoundFolder] = []
        self._seen = -1
        """Number of commits when no folder was left to look up."""
        self._checked_at: datetime | None = None
        """When no folder was due to be looked up again."""
        self._edits = 0
        """Number of edits of projects that are applied."""

    def step(self) -> float | None:
        """Store what was found, and look up the next folders; does not block. Returns when to look
        again."""
        if self._thread is not None:
            if self._thread.is_alive():
                return _LOOK_SECONDS
            self._thread = None
            self._save()
        if self._seen != self.database.commits.count:
            self._begin()
        return self._look_again

    @property
    def _look_again(self) -> float | None:
        return None if self._thread is None else _LOOK_SECONDS

    def run(self, seconds: float = 5.0) -> None:
        """Look up all folders, or those for which the time suffices; the others the next time."""
        until = time.monotonic() + seconds
        self._begin()
        while self._thread is not None and not self._stop.is_set():
            self._thread.join(max(0.0, until - time.monotonic()))
            if self._thread.is_alive():
                self.close()
            else:
                self.step()

    def close(self) -> None:
        """Store what was found by now. The folder at hand, on which git may hang, is left."""
        self._stop.set()
        self._thread = None
        self._save()

    def _begin(self) -> None:
        commits, now = self.database.commits.count, self.clock()
        self._apply_edits()
        due = self._checked_at is None or now - self._checked_at >= _CHECK_EVERY
        if not due and self.database.first_row("projects.any_unknown") is None:
            self._seen = commits
            return
        rows = self.database.rows(
            "projects.unknown_folders",
            before=(now - AGAIN).isoformat(),
            since=(now - IN_USE).isoformat(),
            limit=_AT_ONCE,
        )
        if not rows:
            self._seen, self._checked_at = commits, now
            return
        known = {
            (one.folder.path, one.folder.recorded): one.folder for one in _stored(self.database)
        }
        self._thread = threading.Thread(
            target=self._look_up, args=(rows, known, now), name="find-projects", daemon=True
        )
        self._thread.start()

    def _apply_edits(self) -> None:
        """Work the projects out again if people edited them."""
        row = self.database.first_row("projects.edit_count")
        count = row["count"] if row else 0
        if count != self._edits:
            self._edits = count
            regroup(self.database)

    def _look_up(
        self, rows: list[Row], known: dict[tuple[str, str | None], Folder], now: datetime
    ) -> None:
        git = Git(self._env)
        gone: list[tuple[Folder, list[str]]] = []
        for row in rows:
            if self._stop.is_set():
                return
            path, recorded = row["path"], row["recorded"] or None
            folder = _look_up(
                git, known.get((path, recorded)) or Folder(path, recorded), row["commits"]
            )
            known[path, recorded] = folder
            if folder.git is None and recorded is None and row["commits"]:
                gone.append((folder, row["commits"]))
            else:
                self._found.append(FoundFolder(folder, now))
        repositories = {one.git.common: one.git for one in known.values() if one.git is not None}
        for folder in _find_moved(git, gone, repositories.values()):
            self._found.append(FoundFolder(folder, now))

    def _save(self) -> None:
        found, self._found = self._found, []
        if found:
            with self.database.transaction():
                store(self.database, found)


def _look_up(git: Git, before: Folder, commits: list[str]) -> Folder:
    """What git says of this folder now; what is known of it, if git says nothing."""
    try:
        found = git.describe(before.path, commits)
    except Exception as error:  # noqa: BLE001
        # Whatever a folder does, the others are looked up; this one is tried again later.
        log.suppressed(f"Finding the repository of {before.path}", error)
        return before
    if found is not None:
        return Folder(before.path, before.recorded, found.git, bool(found.contained))
    real = canonical(before.path)
    if before.git is None and real != before.path and Path(before.path).is_dir():
        # Another spelling of a folder without git, or a link to it.
        return replace(before, git=GitFolder(real, None))
    return before


def _find_moved(
    git: Git, gone: list[tuple[Folder, list[str]]], repositories: Iterable[GitFolder]
) -> Iterator[Folder]:
    """Folders outside of any repository, each in the one that contains the commits recorded there:
    it was moved before it was ever looked up. As it was, if there is none or if there are several.
    """
    asked = {commit for _, commits in gone for commit in commits}
    contained: list[tuple[GitFolder, set[str]]] = []
    for one in repositories if asked else ():
        with contextlib.suppress(GitFailed):
            if one.top is not None:
                contained.append((one, git.contained(one.top, asked)))
    for folder, commits in gone:
        holders = [one for one, held in contained if not held.isdisjoint(commits)]
        if len({normal_remote(one.remote) or one.first or one.common for one in holders}) == 1:
            yield replace(folder, git=replace(holders[0], top=None), contains=True)
        else:
            yield folder


def project_of_repository(rows: NamedQueries, env: Mapping[str, str], root: str) -> str | None:
    """The label of the stored project to which this repository belongs: as a worktree, a clone, or
    under a new path. None if it is a new one. Runs git."""
    here = _look_up(Git(env), Folder(root), [])
    stored = rows.rows("projects.folders")
    known = {(row["path"], row["recorded"] or None): row["project"] for row in stored}
    every = [*map(_folder, stored), here]
    edits = effective(one.edit for one in recorded_project_edits(rows))
    mine = next(one.folders for one in group(every, edits) if here in one.folders)
    ids = Counter(known[key] for one in mine if (key := (one.path, one.recorded)) in known)
    return ProjectNames(rows).find(ids.most_common(1)[0][0])[0] if ids else None


def planned_projects(rows: NamedQueries, edit: ProjectEdit) -> list[Project]:
    """The projects as they will be with one more edit."""
    edits = with_edit(recorded_project_edits(rows), edit)
    return group((_folder(row) for row in rows.rows("projects.folders")), effective(edits))


def regroup(database: Database) -> None:
    """Work the projects out again from what is stored, after people edited them."""
    with database.transaction():
        store(database, [])


def store(database: Database, found: Iterable[FoundFolder]) -> None:
    """Store these folders, and the projects of all folders; inside the open transaction."""
    every = {(one.folder.path, one.folder.recorded): one for one in _stored(database)}
    every |= {(one.folder.path, one.folder.recorded): one for one in found}
    edits = effective(one.edit for one in recorded_project_edits(database))
    projects = group((one.folder for one in every.values()), edits)
    of_folder = {
        (folder.path, folder.recorded): project.id
        for project in projects
        for folder in project.folders
    }
    database.run("projects.drop_folders")
    database.run("projects.drop_projects")
    database.run(
        "projects.add_folders",
        folders=[_folder_row(one, of_folder[key]) for key, one in every.items()],
    )
    database.run("projects.add_projects", projects=[_project_row(one) for one in projects])
    database.run("session_rows.set_projects")


def _stored(rows: NamedQueries) -> list[FoundFolder]:
    return [FoundFolder(_folder(row), row["checked_at"]) for row in rows.rows("projects.folders")]


def _folder(row: Row) -> Folder:
    git = None
    if row["common"] is not None:
        git = GitFolder(row["common"], row["top"], row["remote"], row["first"])
    return Folder(row["path"], row["recorded"] or None, git, row["contains"])


def _folder_row(found: FoundFolder, project: str) -> dict[str, Any]:
    folder, git = found.folder, found.folder.git
    return {
        "path": folder.path,
        "recorded": folder.recorded or "",
        "common": git and git.common,
        "top": git and git.top,
        "remote": git and git.remote,
        "first": git and git.first,
        "contains": folder.contains,
        "project": project,
        "checked_at": found.checked_at.isoformat(),
    }


def _project_row(project: Project) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(project)
    del row["folders"]
    return row
