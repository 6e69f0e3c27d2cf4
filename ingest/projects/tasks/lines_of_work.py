"""The line of work that the tasks of each project are asked about: what is checked out.

Git is only run if a task was closed on a branch other than the one that listed it first.
"""

from pathlib import Path

from ingest.db.query_reader import NamedQueries
from ingest.errors import GitFailed
from ingest.projects.git.alignment import group_by_repository
from ingest.projects.git.anchor import anchor_of
from ingest.projects.git.reachability import HERE, RECORDED, LineOfWork, Reached
from ingest.projects.git.read_repository import Git
from ingest.projects.tasks.listed import ListedTask
from ingest.sessions.session import Session


class LinesOfWork:
    def __init__(
        self, rows: NamedQueries, sessions: list[Session], git: Git, folder: str | None
    ) -> None:
        self._rows = rows
        self._sessions = sessions
        self._git = git
        self._folder = folder
        self._lines: dict[str, LineOfWork | None] = {}
        self._reached: dict[str, Reached] = {}
        """By the id of the appearance."""

    def reached(self, seen: ListedTask) -> Reached:
        """Whether what was done in this appearance of a task is part of what is checked out; it
        counts if that cannot be known.
        """
        session = seen.session
        if session is None:
            return HERE
        if session.project not in self._lines:
            self._lines[session.project] = self._line(session.project)
        line, id_ = self._lines[session.project], seen.task.id
        if line is None:
            return HERE
        if id_ not in self._reached:
            began, ended = seen.task.started_at, seen.closed_at or seen.task.ended_at
            self._reached[id_] = line.reached(session, began, ended, self._recorded)
        return self._reached[id_]

    def _line(self, project: str) -> LineOfWork | None:
        sessions = [one for one in self._sessions if one.project == project]
        try:
            here = self._git.root(self._folder)
            if here is not None and self._holds(here, sessions):
                return LineOfWork(self._git.read(here), self._git)
            placed, _ = group_by_repository(map(anchor_of, sessions), self._git)
            roots = [root for root in placed if root is not None]
            # The main checkout, else a worktree: there `.git` is a file.
            root = next((one for one in roots if (Path(one) / ".git").is_dir()), None)
            root = root or next(iter(roots), None)
            return LineOfWork(self._git.read(root), self._git) if root else None
        except GitFailed:
            return None

    def _holds(self, root: str, sessions: list[Session]) -> bool:
        """Whether sessions began in this repository, or in another checkout of it."""
        if any(one.cwd and Path(one.cwd).is_relative_to(root) for one in sessions):
            return True
        commits = self._git.read(root).commits
        return any(one.commit in commits for one in sessions)

    def _recorded(self, session: Session) -> list[str]:
        """The ids of the commits that a session's output names, the oldest first."""
        segments = self._rows.rows("tasks.segments", sessions=[session.id])
        outputs = self._rows.rows(
            "tasks.commit_outputs", sources=[row["source"] for row in segments]
        )
        return [commit for row in outputs for commit in RECORDED.findall(row["output"])]
