"""Validates task edits against the roadmap before they are recorded.

An edit that could not be applied later is refused here, with the reason. The caller records it.
"""

from ingest.errors import ProjectError
from ingest.projects.tasks.apply_edits import closes_cycle, cycle_text
from ingest.projects.tasks.edits import (
    Add,
    Join,
    Link,
    Part,
    RecordedEdit,
    Undo,
    Unlink,
    last_edit,
)
from ingest.projects.tasks.model import EdgeKind, Origin, Roadmap, Task


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


def join(roadmap: Roadmap, task: Task, other: Task) -> Join:
    if task.id == other.id:
        raise ProjectError(
            f"{task.id} ({task.text}) is one task already.",
            f"`tailboard tasks history {task.id}` shows its ids.",
            code="same_task",
        )
    if task.project != other.project:
        raise ProjectError(
            f"{task.id} is a task of {task.project}, {other.id} of {other.project}.",
            "Tasks of two projects cannot be one task; `tailboard tasks link` links them.",
            code="other_project",
        )
    for first, second in ((task, other), (other, task)):
        if closes_cycle(roadmap.edges, first.id, second.id) is not None:
            raise ProjectError(
                f"{second.id} ({second.text}) waits for {first.id} ({first.text}), so they cannot "
                "be one task.",
                "Remove the link between them with `tailboard tasks unlink`.",
                code="ring",
            )
    return Join(other.id)


def part(task: Task, prefix: str) -> tuple[str, Part]:
    """The id of the appearance that begins with the prefix, and the edit that separates it."""
    first, *later = (one.id for one in task.appearances)
    matches = [id_ for id_ in later if id_.startswith(prefix.lower())]
    if len(matches) == 1 and not first.startswith(prefix.lower()):
        return matches[0], Part()
    if later:
        why = f"{prefix} is not one of its later ids, which are {', '.join(later)}."
    else:
        why = "It has only one id."
    raise ProjectError(
        f"Nothing can be separated from {first} ({task.text}). {why}",
        f"`tailboard tasks history {first}` shows the session of each id.",
        code="nothing_to_part",
    )


def add(text: str, project: str, branch: str | None = None, origin: Origin = Origin.PERSON) -> Add:
    words = " ".join(text.split())
    if not words:
        raise ProjectError(
            "The text of the task is empty.",
            'Example: tailboard tasks add "Write the changelog"',
            code="empty",
        )
    return Add(words, project, branch, origin)


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
