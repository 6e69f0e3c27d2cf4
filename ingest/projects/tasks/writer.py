"""Stores what each session contributes to the tasks of its project, and the tasks of projects for
people who query them with SQL.

A commit of facts deletes what is stored of the touched sessions (`db/session_rows.py`). A session
without a row is derived again here, in the background, or by a command that needs it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from typing import Final

from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.gc_scheduler import gc_paused
from ingest.pipeline.paced_job import PacedJob
from ingest.projects.tasks.load import derive_sessions, store_sessions
from ingest.projects.tasks.model import Roadmap
from ingest.projects.tasks.roadmap import roadmap
from ingest.projects.tasks.session_tasks import version
from ingest.sessions.scope import Now, Scope

_RUN_SESSIONS: Final = 200
_PROJECTS_EVERY: Final = timedelta(minutes=1)
"""How often to write the tasks of projects while sessions go on."""
_COLUMNS: Final = (
    "id", "text", "state", "origin", "ready", "current", "session", "branch", "owner",
    "started_at", "ended_at", "left_at", "sessions",
)  # fmt: skip


class TasksWriter(PacedJob):
    kind = "tasks"

    def __init__(self, database: Database, now: Callable[[], Now]) -> None:
        super().__init__(database)
        self._now = now
        self._announced = False
        """Whether the version is stored, by which a reader knows what is outdated."""
        self._current_at = -1
        """Number of commits when every session had its row."""
        self._were_many = False
        """Whether readers show how many had none."""
        self._projects_at: datetime | None = None
        """When the tasks of projects were written last, and the number of commits then."""
        self._projects_current_at = -1

    def do_some(self, limit: int) -> int:
        """Derive the tasks of some sessions, the most recently active first, or of one project."""
        now, commits = self._now(), self.database.commits
        if self._current_at != commits.count:
            if done := self._store_sessions(limit):
                self._were_many |= done == limit
                return done
            if self._were_many:
                self._were_many = False
                commits.increment()
            self._current_at = commits.count
        due = self._projects_at is None or now.moment - self._projects_at >= _PROJECTS_EVERY
        if not due or self._projects_current_at == commits.count:
            return 0
        # A thousand sessions make millions of objects, none of them in cycles.
        with gc_paused():
            if self._store_project(now):
                return 1
        self._projects_at, self._projects_current_at = now.moment, commits.count
        return 0

    def run(self, stop: Event, progress: Callable[[int, int], None] | None = None) -> None:
        """Derive the tasks of all sessions that have no row, and of their projects. `progress` gets
        the size of the files of sessions that are done, and of all."""
        now = self._now()
        while not stop.is_set() and (
            self._store_sessions(_RUN_SESSIONS) or self._store_project(now)
        ):
            if progress is not None:
                row = self.database.rows("tasks.undone", version=version())[0]
                progress(row["bytes"] - row["undone"], row["bytes"])

    def _store_sessions(self, limit: int) -> int:
        if not self._announced:
            self._announced = True
            self.database.store_derived([("tasks.set_version", {"version": version()})])
        rows = self.database.rows("tasks.underived", version=version(), limit=limit)
        if not rows:
            return 0
        keys = [(row["home"], row["id"]) for row in rows]
        store_sessions(self.database, derive_sessions(self.database, keys))
        return len(keys)

    def _store_project(self, now: Now) -> bool:
        """Write the tasks of the project that changed longest ago, if there is one."""
        stale = self.database.first_row("tasks.stale_project", version=version())
        if stale is None:
            return False
        tasks, edges = task_rows(roadmap(self.database, Scope(project=stale["project"]), now))
        project = {"project_id": stale["project_id"]}
        values = {"project": stale["project"], **project}
        mark = {"inputs": stale["inputs"], "now": now.moment.isoformat(), **project}
        self.database.store_derived(
            [
                ("tasks.drop_tasks", project),
                ("tasks.drop_edges", project),
                ("tasks.unmark_project", project),
                ("tasks.add_tasks", {"tasks": tasks, **values}),
                ("tasks.add_edges", {"edges": edges, **values}),
                ("tasks.mark_project", mark),
            ]
        )
        return True


def task_rows(plan: Roadmap) -> tuple[list[Row], list[Row]]:
    """The tasks and edges of a project as they are stored."""
    tasks = [{name: getattr(task, name) for name in _COLUMNS} for task in plan.tasks]
    edges = [
        {"source": edge.source, "target": edge.target, "kind": edge.kind} for edge in plan.edges
    ]
    return tasks, edges
