"""Validates task edits against the roadmap before they are recorded.

An edit that could not be applied later is refused here, with the reason. The caller records it.
"""

from ingest.errors import ProjectError
from ingest.projects.tasks.apply_edits import closes_cycle, cycle_text
from ingest.projects.tasks.edits import Add, Link, RecordedEdit, Undo, Unlink, last_edit
from ingest.projects.tasks.model import EdgeKind, Roadmap, Task


def link(roadmap: Roadmap, task: Task, to: Task) -> Link:
    cycle = closes_cycle(roadmap.edges, task.id, to.id)
    if cycle is not None:
        by_id = {task_.id: task_ for task_ in roadmap.tasks}
        raise ProjectError(
            cycle_text(cycle, by_id),
            "Remove one of these links with `tailboard tasks unlink`.",
            code="ring",
        )
    return Link(to.id)


def unlink(roadmap: Roadmap, task: Task, to: Task) -> Unlink:
    kinds = (EdgeKind.DEPENDS, EdgeKind.ORDER)
    if not any(
        (edge.source, edge.target) == (to.id, task.id) and edge.kind in kinds
        for edge in roadmap.edges
    ):
        raise ProjectError(
            f"{task.id} ({task.text}) does not depend on {to.id} ({to.text}).",
            f"`tailboard tasks show {task.id}` shows what it depends on.",
            code="no_link",
        )
    return Unlink(to.id)


def add(text: str, project: str, branch: str | None) -> Add:
    words = " ".join(text.split())
    if not words:
        raise ProjectError(
            "The text of the task is empty.",
            'Example: tailboard tasks add "Write the changelog"',
            code="empty",
        )
    return Add(words, project, branch)


def undo(every: list[RecordedEdit], actor: str) -> tuple[RecordedEdit, Undo]:
    """The last edit by this person, and the edit that undoes it."""
    last = last_edit(every, actor)
    if last is None:
        raise ProjectError(
            f"Nothing to undo: {actor} has no task edit to undo.",
            "`tailboard tasks history ID` shows who changed what.",
            code="nothing_to_undo",
        )
    return last, Undo(last.id)
