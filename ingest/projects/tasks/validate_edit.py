"""What a person wants to say of a task, held against the roadmap before it is written down.

Promises that what would be refused when it is read is refused here, with the reason, and is not
written down at all. Writing it down is for whoever has the database.
"""

from ingest.projects.tasks.apply_edits import closes_cycle, cycle_text
from ingest.projects.tasks.edits import Add, Link, RecordedEdit, Undo, Unlink, last_edit
from ingest.projects.tasks.model import EdgeKind, Roadmap, Task
from ingest.sessions.errors import Problem


class DependencyCycle(Problem):
    """The tasks would wait for each other."""

    code = "ring"


class LinkMissing(Problem):
    """The tasks do not hang together."""

    code = "no_link"


class NothingToUndo(Problem):
    """This person said nothing that could be taken back."""

    code = "nothing_to_undo"


class EmptyText(Problem):
    """There are no words."""

    code = "empty"


def link(roadmap: Roadmap, task: Task, to: Task) -> Link:
    """That the task waits for the other one."""
    ring = closes_cycle(roadmap.edges, task.id, to.id)
    if ring is not None:
        by_id = {one.id: one for one in roadmap.tasks}
        raise DependencyCycle(
            cycle_text(ring, by_id), "`tailboard tasks unlink` takes one of them away."
        )
    return Link(to.id)


def unlink(roadmap: Roadmap, task: Task, to: Task) -> Unlink:
    """That it does not."""
    kinds = (EdgeKind.DEPENDS, EdgeKind.ORDER)
    if not any(
        (edge.source, edge.target) == (to.id, task.id) and edge.kind in kinds
        for edge in roadmap.edges
    ):
        raise LinkMissing(
            f"{task.id} ({task.text}) does not wait for {to.id} ({to.text}).",
            f"`tailboard tasks show {task.id}` tells what it waits for.",
        )
    return Unlink(to.id)


def add(text: str, project: str, branch: str | None) -> Add:
    words = " ".join(text.split())
    if not words:
        raise EmptyText(
            "A task needs words.", 'Like this: tailboard tasks add "Write the changelog"'
        )
    return Add(words, project, branch)


def undo(every: list[RecordedEdit], actor: str) -> tuple[RecordedEdit, Undo]:
    """What this person did last, and that it is taken back."""
    last = last_edit(every, actor)
    if last is None:
        raise NothingToUndo(
            f"{actor} has said nothing of tasks that could be taken back.",
            "`tailboard tasks history ID` tells who said what.",
        )
    return last, Undo(last.id)
