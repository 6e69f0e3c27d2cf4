"""The model of tasks: tasks, their states, and the edges between them. Values only."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field


class TaskState(StrEnum):
    PENDING = "pending"
    """Open, after a step of its plan that is still open; or only proposed."""
    READY = "ready"
    """Open, and everything before it is closed."""
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    """Waiting for the user, in a session that waits for input."""
    STALLED = "stalled"
    """Started, in a session that is no longer active."""
    BLOCKED = "blocked"
    """Open, and a task it depends on is open; or marked as blocked by a person."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


CLOSED: Final = frozenset({TaskState.DONE, TaskState.CANCELLED})
"""States that need no further work."""


class Origin(StrEnum):
    """Where a task was found."""

    PLAN = "plan"
    """A step of `update_plan`."""
    GOAL = "goal"
    """Set in Codex, or added by hand."""
    AGENT = "agent"
    """A task given to a sub-agent."""
    PROPOSED = "proposed"
    """A proposed plan, or a check list in a message, that never became a plan."""
    REQUEST = "request"
    """A request in a turn that did not finish."""
    PERSON = "person"
    """Added by hand."""
    MILESTONE = "milestone"
    """Added by hand: reached when the tasks that it waits for are done."""


class EdgeKind(StrEnum):
    ORDER = "order"
    """Inferred from the order of steps in a plan: a soft edge."""
    DEPENDS = "depends"
    """Set by a person: a hard edge."""
    PART = "part"
    """From a goal to its steps, from a step to its sub-agent, from there to the agent's steps."""


class EvidenceKind(StrEnum):
    COMMAND = "command"
    FILE = "file"
    COMMIT = "commit"
    SESSION = "session"


OBSERVED: Final = "observed"
"""The author of evidence that was found in the log."""


class Evidence(Struct, frozen=True, gc=False):
    kind: EvidenceKind
    ref: str
    by: str
    """`observed`, or the person who added it."""


class Appearance(Struct, frozen=True, gc=False):
    """A task in one session."""

    id: str
    """The task's id if this session were the only one; remains valid as a name of the task."""
    session: str | None
    """None where a person added the task."""
    branch: str | None
    state: TaskState
    at: datetime | None
    """When the session first listed it."""
    why: str | None = None
    """Why it is the same task as before; None for the first appearance."""
    changed_at: datetime | None = None
    """When its state last changed in the session."""
    place: int = 0
    """The position among the tasks of the session."""


class Task(Struct, kw_only=True, gc=False):
    """The fields of `tasks --json`, in their order."""

    id: str
    """Derived from where it was first seen, so it is the same in every database."""
    text: str
    state: TaskState
    derived_state: TaskState | None
    """The state by the log alone; None for a task that a person added."""
    edited: bool = False
    origin: Origin
    session: str | None
    project: str
    branch: str | None
    depends_on: list[str] = field(default_factory=list)
    blocked_by: list[str] = field(default_factory=list)
    """The tasks in `depends_on` that are open."""
    ready: bool = False
    """Whether it can be worked on now: it is open, nothing blocks it, and no session is at it."""
    owner: str | None = None
    evidence: list[Evidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    revision: int | None = None
    """The newest revision of its plan that contains it."""
    current: bool = True
    """False if the newest plan dropped it."""
    where: str | None = None
    """Where it was done, if on another branch: `done on x, merged in 3fa9c1e`."""
    left_at: datetime | None = None
    """When the session that began it ended, if it left the task open."""
    appearances: list[Appearance] = field(default_factory=list)
    """The sessions that list it, the oldest first."""

    @property
    def sessions(self) -> list[str]:
        """The sessions that list it, the oldest first."""
        return [one.session for one in self.appearances if one.session is not None]

    @property
    def unproven(self) -> bool:
        """Whether it is done without evidence."""
        return self.state is TaskState.DONE and not self.evidence


class Edge(Struct, frozen=True, gc=False):
    source: str
    """The task that comes first."""
    target: str
    kind: EdgeKind


class Roadmap(Struct):
    """The tasks of a scope and their edges; the most recently active session comes first."""

    tasks: list[Task] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Edits that cannot be applied, each as a sentence: a cycle with its path, a lost task."""
    plan_tool_off: bool = False
    """Whether sessions have no plans because Codex's plan tool is off."""
    names: dict[str, str] = field(default_factory=dict)
    """The other ids of tasks that several sessions list, each with the task's id."""

    elsewhere: set[str] = field(default_factory=set)
    """Dependencies that are no tasks of the projects that were loaded."""
    linked_outside: set[str] = field(default_factory=set)
    """Tasks that people linked with tasks outside the scope, in either direction."""

    def id_of(self, name: str) -> str:
        """The id of the task that has this id or once had it."""
        return self.names.get(name, name)
