"""People's edits of tasks, as decisions in a journal."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from ingest.db.query_reader import NamedQueries
from ingest.projects.journal.entry import ASKED_CHARS, Mask, truncate
from ingest.projects.journal.model import Decision
from ingest.projects.journal.records import Record
from ingest.projects.tasks.edits import RecordedEdit, Set
from ingest.projects.tasks.roadmap import recorded_edits, roadmap
from ingest.sessions.scope import Now, Scope

FOREVER: Final = timedelta(days=36_500)
"""A limit that is never reached, so that no task becomes stalled or idle by the clock."""


def load_decisions(
    rows: NamedQueries,
    found: list[Record],
    mask: Mask,
    *,
    session: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Decision]:
    """Edits in this period of tasks of these sessions' projects, or of one session."""
    every = [
        one
        for one in recorded_edits(rows)
        if (since is None or one.at >= since) and (until is None or one.at < until)
    ]
    if not every or not found:
        return []
    newest = max(record.session["last_at"] or every[-1].at for record in found)
    tasks = {one.id: one for one in roadmap(rows, Scope(), Now(newest, FOREVER, FOREVER)).tasks}
    projects = {record.session["project"] for record in found}
    return [
        Decision(
            one.at,
            truncate(mask(tasks[one.task].text), ASKED_CHARS),
            truncate(mask(f"{one.actor}: {decision_text(one)}"), ASKED_CHARS),
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
