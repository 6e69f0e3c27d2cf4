"""People's edits of tasks, as decisions in a journal."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ingest.db.query_reader import NamedQueries
from ingest.projects.journal.entry import ASKED_CHARS, Mask
from ingest.projects.journal.model import JournalDecision
from ingest.projects.tasks.apply_edits import rename_tasks
from ingest.projects.tasks.edits import (
    Add,
    AddEvidence,
    Imported,
    Join,
    Link,
    Note,
    Owner,
    Part,
    RecordedEdit,
    Reset,
    Set,
    Undo,
    Unlink,
)
from ingest.projects.tasks.model import EvidenceKind
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
    every = recorded_edits(rows)
    edits = [
        edit
        for edit in every
        if (since is None or edit.at >= since) and (until is None or edit.at < until)
    ]
    if not edits or not sessions:
        return []
    newest = max(each.last_at or edits[-1].at for each in sessions)
    projects = {each.project for each in sessions}
    # Only these name tasks of other projects. All projects together take several times longer.
    crosses = any(isinstance(edit.edit, Link | Unlink | Join) for edit in every)
    scope = Scope() if crosses or len(projects) > 1 else Scope(project=next(iter(projects)))
    plan = roadmap(rows, scope, Now(newest, FOREVER, FOREVER))
    edits, every = rename_tasks(edits, plan.names), rename_tasks(every, plan.names)
    tasks = {task.id: task for task in plan.tasks}
    texts = {id_: task.text for id_, task in tasks.items()}
    return [
        JournalDecision(
            edit.at,
            truncate_chars(mask(texts[edit.task]), ASKED_CHARS),
            truncate_chars(mask(f"{edit.actor}: {edit_text(edit, texts, every)}"), ASKED_CHARS),
            None,
            str(edit.edit.state) if isinstance(edit.edit, Set) else None,
        )
        for edit in edits
        if edit.task in tasks
        and not isinstance(edit.edit, Imported)
        and tasks[edit.task].project in projects
        and (session is None or session in tasks[edit.task].sessions)
    ]


_SHORT = 8
"""How many characters of a session's id to show."""
_STATES = {"done": "completed", "pending": "reopened", "in_progress": "started"}


def edit_text(
    recorded: RecordedEdit, texts: Mapping[str, str], every: Sequence[RecordedEdit] = ()
) -> str:
    """The edit in words. `texts`: those of the tasks; `every`: where an undone edit is found."""
    task = texts.get(recorded.task, "a task")
    why = f" ({recorded.reason})" if recorded.reason else ""
    match recorded.edit:
        case Add():
            text = f"added “{task}”"
        case Set(state):
            text = f"{_STATES.get(state, state.replace('_', ' '))} “{task}”"
        case Link(other) | Unlink(other):
            waits = "waits" if isinstance(recorded.edit, Link) else "no longer waits"
            text = f"{task} {waits} for “{texts.get(other, 'a task')}”"
        case Owner(None):
            text = f"“{task}” has no owner any more"
        case Owner(name):
            text = f"“{task}” belongs to {name}"
        case AddEvidence(kind, ref):
            ref = ref[:_SHORT] if kind is EvidenceKind.SESSION else ref
            text = f"{kind} {ref} is evidence for “{task}”"
        case Note(note):
            text = f"noted on “{task}”: {note}"
        case Join() | Part():
            text = f"corrected which sessions list “{task}”"
        case Imported():
            text = f"imported “{task}”"
        case Reset():
            text = f"discarded the edits of “{task}”"
        case Undo(id_):
            undone = next((edit for edit in every if edit.id == id_), None)
            text = f"undid: {edit_text(undone, texts) if undone else f'an edit of “{task}”'}"
    return text + why
