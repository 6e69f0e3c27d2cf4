"""Applies people's task edits, in order, to the tasks derived from the log; the last edit wins,
except that an agent's edit never changes a state that a person set.

Pure. An edit that cannot be applied (it would create a dependency cycle, or its task no longer
exists) is skipped and reported as a sentence; all other edits still apply.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from ingest.projects.tasks import cycles
from ingest.projects.tasks.derive import Derived
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
    Set,
    Unlink,
    effective_edits,
)
from ingest.projects.tasks.fold import IdentityEdits
from ingest.projects.tasks.listed import NEVER, ListedTask
from ingest.projects.tasks.model import (
    CLOSED,
    OBSERVED,
    Edge,
    EdgeKind,
    Evidence,
    Task,
    TaskState,
)
from ingest.sessions.session import session_elsewhere


def added_tasks(every: list[RecordedEdit]) -> list[ListedTask]:
    """The tasks that people added, and those that state files list of sessions elsewhere."""
    added: dict[str, ListedTask] = {}
    newest: dict[str, datetime] = {}
    for recorded in effective_edits(every):
        match recorded.edit:
            case Add(text):
                added[recorded.task] = ListedTask(
                    _added(recorded, recorded.edit), None, text, recorded.at
                )
            case Imported() as edit:
                seen_at = edit.seen_at or NEVER
                if newest.get(recorded.task, NEVER) <= seen_at:
                    newest[recorded.task] = seen_at
                    added[recorded.task] = _elsewhere(recorded.task, edit)
    return list(added.values())


def _elsewhere(id_: str, edit: Imported) -> ListedTask:
    """A task as a session lists it that this database does not have."""
    task = Task(
        id=id_,
        text=edit.text,
        state=edit.state,
        derived_state=edit.state,
        origin=edit.origin,
        session=edit.session,
        project=edit.project,
        branch=edit.branch,
        owner=edit.owner,
        evidence=[Evidence(kind, ref, OBSERVED) for kind, ref in edit.evidence],
        started_at=edit.at,
        ended_at=edit.changed_at if edit.state in CLOSED else None,
        current=not edit.dropped,
        # What a session elsewhere began can be taken up here.
        left_at=edit.seen_at if edit.state is TaskState.IN_PROGRESS else None,
    )
    done = edit.state is TaskState.DONE
    return ListedTask(
        task,
        session_elsewhere(edit.session, edit.project, edit.branch, edit.at, edit.seen_at),
        edit.text,
        edit.at,
        edit.changed_at,
        edit.changed_at if done or edit.dropped else None,
        begins_closed=done and edit.at == edit.changed_at,
        place=edit.place,
    )


def imported_edges(every: Iterable[RecordedEdit], names: Mapping[str, str]) -> Iterator[Edge]:
    """The edges between tasks of sessions elsewhere."""
    for recorded in every:
        if isinstance(recorded.edit, Imported):
            task = names.get(recorded.task, recorded.task)
            for before in recorded.edit.after:
                yield Edge(names.get(before, before), task, EdgeKind.ORDER)
            for whole in recorded.edit.part_of:
                yield Edge(names.get(whole, whole), task, EdgeKind.PART)


def identity_edits(every: list[RecordedEdit]) -> IdentityEdits:
    """What people said about which tasks are one task."""
    joined, parted = list[tuple[str, str, str]](), set[str]()
    for one in effective_edits(every):
        if isinstance(one.edit, Join):
            joined.append((one.task, one.edit.to, one.actor))
        elif isinstance(one.edit, Part):
            joined = [others for others in joined if one.task not in others[:2]]
            parted.add(one.task)
    return IdentityEdits(tuple(joined), frozenset(parted))


def rename_tasks(every: list[RecordedEdit], names: dict[str, str]) -> list[RecordedEdit]:
    """The edits with the present ids of their tasks: an edit of an old id follows its task."""
    return [_renamed(one, names) for one in every] if names else every


def _renamed(recorded: RecordedEdit, names: dict[str, str]) -> RecordedEdit:
    edit = recorded.edit
    if isinstance(edit, Link | Unlink):
        edit = replace(edit, to=names.get(edit.to, edit.to))
    return replace(recorded, task=names.get(recorded.task, recorded.task), edit=edit)


def _added(recorded: RecordedEdit, edit: Add) -> Task:
    return Task(
        id=recorded.task,
        text=edit.text,
        state=TaskState.PENDING,
        derived_state=None,
        origin=edit.origin,
        session=None,
        project=edit.project,
        branch=edit.branch,
    )


def apply_edits(
    derived: Derived, every: list[RecordedEdit], *, whole: bool
) -> tuple[list[str], set[str]]:
    """Apply the edits to these tasks. Returns the refused edits, as sentences, and the ids of the
    tasks whose state a person set.

    `whole`: `derived` holds every task there is, so an edit of a missing task is reported.
    """
    by_id = {task.id: task for task in derived.tasks}
    refused, states, by_people = list[str](), set[str](), set[str]()
    for edit in effective_edits(every):
        task = by_id.get(edit.task)
        if task is None:
            if whole:
                refused.append(
                    f"{_describe(edit)}: the task is no longer in any file. "
                    f"`tailboard tasks reset {edit.task}` removes the edit."
                )
            continue
        if isinstance(edit.edit, Set):
            if edit.by_agent and task.id in by_people:
                continue
            if not edit.by_agent:
                by_people.add(task.id)
        why = _apply(edit, task, by_id, derived, states)
        if why is None:
            task.edited = task.edited or not isinstance(edit.edit, Add | Join | Part | Imported)
            if not isinstance(edit.edit, Imported):
                # A task that a person edited stays visible even after the plan dropped it.
                task.current = True
        else:
            refused.append(f"{_describe(edit)}: {why}")
    return refused, states


def _apply(
    recorded: RecordedEdit, task: Task, by_id: dict[str, Task], derived: Derived, states: set[str]
) -> str | None:
    """Apply one edit. Returns why it cannot be applied, or None."""
    match recorded.edit:
        case Set(state=state):
            if not _finished_since(task, state, recorded.at):
                task.state = state
                states.add(task.id)
            if recorded.reason:
                task.notes.append(recorded.reason)
        case Owner(name=name):
            task.owner = name
        case AddEvidence(kind=kind, ref=ref):
            proof = Evidence(kind, ref, recorded.actor)
            if proof not in task.evidence:
                task.evidence.append(proof)
        case Note(text=text):
            task.notes.append(text)
        case Link(to=to):
            return _link(task, to, by_id, derived)
        case Unlink(to=to):
            derived.edges = [
                edge for edge in derived.edges if (edge.source, edge.target) != (to, task.id)
            ]
            task.depends_on = [task_id for task_id in task.depends_on if task_id != to]
    return None


def _finished_since(task: Task, state: TaskState, at: datetime) -> bool:
    """Whether a session finished the task after a person set it to an open state."""
    return (
        state not in CLOSED
        and task.derived_state is TaskState.DONE
        and task.ended_at is not None
        and task.ended_at > at
    )


def _link(task: Task, to: str, by_id: dict[str, Task], derived: Derived) -> str | None:
    if to in task.depends_on:
        return None
    cycle = closes_cycle(derived.edges, task.id, to)
    if cycle is not None:
        return cycle_text(cycle, by_id)
    task.depends_on.append(to)
    if to in by_id:
        derived.edges.append(Edge(to, task.id, EdgeKind.DEPENDS))
        by_id[to].current = True
    return None


def closes_cycle(edges: Iterable[Edge], task: str, to: str) -> list[str] | None:
    """The cycle that results if `task` depends on `to`; None if there is none."""
    path = cycles.shortest_path((edge for edge in edges if edge.kind is EdgeKind.DEPENDS), task, to)
    return None if path is None else [*path, task]


def cycle_text(cycle: list[str], by_id: dict[str, Task]) -> str:
    named = (f"{id_} ({by_id[id_].text})" if id_ in by_id else id_ for id_ in cycle)
    return f"This would create a dependency cycle: {' → '.join(named)}."


def _describe(edit: RecordedEdit) -> str:
    verb = edit.edit.__struct_config__.tag
    return f"The edit `{verb}` of {edit.task} by {edit.actor} at {edit.at:%Y-%m-%d %H:%M}"
