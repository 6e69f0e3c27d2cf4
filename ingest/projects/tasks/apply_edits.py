"""What people said of tasks, laid over what the log tells: edit after edit, the later one wins.

Pure, and the same for whoever reads: a edit that cannot be carried out (it would close a ring, its
task is gone) is left out and told in a sentence, and everything else stands.
"""

from collections.abc import Iterable

from ingest.projects.tasks import cycles
from ingest.projects.tasks.derive import Derived
from ingest.projects.tasks.edits import (
    Add,
    AddEvidence,
    Link,
    Note,
    Owner,
    RecordedEdit,
    Set,
    Unlink,
    effective_edits,
)
from ingest.projects.tasks.model import Edge, EdgeKind, Evidence, Origin, Task, TaskState


def added_tasks(every: Iterable[RecordedEdit], project: str | None) -> list[Task]:
    """The tasks that people added to a project, or to any."""
    return [
        _added(one, one.edit)
        for one in effective_edits(list(every))
        if isinstance(one.edit, Add) and project in (None, one.edit.project)
    ]


def _added(said: RecordedEdit, edit: Add) -> Task:
    return Task(
        id=said.task,
        text=edit.text,
        state=TaskState.PENDING,
        derived_state=None,
        origin=Origin.PERSON,
        session=None,
        project=edit.project,
        branch=edit.branch,
    )


def apply_edits(
    derived: Derived, every: list[RecordedEdit], *, whole: bool
) -> tuple[list[str], set[str]]:
    """Carry the edits out on these tasks; what was refused, and whose state a person set.

    `whole` where these are all tasks there are, so that one that is not there is lost.
    """
    by_id = {task.id: task for task in derived.tasks}
    refused, states = list[str](), set[str]()
    for said in effective_edits(every):
        task = by_id.get(said.task)
        if task is None:
            if whole:
                refused.append(
                    f"{_who(said)}: no file tells of that task any more. "
                    f"`tailboard tasks reset {said.task}` forgets it."
                )
            continue
        why = _carry_out(said, task, by_id, derived, states)
        if why is None:
            task.edited = task.edited or not isinstance(said.edit, Add)
            # What a person cares about is shown, whatever the plan has become.
            task.current = True
        else:
            refused.append(f"{_who(said)}: {why}")
    return refused, states


def _carry_out(
    said: RecordedEdit, task: Task, by_id: dict[str, Task], derived: Derived, states: set[str]
) -> str | None:
    """Why it cannot be done; None where it is."""
    match said.edit:
        case Set(state=state):
            task.state = state
            states.add(task.id)
            if said.reason:
                task.notes.append(said.reason)
        case Owner(name=name):
            task.owner = name
        case AddEvidence(kind=kind, ref=ref):
            proof = Evidence(kind, ref, said.actor)
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
            task.depends_on = [one for one in task.depends_on if one != to]
    return None


def _link(task: Task, to: str, by_id: dict[str, Task], derived: Derived) -> str | None:
    if to in task.depends_on:
        return None
    ring = closes_cycle(derived.edges, task.id, to)
    if ring is not None:
        return cycle_text(ring, by_id)
    task.depends_on.append(to)
    if to in by_id:
        derived.edges.append(Edge(to, task.id, EdgeKind.DEPENDS))
        by_id[to].current = True
    return None


def closes_cycle(edges: Iterable[Edge], task: str, to: str) -> list[str] | None:
    """The path that a task would wait for itself along, if it depended on the other one."""
    way = cycles.shortest_path((edge for edge in edges if edge.kind is EdgeKind.DEPENDS), task, to)
    return None if way is None else [*way, task]


def cycle_text(ring: list[str], by_id: dict[str, Task]) -> str:
    named = (f"{one} ({by_id[one].text})" if one in by_id else one for one in ring)
    return f"It would close a ring: {' → '.join(named)}."


def _who(said: RecordedEdit) -> str:
    verb = said.edit.__struct_config__.tag
    return f"{said.actor} said `{verb}` of {said.task} at {said.at:%Y-%m-%d %H:%M}"
