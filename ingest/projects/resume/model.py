"""The model of the resume: the open work of a session, with positions in the log. Values only."""

from datetime import datetime
from typing import Final

from msgspec import Struct, field

from ingest.codex.liveness import SessionState
from ingest.projects.git.alignment import Alignment, AlignmentState
from ingest.projects.git.work_tree import WorkTree
from ingest.sessions.session import Session

AT_WORK: Final = (SessionState.RUNNING, SessionState.WAITING)
"""Sessions in these states cannot be resumed by another process."""


class LogPosition(Struct, frozen=True):
    """A position in the log."""

    session: str
    turn: int | None = None
    path: str | None = None
    byte: int | None = None
    """Where its line begins."""
    revision: int | None = None
    """The revision of the plan."""


class PlacedText(Struct, frozen=True):
    """A request or an answer."""

    text: str
    at: datetime | None
    place: LogPosition | None


class DoneStep(Struct, frozen=True):
    """A task that is done; or the request of a session without a plan that ended."""

    id: str | None
    """The task's id."""
    text: str
    origin: str
    at: datetime | None
    where: str | None
    """Where it was done, if on another branch."""
    place: LogPosition | None


class OpenStep(Struct, frozen=True):
    id: str
    text: str
    state: str
    origin: str
    place: LogPosition | None
    at: datetime | None = None
    """When it was left, begun or listed."""
    next: bool = False
    """Whether to do it next."""
    owner: str | None = None
    where: str | None = None
    """Where it was done, if on another branch that is not part of this one."""
    waits_for: list[str] = field(default_factory=list)
    """The ids of open tasks that block it."""
    also: list[str] = field(default_factory=list)
    """What is folded into it: the request for it, its agents, and steps with nearly its text."""


class OpenFailure(Struct, frozen=True):
    command: str
    exit_code: int | None
    output: str | None
    """The last line it wrote."""
    at: datetime | None
    times: int
    place: LogPosition


class TouchedFile(Struct, frozen=True):
    path: str
    change: str
    moved_to: str | None
    at: datetime | None
    times: int
    place: LogPosition


class Decision(Struct, frozen=True):
    """A decision by a person, or one that an answer of an agent states."""

    text: str
    by: str
    at: datetime | None
    place: LogPosition | None = None


class ResumeNote(Struct, frozen=True):
    """A note of a person about a task, or of the optional observer command."""

    text: str
    by: str
    at: datetime
    place: LogPosition | None = None


class ResumeSummary(Struct, frozen=True):
    """The summary that counts, of those that people and roles wrote."""

    text: str
    by: str
    """The person, or the role."""
    person: bool
    at: datetime
    place: LogPosition | None
    """The session that it is of; None if it is of the project."""


class Unmerged(Struct, frozen=True):
    """A branch that is not part of what is checked out, on which sessions worked."""

    branch: str
    sessions: int
    title: str
    """Of the latest session."""
    at: datetime | None
    place: LogPosition


class SessionCommit(Struct, frozen=True):
    id: str
    subject: str
    at: datetime
    author: str


class Resume(Struct, kw_only=True):
    """The fields of `resume --json`, in their order; `brief` is the rendered text."""

    project: str
    branch: str | None
    session: Session
    chosen_because: str
    alignment: AlignmentState
    alignment_why: str
    git: Alignment
    open_steps: list[OpenStep] = field(default_factory=list)
    last_prompt: str | None = None
    asked: PlacedText | None = None
    failures: list[OpenFailure] = field(default_factory=list)
    """Of all sessions of the line of work."""
    files: list[TouchedFile] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    commits: list[SessionCommit] = field(default_factory=list)
    """Made by the session."""
    uncovered: list[SessionCommit] = field(default_factory=list)
    """Made since it began, while no session ran."""
    command: str
    """How to continue: never a session that is running."""
    brief: str = ""
    as_of: datetime
    """When this was read; ages in `brief` are relative to it."""
    objective: PlacedText | None = None
    """The open goal, or the first request of the line of work."""
    done: list[DoneStep] = field(default_factory=list)
    """The last ones, the newest first."""
    done_count: int = 0
    last_answer: PlacedText | None = None
    """How the last answer ended."""
    work_tree: WorkTree | None = None
    """What is not committed; None if that cannot be read."""
    unmerged: list[Unmerged] = field(default_factory=list)
    notes: list[ResumeNote] = field(default_factory=list)
    family: list[str] = field(default_factory=list)
    """The session and its agents."""
    sessions: list[str] = field(default_factory=list)
    """The sessions of the line of work, most recently active first."""
    running: list[Session] = field(default_factory=list)
    """Those of them that are at work now, without agents."""
    state_file: list[str] = field(default_factory=list)
    """Where the state file of the checkout and the database disagree."""
    summaries: list[ResumeSummary] = field(default_factory=list)
    """Those that count: of the session, then of the project."""
