"""The format of state files, version 2. Values only.

Nothing in them depends on the current time: the same facts give the same bytes. Approvals are not
included, because Codex records none. What people did is in `decisions`, each with its edit, so that
it can be imported with their names; what sessions did to a task is in `sessions` of its item.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import force_setattr

from ingest.projects.tasks.edits import TaskEdit

PROJECT: Final = "tailboard.project_state/2"
SESSION: Final = "tailboard.session_state/2"

Word = Annotated[str, Meta(min_length=1, max_length=4096)]
ProofKind = Literal["command", "file", "commit", "session"]
State = Literal["pending", "in_progress", "blocked", "done", "failed", "cancelled"]
"""Without waiting, stalled and ready, which depend on the current time or on other tasks."""


class _Dated(Struct, frozen=True):
    """Times are naive UTC, as in the database; in the files they end with `Z`."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime) and value.tzinfo is not None:
                try:
                    moment = value.astimezone(UTC)
                except OverflowError:
                    raise ValueError("The time is out of range") from None
                force_setattr(self, name, moment.replace(tzinfo=None))


class Proof(Struct, frozen=True, forbid_unknown_fields=True):
    kind: ProofKind
    ref: Word
    by: str = "you"


class SeenIn(_Dated, frozen=True, forbid_unknown_fields=True):
    """A task in one session that lists it."""

    session: str
    id: str
    """The id of the task in this session alone."""
    state: State
    branch: str | None = None
    at: datetime | None = None
    """When the session first listed it."""
    changed_at: datetime | None = None
    """When its state last changed there."""


class Written(Struct, frozen=True, forbid_unknown_fields=True):
    """What Tailboard wrote into the fields that a person may change."""

    state: State
    owner: str | None
    lists: str
    """Digest of the lists."""


class StateItem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A task or a goal. A person may change `state` and `owner`, and add to the lists."""

    text: Word
    id: str | None = None
    """None for a task to add."""
    state: State = "pending"
    owner: str | None = None
    log_state: State | None = None
    """The state by the log alone; None for a task that a person added."""
    origin: str = "person"
    branch: str | None = None
    depends_on: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    evidence: list[Proof] = field(default_factory=list)
    sessions: list[SeenIn] = field(default_factory=list)
    """The sessions that list it, the oldest first."""
    written: Written | None = None
    """Distinguishes an edit from an outdated file; None for a task to add."""


class StateEdge(Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    target: str
    kind: str


class Milestone(Struct, frozen=True, forbid_unknown_fields=True):
    """A task that is done, with the commit that proves it."""

    task: str
    text: str
    commit: str


class Decided(_Dated, frozen=True, forbid_unknown_fields=True):
    """A person's decision: an edit of a task, or an answer to Codex."""

    said: str
    about: str
    by: str
    at: datetime | None
    session: str | None = None
    """Where an answer was given."""
    id: str | None = None
    """The id of the edit; the same in every database."""
    task: str | None = None
    edit: TaskEdit | None = None
    reason: str | None = None


class Checkpoint(_Dated, frozen=True, forbid_unknown_fields=True):
    """The commit a session began at, or one that was made in it."""

    at: datetime | None
    branch: str | None
    commit: str
    session: str


class SessionLink(_Dated, frozen=True, forbid_unknown_fields=True):
    title: str
    id: str
    file: str
    """The state file of the session."""
    last_at: datetime | None = None
    """When it was last active, as far as this file knows."""


class ProjectState(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: Literal["tailboard.project_state/2"] = PROJECT
    project: Word
    repository: str | None = None
    goals: list[StateItem] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    tasks: list[StateItem] = field(default_factory=list)
    edges: list[StateEdge] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    sessions: list[SessionLink] = field(default_factory=list)


class StateProblem(_Dated, frozen=True):
    what: str
    how: str
    at: datetime | None


class StatedMessage(Struct, frozen=True):
    """One of the newest turns."""

    asked: str | None
    answered: str | None
    state: str
    n: int


class OpenItem(Struct, frozen=True):
    """An open task of a session; its item is in the state of the project."""

    text: str
    id: str
    state: State


class StatedSummary(_Dated, frozen=True):
    """The summary that counts, of those that people and roles wrote."""

    text: str
    by: str
    """The person, or the role."""
    person: bool
    at: datetime


class SessionSummary(Struct, frozen=True, kw_only=True):
    objective: str | None
    outcome: str
    turns: int
    earlier: list[str]
    """The turns before, a sentence each: what was asked, and what came of it."""
    latest: list[StatedMessage]
    files: list[str]
    tokens: int
    written: StatedSummary | None = None


class SessionDocument(Struct, frozen=True, kw_only=True):
    schema: Literal["tailboard.session_state/2"] = SESSION
    title: str
    id: str
    parent: str | None
    branch: str | None
    commit: str | None
    started_at: datetime | None
    ended_at: datetime | None
    summary: SessionSummary
    subtasks: list[OpenItem]
    """Open steps of its plan and goals."""
    follow_ups: list[OpenItem]
    """Open requests and proposals."""
    failures: list[StateProblem]
    """Failures that were not repaired."""
    notes: list[str]
