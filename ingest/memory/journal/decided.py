"""What people said of tasks: decisions, as far as anything of them was written down."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from ingest.memory.journal.entry import ASKED_CHARS, Mask, cut
from ingest.memory.journal.journal import Decision
from ingest.memory.journal.records import Record
from ingest.memory.scope import Now, Scope
from ingest.memory.tasks.deeds import Said, Set
from ingest.memory.tasks.roadmap import roadmap, sayings
from ingest.store.face import Rows

FOREVER: Final = timedelta(days=36_500)
"""Nothing stalls or rests that soon: what the clock would make of tasks is left out."""


def decided(
    rows: Rows,
    found: list[Record],
    mask: Mask,
    *,
    session: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Decision]:
    """What was said in this time of tasks of these sessions' projects, or of one session."""
    every = [
        one
        for one in sayings(rows)
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
            cut(mask(tasks[one.task].text), ASKED_CHARS),
            cut(mask(f"{one.actor}: {told(one)}"), ASKED_CHARS),
            None,
        )
        for one in every
        if one.task in tasks
        and tasks[one.task].project in projects
        and session in (None, tasks[one.task].session)
    ]


def told(said: Said) -> str:
    """What was said, in words."""
    deed = said.deed
    if isinstance(deed, Set):
        return f"set {deed.state}" + (f": {said.reason}" if said.reason else "")
    values = msgspec.to_builtins(deed)
    rest = " ".join(str(value) for name, value in values.items() if name != "do" and value)
    return f"{values['do']} {rest}".strip()
