"""The named filters for tasks. Pure."""

from enum import StrEnum
from typing import Final

from ingest.projects.tasks.model import CLOSED, Origin, Task, TaskState
from ingest.sessions.session import short_length


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
    TaskFilter.BLOCKED: {TaskState.BLOCKED},
    TaskFilter.STUCK: {TaskState.WAITING, TaskState.STALLED, TaskState.FAILED},
    TaskFilter.DONE: {TaskState.DONE},
}


def filter_tasks(tasks: list[Task], choice: TaskFilter) -> list[Task]:
    if choice is TaskFilter.ALL:
        return tasks
    if choice is TaskFilter.READY:
        return ready_tasks(tasks)
    if choice is TaskFilter.UNPROVEN:
        return [task for task in tasks if task.unproven]
    return [task for task in tasks if task.state in _STATES[choice]]


LEAST_DIGITS: Final = 4
"""Shortest id prefix of a task to show."""


def ready_tasks(tasks: list[Task]) -> list[Task]:
    """The tasks that can be worked on now. If there are none: what was proposed, and what was
    planned so long ago that it is stalled.
    """
    return [task for task in tasks if task.ready] or [
        task
        for task in tasks
        if task.current
        and not task.blocked_by
        and (task.state is TaskState.STALLED or _is_open_proposal(task))
    ]


def _is_open_proposal(task: Task) -> bool:
    return task.origin is Origin.PROPOSED and task.state is TaskState.PENDING


def next_task(tasks: list[Task]) -> Task | None:
    """What was begun and left comes first, then the steps of plans, then everything else."""
    ready = [task for task in ready_tasks(tasks) if task.current]
    return min(ready, key=_rank, default=None)


_RANKS: Final = {
    Origin.PLAN: 1,
    Origin.PERSON: 1,
    Origin.REQUEST: 5,
    Origin.GOAL: 4,
    Origin.MILESTONE: 4,
}


def _rank(task: Task) -> int:
    if task.where is not None:
        return 3  # Done on another branch: it has to be merged, not to be done again.
    if task.origin is Origin.PLAN and task.left_at is not None and task.ready:
        return 0
    return _RANKS.get(task.origin, 2)


def why_none_is_ready(tasks: list[Task]) -> str:
    """Why `ready` and `next` are empty, as a sentence."""
    digits = short_length((task.id for task in tasks), LEAST_DIGITS)
    open_ = [task for task in tasks if task.current and task.state not in CLOSED]
    if not open_:
        return "No tasks." if not tasks else "Nothing is open."
    for task in open_:
        if task.blocked_by:
            others = ", ".join(one[:digits] for one in task.blocked_by)
            return f"Nothing is ready: {task.id[:digits]} waits for {others}."
    task = min(open_, key=lambda one: one.state is not TaskState.WAITING)
    match task.state:
        case TaskState.WAITING:
            why = "waits for your answer"
        case TaskState.IN_PROGRESS:
            why = "is in progress"
        case _:
            why = f"is {task.state.replace('_', ' ')}"
    return f"Nothing is ready: {task.id[:digits]} {why}."
