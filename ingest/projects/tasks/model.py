"""The vocabulary of tasks: what was to be done, how it stands, what hangs on what. Values only."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field


class TaskState(StrEnum):
    PENDING = "pending"
    """Open, behind a step of its plan that is still open; or only proposed."""
    READY = "ready"
    """Open, and nothing before it is."""
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    """For its user, in a session that waits."""
    STALLED = "stalled"
    """Begun, in a session that nobody goes on with."""
    BLOCKED = "blocked"
    """Open, and something it depends on is open; or a person says so."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


CLOSED: Final = frozenset({TaskState.DONE, TaskState.CANCELLED})
"""Nobody has to do anything about these."""


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
    """From a goal to a step, from a step to the agent it was given to, on to that one's steps."""
    CONTINUED = "continued"
    """The same work goes on in a later session."""


class EvidenceKind(StrEnum):
    COMMAND = "command"
    FILE = "file"
    COMMIT = "commit"
    SESSION = "session"


OBSERVED: Final = "observed"
"""Who says so, where the log does."""


class Evidence(Struct, frozen=True, gc=False):
    kind: EvidenceKind
    ref: str
    by: str
    """`observed`, or the person who says so."""


class Task(Struct, kw_only=True, gc=False):
    """The fields of `tasks --json`, in their order."""

    id: str
    """Made of where it was first seen, so that it is the same in every database."""
    text: str
    state: TaskState
    derived_state: TaskState | None
    """What the log alone says; None for what a person added."""
    edited: bool = False
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
    """False where the newest plan has dropped it."""
    continued_in: str | None = None
    """The task of a later session of this scope that goes on with it."""

    @property
    def relevant(self) -> bool:
        """Whether a person would look for it here: it was not dropped, and goes on nowhere else."""
        return self.current and (self.continued_in is None or self.edited)

    @property
    def unproven(self) -> bool:
        """Whether it is said to be done, and nothing was seen of it."""
        return self.state is TaskState.DONE and not self.evidence


class Edge(Struct, frozen=True, gc=False):
    source: str
    """The task that comes first."""
    target: str
    kind: EdgeKind


class Roadmap(Struct):
    """The tasks of a scope and how they hang together; the session that moved last comes first."""

    tasks: list[Task] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Edits that cannot be carried out, each as a sentence: a cycle with its path, a lost task."""
    plan_tool_off: bool = False
    """Whether plans are missing because Codex's plan tool is off."""
