"""The vocabulary of tasks: what was to be done, how it stands, what hangs on what. Values only."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class TaskState(StrEnum):
    PENDING = "pending"
    READY = "ready"
    """Pending, and nothing it depends on is open."""
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    """For its user, in a session that waits."""
    STALLED = "stalled"
    BLOCKED = "blocked"
    """Pending, and something it depends on is open; or a person says so."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Origin(StrEnum):
    """Where a task was found."""

    PLAN = "plan"
    """A step of `update_plan`."""
    GOAL = "goal"
    AGENT = "agent"
    """What a sub-agent was given to do."""
    PROPOSED = "proposed"
    """A proposed plan, or a check list in a message: said, and never set as a plan."""
    REQUEST = "request"
    """What a person asked for in a turn that did not finish."""
    PERSON = "person"
    """Added by hand."""


class EdgeKind(StrEnum):
    ORDER = "order"
    """The next step of the same plan: a soft edge, inferred."""
    DEPENDS = "depends"
    """A person says so: a hard edge."""
    PART = "part"
    """From a goal to a step, from an agent to its sub-agent's task."""
    CONTINUED = "continued"
    """The same work goes on in a later session."""


class Evidence(Struct, frozen=True):
    kind: str
    """`command`, `file`, `commit`, `session`."""
    ref: str
    by: str
    """`observed`, or who says so."""


class Task(Struct, kw_only=True):
    """The fields of `tasks --json`, in their order."""

    id: str
    """Made of where it was first seen, so that it is the same in every database."""
    text: str
    state: TaskState
    derived_state: TaskState | None
    """What the log says, where a person says otherwise; None for what a person added."""
    edited: bool
    origin: Origin
    session: str | None
    project: str
    branch: str | None
    depends_on: list[str] = field(default_factory=list)
    blocked_by: list[str] = field(default_factory=list)
    """Those of them that are open."""
    ready: bool = False
    owner: str | None = None
    evidence: list[Evidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    revision: int | None = None
    """The newest revision of its plan that holds it."""
    current: bool = True
    """Whether the newest plan still holds it."""


class Edge(Struct, frozen=True):
    source: str
    """The task that comes first."""
    target: str
    kind: EdgeKind


class Roadmap(Struct):
    """The tasks of a scope and how they hang together."""

    tasks: list[Task]
    edges: list[Edge]
    refused: list[str] = field(default_factory=list)
    """Edits that cannot be carried out, each as a sentence: a cycle with its path, a lost task."""
    plan_tool_off: bool = False
    """Whether Codex refused a plan in this scope, because its plan tool is off."""
