"""Whether the stored tasks are what the facts say: those of sessions, and those of projects, which
are merged from them. For `verify --deep`.

What waits to be derived again is not compared: its lag is shown elsewhere.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.projects.tasks.load import Key, derive_sessions
from ingest.projects.tasks.roadmap import roadmap
from ingest.projects.tasks.session_tasks import encode_tasks, version
from ingest.projects.tasks.writer import task_rows
from ingest.sessions.scope import FOREVER, Now, Scope

_AT_ONCE: Final = 200
_NONE: Final = timedelta()
_LIMITS: Final = ((FOREVER, FOREVER), (_NONE, FOREVER), (_NONE, _NONE))
"""Until when sessions are neither stalled nor idle. The state of a task depends on that, and which
Codex processes lived when it was written is not known any more."""


def stale_tasks(database: Database) -> dict[int, str]:
    """The newest sources of sessions whose stored tasks, or those of whose projects, differ from
    what would be derived now; and what differs."""
    found = {}
    for project in database.rows("tasks.written", version=version()):
        if _differs(database, project):
            found[project["source"]] = "the tasks of its project are not what its sessions say"
    for source in _stale_sessions(database):
        found[source] = "its tasks are not what its facts say"
    return found


def _stale_sessions(database: Database) -> Iterator[int]:
    sources: dict[Key, int] = {
        (row["home"], row["id"]): row["source"]
        for row in database.rows("tasks.derived", version=version())
    }
    every = list(sources)
    for start in range(0, len(every), _AT_ONCE):
        keys = every[start : start + _AT_ONCE]
        stored: dict[Key, Any] = {
            (row["home"], row["id"]): row["document"]
            for row in database.rows(
                "tasks.stored", sessions=[session for _, session in keys], version=version()
            )
        }
        for key, tasks in derive_sessions(database, keys).items():
            if stored[key] != encode_tasks(tasks):
                yield sources[key]


def _differs(database: Database, project: Row) -> bool:
    tasks, edges = (
        [tuple(row.values()) for row in database.rows(name, project_id=project["project_id"])]
        for name in ("tasks.written_tasks", "tasks.written_edges")
    )
    computed = [_computed(database, project, *limits) for limits in _LIMITS]
    return any(
        len(tasks) != len(others) or len(edges) != len(other_edges)
        for others, other_edges in computed
    ) or not (
        all(any(task in others for others, _ in computed) for task in tasks)
        and all(any(edge in others for _, others in computed) for edge in edges)
    )


def _computed(
    database: Database, project: Row, stalls_after: timedelta, idle_after: timedelta
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    moment: datetime = project["written_at"]
    now = Now(moment, stalls_after, idle_after)
    tasks, edges = task_rows(roadmap(database, Scope(project=project["project"]), now))
    return [tuple(row.values()) for row in tasks], [tuple(row.values()) for row in edges]
