"""Compares the stored tasks of sessions with those derived from the facts."""

from ingest.db.database import Database
from ingest.projects.tasks.load import derive_sessions
from ingest.projects.tasks.session_tasks import decode_tasks, version


def stale_tasks(database: Database) -> list[str]:
    """The sessions whose stored tasks differ from those derived now."""
    stored = {
        (row["home"], row["id"]): decode_tasks(row["document"])
        for row in database.rows("tasks.stored", sessions=None, version=version())
    }
    derived = derive_sessions(database, list(stored))
    return [session for (home, session), tasks in derived.items() if tasks != stored[home, session]]
