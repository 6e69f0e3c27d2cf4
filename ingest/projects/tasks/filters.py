"""The named filters for tasks. Pure."""

from enum import StrEnum

from ingest.projects.tasks.model import Task, TaskState


class TaskFilter(StrEnum):
    ALL = "all"
    READY = "ready"
    BLOCKED = "blocked"
    STUCK = "stuck"
    """Waiting, stalled or failed: a person has to act."""
    DONE = "done"
    UNPROVEN = "unproven"
    """Done, but without evidence."""


_STATES = {
    TaskFilter.READY: {TaskState.READY},
    TaskFilter.BLOCKED: {TaskState.BLOCKED},
    TaskFilter.STUCK: {TaskState.WAITING, TaskState.STALLED, TaskState.FAILED},
    TaskFilter.DONE: {TaskState.DONE},
}


def filter_tasks(tasks: list[Task], choice: TaskFilter) -> list[Task]:
    if choice is TaskFilter.ALL:
        return tasks
    if choice is TaskFilter.UNPROVEN:
        return [task for task in tasks if task.unproven]
    return [task for task in tasks if task.state in _STATES[choice]]


def next_task(tasks: list[Task]) -> Task | None:
    """The first ready task; unfinished requests come last."""
    ready = [task for task in tasks if task.ready and task.relevant]
    return min(ready, key=lambda task: task.origin.value == "request", default=None)
