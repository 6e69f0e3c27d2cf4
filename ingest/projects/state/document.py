"""The vocabulary of state files, version 1. Values only.

What changes by itself as time goes by is not in them: the same facts give the same bytes. Approvals
are not in them either, because Codex records none.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

PROJECT: Final = "tailboard.project_state/1"
SESSION: Final = "tailboard.session_state/1"

Word = Annotated[str, Meta(min_length=1, max_length=4096)]
ProofKind = Literal["command", "file", "commit", "session"]
State = Literal["pending", "in_progress", "blocked", "done", "failed", "cancelled"]
"""What waits, stalls or is ready does so by the clock or by other tasks, and is not written."""


class Proof(Struct, frozen=True, forbid_unknown_fields=True):
    kind: ProofKind
    ref: Word
    by: str = "you"


class Item(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task or a goal. A person may change `state` and `owner`, and add to the lists."""

    id: str | None = None
    """None for a task that is to be added."""
    text: Word
    state: State = "pending"
    log_state: State | None = None
    """What the log alone says; None for what a person added."""
    origin: str = "person"
    session: str | None = None
    branch: str | None = None
    owner: str | None = None
    depends_on: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    evidence: list[Proof] = field(default_factory=list)
    mark: str | None = None
    """What it was when it was written, so that an edit is told from an old file."""


class Edge(Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    target: str
    kind: str


class Milestone(Struct, frozen=True, forbid_unknown_fields=True):
    """A task that is done, with the commit that shows it."""

    task: str
    text: str
    commit: str


class Decided(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person decided: said here, or answered to Codex."""

    at: datetime | None
    by: str
    about: str
    said: str


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """Where git stood when a session began, or a commit that was made in it."""

    at: datetime | None
    branch: str | None
    commit: str
    session: str


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    title: str
    file: str
    """Its own file of state."""


class ProjectState(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: Literal["tailboard.project_state/1"] = PROJECT
    project: Word
    repository: str | None = None
    goals: list[Item] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    tasks: list[Item] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    sessions: list[Link] = field(default_factory=list)


class StateProblem(Struct, frozen=True):
    at: datetime | None
    what: str
    how: str


class StatedMessage(Struct, frozen=True):
    """One of the newest turns, in short."""

    n: int
    state: str
    asked: str | None
    answered: str | None


class Summary(Struct, frozen=True, kw_only=True):
    objective: str | None
    outcome: str
    turns: int
    earlier: str | None
    """Older turns, as one counted line."""
    latest: list[StatedMessage]
    files: list[str]
    tokens: int


class SessionState(Struct, frozen=True, kw_only=True):
    schema: Literal["tailboard.session_state/1"] = SESSION
    id: str
    parent: str | None
    title: str
    branch: str | None
    commit: str | None
    started_at: datetime | None
    ended_at: datetime | None
    summary: Summary
    subtasks: list[Item]
    """What is open of its plan and goals."""
    follow_ups: list[Item]
    """What was asked or proposed in it, and is open."""
    failures: list[StateProblem]
    """Not repaired in it."""
    notes: list[str]
