"""Writes the journals of the days of a session that became quiet."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ingest.batches.batch import Kind
from ingest.db.query_reader import Row
from ingest.projects import exports
from ingest.projects.auto_export import AutoExporter
from ingest.projects.git.read_repository import Git
from ingest.projects.journal import build
from ingest.projects.journal.commits import with_found_commits
from ingest.projects.journal.model import Journal
from ingest.projects.journal.write import JournalFormat, WrittenJournal, day_file, write
from ingest.sessions.load import Parts, load_log
from ingest.sessions.session import Session
from ingest.text.times import local_day


class JournalExporter(AutoExporter[WrittenJournal]):
    kind = Kind.JOURNAL
    empty = "no turn began"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = build.journal_rules(self.zone, self.turns)
        self.git = Git(os.environ)

    def writer(
        self, found: Row, session: Session, folder: Path, project: str | None
    ) -> Callable[[], list[WrittenJournal]]:
        journals = {day: self._journal(day, project, folder) for day in self._days(session, found)}
        return lambda: [
            write(
                with_found_commits(journal, self.git, self.rules.mask),
                day_file(folder / exports.JOURNALS, day),
                JournalFormat.MARKDOWN,
                self.zone,
                below=folder,
            )
            for day, journal in journals.items()
        ]

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
        return sorted({local_day(began, self.zone) for began in started if began})
