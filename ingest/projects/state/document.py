"""The format of state files, version 1. Values only.

Nothing in them depends on the current time: the same facts give the same bytes. Approvals are not
included, because Codex records none.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

PROJECT: Final = "tailboard.project_state/1"
SESSION: Final = "tailboard.session_state/1"

Word = Annotated[str, Meta(min_length=1, max_length=4096)]
ProofKind = Literal["command", "file", "commit", "session"]
State = Literal["pending", "in_progress", "blocked", "done", "failed", "cancelled"]
"""Without waiting, stalled and ready, which depend on the current time or on other tasks."""


class Proof(Struct, frozen=True, forbid_unknown_fields=True):
    kind: ProofKind
    ref: Word
    by: str = "you"


class StateItem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task or a goal. A person may change `state` and `owner`, and add to the lists."""

    text: Word
    id: str | None = None
    """None for a task to add."""
    state: State = "pending"
    log_state: State | None = None
    """The state by the log alone; None for a task that a person added."""
    origin: str = "person"
    session: str | None = None
    branch: str | None = None
    owner: str | None = None
    depends_on: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    evidence: list[Proof] = field(default_factory=list)
    mark: str | None = None
    """Digest of the item when it was written; distinguishes an edit from an outdated file."""


class StateEdge(Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    target: str
    kind: str


class Milestone(Struct, frozen=True, forbid_unknown_fields=True):
    """A task that is done, with the commit that proves it."""

    task: str
    text: str
    commit: str


class Decided(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's decision: an edit of a task, or an answer to Codex."""

    at: datetime | None
    by: str
    about: str
    said: str


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """The commit a session began at, or one that was made in it."""

    at: datetime | None
    branch: str | None
    commit: str
    session: str


class SessionLink(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    title: str
    file: str
    """The state file of the session."""


class ProjectState(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: Literal["tailboard.project_state/1"] = PROJECT
    project: Word
    repository: str | None = None
    goals: list[StateItem] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    tasks: list[StateItem] = field(default_factory=list)
    edges: list[StateEdge] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    sessions: list[SessionLink] = field(default_factory=list)


class StateProblem(Struct, frozen=True):
    at: datetime | None
    what: str
    how: str


class StatedMessage(Struct, frozen=True):
    """One of the newest turns."""

    n: int
    state: str
    asked: str | None
    answered: str | None


class SessionSummary(Struct, frozen=True, kw_only=True):
    objective: str | None
    outcome: str
    turns: int
    earlier: str | None
    """Earlier turns as one line of counts."""
    latest: list[StatedMessage]
    files: list[str]
    tokens: int


class SessionDocument(Struct, frozen=True, kw_only=True):
    schema: Literal["tailboard.session_state/1"] = SESSION
    id: str
    parent: str | None
    title: str
    branch: str | None
    commit: str | None
    started_at: datetime | None
    ended_at: datetime | None
    summary: SessionSummary
    subtasks: list[StateItem]
    """Open steps of its plan and goals."""
    follow_ups: list[StateItem]
    """Open requests and proposals."""
    failures: list[StateProblem]
    """Failures that were not repaired."""
    notes: list[str]
