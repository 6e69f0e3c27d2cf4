"""A task as one session lists it, and all of those that are one task. Values only."""

from datetime import datetime
from typing import Final

from msgspec import Struct, field

from ingest.projects.tasks.model import Origin, Task, TaskState
from ingest.sessions.session import Session

NEVER: Final = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere
"""The time of what has none: before everything else."""
_FOREVER: Final = datetime(9999, 12, 31)  # noqa: DTZ001


class ListedTask(Struct, eq=False, gc=False):
    """A task as one session lists it, or as a person added it."""

    task: Task
    session: Session | None
    first_text: str
    at: datetime | None
    """When it was first listed."""
    changed_at: datetime | None = None
    """When its state last changed."""
    closed_at: datetime | None = None
    """When it was completed or dropped, if it is closed."""
    begins_closed: bool = False
    """Whether it was first listed as completed."""
    why: str | None = None
    """Why it is the same task as the ones before."""
    place: int = 0
    """The position among the tasks of the session."""

    @property
    def begun(self) -> datetime:
        return self.at or (self.session and self.session.started_at) or NEVER

    @property
    def evidence_at(self) -> datetime:
        """When its state became known. That a plan dropped it says nothing about later plans."""
        return (self.changed_at if self.task.current else None) or self.begun

    def is_open(self, moment: datetime) -> bool:
        """Whether it was open at this time."""
        return not self.is_closed or (self.closed_at is not None and self.closed_at > moment)

    @property
    def is_closed(self) -> bool:
        """Whether the session completed or dropped it."""
        return self.session is not None and (
            not self.task.current or self.task.state is TaskState.DONE
        )


class TaskGroup(Struct, eq=False):
    """The appearances of one task, in the order in which they were first seen."""

    seen: list[ListedTask] = field(default_factory=list)
    planned: set[str] = field(default_factory=set)
    """The sessions whose plan contains it."""
    branches: dict[str | None, ListedTask] = field(default_factory=dict)
    """The newest appearance on each branch."""
    open_until: datetime = NEVER
    """When the last branch closed it."""

    def add(self, seen: ListedTask) -> None:
        self.seen.append(seen)
        self.branches[seen.task.branch] = seen
        self.open_until = max(
            (one.closed_at or NEVER) if one.is_closed else _FOREVER
            for one in self.branches.values()
        )
        if seen.session is not None and seen.task.origin is not Origin.PROPOSED:
            self.planned.add(seen.session.id)

    def is_open(self, branch: str | None, moment: datetime) -> bool:
        if self.open_until <= moment:
            return False
        here = self.branches.get(branch)
        return here is None or here.is_open(moment)
