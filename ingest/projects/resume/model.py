"""The model of the resume: the open work of a session, with positions in the log. Values only."""

from datetime import datetime

from msgspec import Struct, field

from ingest.projects.git.alignment import Alignment, AlignmentState
from ingest.sessions.session import Session


class LogPosition(Struct, frozen=True):
    """A position in the log."""

    session: str
    turn: int | None = None
    path: str | None = None
    byte: int | None = None
    """Where its line begins."""
    revision: int | None = None
    """The revision of the plan."""


class OpenQuestion(Struct, frozen=True):
    text: str
    at: datetime | None
    place: LogPosition


class OpenStep(Struct, frozen=True):
    id: str
    text: str
    state: str
    origin: str
    place: LogPosition | None


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
    """A decision by a person."""

    text: str
    by: str
    at: datetime


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
    asked: OpenQuestion | None = None
    failures: list[OpenFailure] = field(default_factory=list)
    files: list[TouchedFile] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    commits: list[SessionCommit] = field(default_factory=list)
    """Made while it ran."""
    uncovered: list[SessionCommit] = field(default_factory=list)
    """Made since it began, while no session ran."""
    command: str
    brief: str = ""
