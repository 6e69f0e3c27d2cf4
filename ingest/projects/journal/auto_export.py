"""Automatic export: when a session becomes quiet, the journals of its days are written.

A background job of the queue. Its batch is the range of the session's file that no journal covers
yet, so a retry finds the same batch even if the session has continued. The same day always gives
the same bytes, so a repeated export changes nothing.
"""

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ingest.batches.batch import Kind
from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.pipeline.background import BackgroundJob, JobResult
from ingest.pipeline.run import RunSettings
from ingest.projects import exports
from ingest.projects.git.read_repository import Git
from ingest.projects.journal import build
from ingest.projects.journal.commits import with_found_commits
from ingest.projects.journal.model import Journal
from ingest.projects.journal.write import JournalFormat, WrittenJournal, day_file, write
from ingest.sessions.load import Parts, load_log
from ingest.sessions.scope import TIMELESS, Scope
from ingest.sessions.session import Session, list_sessions
from ingest.text.times import Clock, local_day

QUIET: Final = timedelta(minutes=2)
ABANDONED: Final = timedelta(hours=1)
"""An open turn is exported as it is after this time."""


class JournalExporter(BackgroundJob[list[WrittenJournal]]):
    kind = Kind.JOURNAL

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
        self.rules = build.journal_rules(zone, turns)
        self.git = Git(os.environ)

    def waiting(self) -> Row | None:
        return self.database.first_row("journal.waiting")

    def due(self, now: datetime) -> Row | None:
        folders = [
            {
                "folder": each.folder,
                "project": self._project(each.folder),
                "since": self._since(each).isoformat(),
            }
            for each in exports.auto_exports(self.database)
        ]
        if not folders:
            return None
        return self.database.first_row(
            "journal.due",
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
        began, _ = build.day_bounds(local_day(auto.since, self.rules.zone), self.rules.zone)
        return began

    def prepare(self, found: Row) -> Callable[[], JobResult[list[WrittenJournal]]]:
        session = next(
            each
            for each in list_sessions(self.database, Scope(session=found["session"]), TIMELESS)
            if each.home_id == found["home"]
        )
        auto = [each.folder for each in exports.auto_exports(self.database)]
        folder = next((Path(each) for each in auto if self._covers(each, session)), None)
        if folder is None:
            return lambda: JobResult([], 0, "automatic export is off for this project")
        if not folder.is_dir():
            return lambda: JobResult([], 0, "the folder of the project no longer exists")
        project = self._project(str(folder)) and session.project
        journals = {day: self._journal(day, project, folder) for day in self._days(session, found)}

        def work() -> JobResult[list[WrittenJournal]]:
            written = [
                write(
                    with_found_commits(journal, self.git, self.rules.mask),
                    day_file(folder / exports.JOURNALS, day),
                    JournalFormat.MARKDOWN,
                    self.rules.zone,
                    below=folder,
                )
                for day, journal in journals.items()
            ]
            return JobResult(written, len(written), "no turn began")

        return work

    def save(self, found: Row, batch: str, result: list[WrittenJournal], now: datetime) -> None:
        """Nothing to store: the paths of the journals follow from the project."""

    def _journal(self, day: date, project: str | None, folder: Path) -> Journal:
        if project is not None:
            journal = build.day_journal(self.database, day, self.rules, project)
            # Without the label: it changes when another project of the same name appears.
            return replace(journal, title=f"Journal of {day}")
        return build.day_journal(self.database, day, self.rules, folder=str(folder))

    def _days(self, session: Session, found: Row) -> list[date]:
        """The days on which the turns of the batch's range began."""
        log = load_log(self.database, session, Parts())
        turns = [turn for turn in log.turns if turn.source == found["source"]]
        before = [turn for turn in turns if turn.byte < found["start"]][-1:]
        inside = [turn for turn in turns if found["start"] <= turn.byte < found["finish"]]
        started = (turn.started_at for turn in [*before, *inside])
        return sorted({local_day(began, self.rules.zone) for began in started if began})
