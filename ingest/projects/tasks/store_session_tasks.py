"""Stores what each session contributes to the tasks of its project, for sessions with new lines.

A commit of facts deletes the rows of the touched sessions (`db/session_rows.py`); a session without
a row is derived again here, in the background, or by whoever reads it first.
"""

from threading import Event
from typing import Final

from ingest.db.database import Database
from ingest.projects.tasks.load import derive_sessions
from ingest.projects.tasks.session_tasks import encode_tasks, version

_STEP_SESSIONS: Final = 20
"""So few that the owner does not notice."""
_RUN_SESSIONS: Final = 200


class SessionTasksWriter:
    """The owner calls `step` between rounds and `close` at the end."""

    kind = "tasks"

    def __init__(self, database: Database) -> None:
        self.database = database
        self._current_at = -1
        """Number of commits when every session had its row."""

    def step(self) -> None:
        """Derive the tasks of a few sessions, the most recently active first."""
        if self._current_at != self.database.commits.count and not self._store(_STEP_SESSIONS):
            self._current_at = self.database.commits.count

    def run(self, stop: Event) -> None:
        """Derive the tasks of all sessions that have no row."""
        while not stop.is_set() and self._store(_RUN_SESSIONS):
            pass

    def close(self) -> None:
        """Nothing is unfinished between two steps."""

    def _store(self, limit: int) -> bool:
        rows = self.database.rows("tasks.underived", version=version(), limit=limit)
        if not rows:
            return False
        derived = derive_sessions(self.database, [(row["home"], row["id"]) for row in rows])
        documents = [
            {"home": home, "id": session, "document": encode_tasks(tasks)}
            for (home, session), tasks in derived.items()
        ]
        # Not announced: what anybody sees is the same as before.
        with self.database.transaction(announce=False):
            self.database.run("tasks.drop_stored", sessions=documents)
            self.database.run("tasks.store", sessions=documents, version=version())
        return True
