"""People's edits of tasks, as decisions in a journal."""

from datetime import datetime

import msgspec

from ingest.db.query_reader import NamedQueries
from ingest.projects.journal.entry import ASKED_CHARS, Mask
from ingest.projects.journal.model import JournalDecision
from ingest.projects.tasks.edits import RecordedEdit, Set
from ingest.projects.tasks.roadmap import recorded_edits, roadmap
from ingest.sessions.scope import FOREVER, Now, Scope
from ingest.sessions.session import Session
from ingest.text.sanitize import truncate_chars


def load_decisions(
    rows: NamedQueries,
    sessions: list[Session],
    mask: Mask,
    *,
    session: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[JournalDecision]:
    """Edits in this period of tasks of these sessions' projects, or of one session."""
    every = [
        one
        for one in recorded_edits(rows)
        if (since is None or one.at >= since) and (until is None or one.at < until)
    ]
    if not every or not sessions:
        return []
    newest = max(one.last_at or every[-1].at for one in sessions)
    tasks = {one.id: one for one in roadmap(rows, Scope(), Now(newest, FOREVER, FOREVER)).tasks}
    projects = {one.project for one in sessions}
    return [
        JournalDecision(
            one.at,
            truncate_chars(mask(tasks[one.task].text), ASKED_CHARS),
            truncate_chars(mask(f"{one.actor}: {decision_text(one)}"), ASKED_CHARS),
            None,
        )
        for one in every
        if one.task in tasks
        and tasks[one.task].project in projects
        and session in (None, tasks[one.task].session)
    ]


def decision_text(recorded: RecordedEdit) -> str:
    edit = recorded.edit
    if isinstance(edit, Set):
        return f"set {edit.state}" + (f": {recorded.reason}" if recorded.reason else "")
    values = msgspec.to_builtins(edit)
    rest = " ".join(str(value) for name, value in values.items() if name != "do" and value)
    return f"{values['do']} {rest}".strip()
