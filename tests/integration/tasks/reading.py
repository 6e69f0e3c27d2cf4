"""The roadmap of a home that was read in one go."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from ingest.db.local_reader import LocalReader
from ingest.pipeline.follow import Owner
from ingest.projects.tasks.model import EdgeKind, Roadmap, Task
from ingest.projects.tasks.revisions import Revision, load_revisions
from ingest.projects.tasks.roadmap import roadmap
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, list_sessions
from tests.integration.facts.expectations import owner

LATER = datetime(2026, 12, 1)
"""Later than all data of the builders and the corpus, so that no session is running."""


class Plans:
    """The tasks of a database."""

    def __init__(self, reading: Owner, now: datetime = LATER) -> None:
        self.read = reading.read_once
        self.rows = LocalReader(reading.database)
        self.now = Now(now, timedelta(minutes=5), timedelta(hours=24))

    def roadmap(self, scope: Scope = Scope()) -> Roadmap:  # noqa: B008 - a frozen value
        return roadmap(self.rows, scope, self.now)

    def session(self, title: str) -> Session:
        (one,) = (
            found for found in list_sessions(self.rows, Scope(), self.now) if found.title == title
        )
        return one

    def of(self, title: str) -> list[tuple[str, str, str]]:
        """The tasks of a session: origin, state and text of each."""
        session = self.session(title).id
        tasks = self.roadmap(Scope(session=session)).tasks
        return [(str(one.origin), _state(one, session), one.text) for one in tasks if one.current]

    def revisions(self, title: str) -> list[Revision]:
        return load_revisions(self.rows, self.session(title).id)


def _state(task: Task, session: str) -> str:
    """The state by this session alone, if others list the task too."""
    own = [one.state for one in task.appearances if one.session == session]
    return str(task.state if len(task.appearances) == 1 else own[-1])


@contextmanager
def plans(home: Path, database: Path, now: datetime = LATER) -> Iterator[Plans]:
    with owner(home, database) as reading:
        reading.read_once()
        yield Plans(reading, now)


def linked(plan: Roadmap, kind: EdgeKind) -> list[tuple[str, str]]:
    """The edges of a kind, by the texts of their tasks."""
    by_id = {task.id: task for task in plan.tasks}
    return [
        (by_id[edge.source].text, by_id[edge.target].text)
        for edge in plan.edges
        if edge.kind is kind
    ]


def one(plan: Roadmap, text: str) -> Task:
    (task,) = (task for task in plan.tasks if task.text == text and task.current)
    return task
