"""Automatic export: when a session becomes quiet, files of its project are written.

Background jobs of the queue, one kind for journals and one for state files. A batch is the range of
the session's file that no export of its kind covers yet, so a retry finds the same batch even if
the session has continued. The same facts give the same bytes, so a repeated export changes nothing.
"""

from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final, TypeVar

from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.background import BackgroundJob, JobResult
from ingest.pipeline.run import RunSettings
from ingest.projects import exports
from ingest.projects.journal.build import day_bounds
from ingest.sessions.scope import TIMELESS, Scope
from ingest.sessions.session import Session, list_sessions
from ingest.text.times import Clock, local_day

QUIET: Final = timedelta(minutes=2)
ABANDONED: Final = timedelta(hours=1)
"""An open turn is exported as it is after this time."""

R = TypeVar("R")


class AutoExporter(BackgroundJob[list[R]]):
    """Exports of one kind; a subclass says what is written."""

    empty = "nothing to do"
    """Why, if nothing was written."""

    def __init__(
        self,
        database: Database,
        *,
        turns: int,
        zone: tzinfo | None,
        tuning: RunSettings,
        clock: Clock,
    ) -> None:
        super().__init__(database, tuning=tuning, clock=clock)
        self.turns = turns
        self.zone = zone

    @abstractmethod
    def writer(
        self, found: Row, session: Session, folder: Path, project: str | None
    ) -> Callable[[], list[R]]:
        """Read what is needed from the database; return the function that writes the files, in a
        thread. `project` is the label; None if the folder was not looked up yet."""

    def waiting(self) -> Row | None:
        return self.database.first_row("exports.waiting", kind=self.kind)

    def due(self, now: datetime) -> Row | None:
        folders = [
            {
                "folder": each.folder,
                "project": self._project(each.folder),
                "since": self._since(each).isoformat(),
            }
            for each in exports.auto_exports(self.database, self.kind)
        ]
        if not folders:
            return None
        return self.database.first_row(
            "exports.due",
            kind=self.kind,
            folders=folders,
            rested=(now - QUIET).isoformat(),
            abandoned=(now - ABANDONED).isoformat(),
        )

    def _project(self, folder: str) -> str | None:
        """The id of the project of a folder; None if the folder was not looked up yet."""
        row = self.database.first_row("projects.here", folders=[folder])
        return row["id"] if row else None

    def _covers(self, folder: str, session: Session) -> bool:
        inside = Path(session.cwd or "/").is_relative_to(folder)
        return inside or self._project(folder) == session.project_id

    def _since(self, auto: exports.AutoExport) -> datetime:
        """The beginning of the day it was switched on: that day is exported completely."""
        began, _ = day_bounds(local_day(auto.since, self.zone), self.zone)
        return began

    def prepare(self, found: Row) -> Callable[[], JobResult[list[R]]]:
        session = next(
            each
            for each in list_sessions(self.database, Scope(session=found["session"]), TIMELESS)
            if each.home_id == found["home"]
        )
        auto = [each.folder for each in exports.auto_exports(self.database, self.kind)]
        folder = next((Path(each) for each in auto if self._covers(each, session)), None)
        if folder is None:
            return lambda: JobResult([], 0, "automatic export is off for this project")
        if not folder.is_dir():
            return lambda: JobResult([], 0, "the folder of the project no longer exists")
        write = self.writer(
            found, session, folder, session.project if self._project(str(folder)) else None
        )

        def work() -> JobResult[list[R]]:
            written = write()
            return JobResult(written, len(written), self.empty)

        return work

    def save(self, found: Row, batch: str, result: list[R], now: datetime) -> None:
        """Nothing to store: the paths of the files follow from the project."""
