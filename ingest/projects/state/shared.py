"""What a state file knows and the database does not: edits of other people and their tasks.

Pure. Edits have ids, so each is taken once, with the name of who made it, and they are applied in
the order in which they were made, whatever machine recorded them. What a session did to a task is
taken as the file has it, if the file saw more of that session than what was imported before.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec.structs import replace

from ingest.projects.state.document import ProjectState, SeenIn, StateItem
from ingest.projects.tasks.edits import Add, Imported, RecordedEdit
from ingest.projects.tasks.model import (
    OBSERVED,
    EdgeKind,
    EvidenceKind,
    Origin,
    TaskState,
)

_NEVER: Final = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as in the database


def shared_edits(
    file: ProjectState, every: list[RecordedEdit], local: set[str], project: str, importer: str
) -> list[RecordedEdit]:
    """The edits of the file that are not in `every`. `local` are the sessions that this database
    has: the log says more about them than any file. `project` is the label that added tasks get."""
    return [
        *_tasks_elsewhere(file, every, local, project, importer),
        *_edits_of_people(file, every, project),
    ]


def _edits_of_people(
    file: ProjectState, every: list[RecordedEdit], project: str
) -> Iterator[RecordedEdit]:
    known = {one.id for one in every}
    for decision in file.decisions:
        edit = decision.edit
        if edit is None or isinstance(edit, Imported) or decision.task is None:
            continue
        if decision.id is None or decision.id in known:
            continue
        if isinstance(edit, Add):
            edit = replace(edit, project=project)
        yield RecordedEdit(
            decision.id, decision.at or _NEVER, decision.by, decision.task, edit, decision.reason
        )


def _tasks_elsewhere(
    file: ProjectState, every: list[RecordedEdit], local: set[str], project: str, importer: str
) -> Iterator[RecordedEdit]:
    before = {one.task: one.edit for one in every if isinstance(one.edit, Imported)}
    seen_at = {one.id: one.last_at for one in file.sessions}
    listed: set[str] = set()
    for place, item in enumerate((*file.goals, *file.tasks)):
        for seen in item.sessions:
            listed.add(seen.id)
            if seen.session in local:
                continue
            edit = _imported(item, seen, file, project, seen_at.get(seen.session), place)
            old = before.get(seen.id)
            if old is None or (_moment(edit) > _moment(old) and not _same(edit, old)):
                yield _recorded(seen.id, edit, importer)
    for id_, old in before.items():
        last = seen_at.get(old.session)
        newer = last is not None and last > _moment(old)
        if newer and id_ not in listed and old.session not in local and not old.dropped:
            yield _recorded(id_, replace(old, dropped=True, seen_at=last), importer)


def _imported(
    item: StateItem,
    seen: SeenIn,
    file: ProjectState,
    project: str,
    seen_at: datetime | None,
    place: int,
) -> Imported:
    first = item.sessions[0] is seen
    before = [one for one in file.edges if first and one.target == item.id]
    try:
        origin = Origin(item.origin)
    except ValueError:
        origin = Origin.PLAN
    return Imported(
        text=item.text,
        project=project,
        state=TaskState(seen.state),
        origin=Origin.PLAN if origin is Origin.PERSON else origin,
        session=seen.session,
        branch=seen.branch,
        at=seen.at,
        changed_at=seen.changed_at,
        seen_at=seen_at,
        owner=item.owner if origin is Origin.AGENT else None,
        evidence=[
            (EvidenceKind(one.kind), one.ref)
            for one in item.evidence
            if first and one.by == OBSERVED
        ],
        after=[one.source for one in before if one.kind == EdgeKind.ORDER],
        part_of=[one.source for one in before if one.kind == EdgeKind.PART],
        place=place,
    )


def _same(one: Imported, other: Imported) -> bool:
    """Whether they say the same, whenever it was seen."""
    same = {"seen_at": None, "project": "", "place": 0}
    return replace(one, **same) == replace(other, **same)


def _moment(edit: Imported) -> datetime:
    return edit.seen_at or _NEVER


def _recorded(id_: str, edit: Imported, importer: str) -> RecordedEdit:
    # The same content has the same id, so that importing it twice records it once.
    digest = blake2b(msgspec.json.encode([id_, edit]), digest_size=16).hexdigest()
    return RecordedEdit(digest, edit.at or _NEVER, importer, id_, edit, None)
