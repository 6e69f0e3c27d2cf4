"""Which tasks are looked at: the filters that people have words for, each decided here. Pure."""

from enum import StrEnum

from ingest.memory.tasks.task import Task, TaskState


class Choice(StrEnum):
    ALL = "all"
    READY = "ready"
    BLOCKED = "blocked"
    STUCK = "stuck"
    """Waiting, stalled or failed: they need somebody."""
    DONE = "done"
    UNPROVEN = "unproven"
    """Said to be done, and nothing was seen of it."""


_STATES = {
    Choice.READY: {TaskState.READY},
    Choice.BLOCKED: {TaskState.BLOCKED},
    Choice.STUCK: {TaskState.WAITING, TaskState.STALLED, TaskState.FAILED},
    Choice.DONE: {TaskState.DONE},
}


def chosen(tasks: list[Task], choice: Choice) -> list[Task]:
    if choice is Choice.ALL:
        return tasks
    if choice is Choice.UNPROVEN:
        return [task for task in tasks if task.unproven]
    return [task for task in tasks if task.state in _STATES[choice]]


def following(tasks: list[Task]) -> Task | None:
    """The next thing to do: the first that is ready, a step of a plan before anything else."""
    ready = [task for task in tasks if task.ready and task.relevant]
    return min(ready, key=lambda task: task.origin.value == "request", default=None)
