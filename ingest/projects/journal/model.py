"""The model of journals. Values only.

All text is from the log, masked and truncated, but untrusted: whoever renders it must escape it.
Names of fields are the keys of `journal --json`.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from ingest.sessions.session import Tokens


class FilePosition(Struct, frozen=True):
    """A position in Codex's files."""

    file: str
    """Relative to Codex's home."""
    byte: int


class CommandRun(Struct, frozen=True):
    at: datetime | None
    command: str
    status: str
    exit_code: int | None
    seconds: float | None
    place: FilePosition


class ChangedFile(Struct, frozen=True):
    """A file, and the distinct changes that patches made to it, in order."""

    path: str
    changes: list[str]
    times: int


class JournalTurn(Struct, frozen=True, kw_only=True):
    n: int
    at: datetime | None
    seconds: float | None
    state: str
    asked: str | None
    answered: str | None
    error: str | None
    commands: list[CommandRun]
    files: list[ChangedFile]
    tokens: int
    place: FilePosition


class EarlierTurns(Struct, frozen=True):
    """Older turns of a long session, counted."""

    first: int
    last: int
    commands: int
    failed: int
    files: list[str]


class JournalStep(Struct, frozen=True):
    text: str
    status: str


class PlanChange(Struct, frozen=True):
    """What a revision of a plan changed."""

    at: datetime | None
    explanation: str | None
    done: list[str]
    added: list[str]
    dropped: list[str]
    place: FilePosition


class JournalPlan(Struct, frozen=True):
    steps: list[JournalStep]
    revisions: list[PlanChange]


class JournalDecision(Struct, frozen=True):
    """A person's decision: an answer to a question, or an edit of a task; or one that an answer of
    the agent states.
    """

    at: datetime | None
    question: str
    """Empty for a stated one."""
    answer: str
    place: FilePosition | None
    state: str | None = None
    """The state that the edit gave to the task, which `question` names."""


class FailureKind(StrEnum):
    COMMAND = "command"
    PATCH = "patch"
    TURN = "turn"


class JournalFailure(Struct, frozen=True):
    at: datetime | None
    what: str
    how: str
    """The exit code, or the error."""
    output: str | None = field(name="said")
    """The end of its output."""
    repaired_at: datetime | None
    """When the same was done successfully later in the session."""
    repaired: bool
    place: FilePosition
    kind: FailureKind = FailureKind.COMMAND


class JournalCommit(Struct, frozen=True):
    sha: str
    subject: str | None
    at: datetime | None
    place: FilePosition | None


class JournalSource(Struct, frozen=True):
    """A file of Codex that the entry was built from."""

    file: str
    note: str | None


class JournalNote(Struct, frozen=True):
    """A note by the optional observer command; made from untrusted text."""

    text: str
    kind: str | None


class JournalEntry(Struct, frozen=True, kw_only=True):
    """One session, or the part of it that falls into a day."""

    session: str
    title: str
    project: str
    cwd: str | None
    repository: str | None
    """URL of the remote."""
    branch: str | None
    commit: str | None
    parent: str | None
    agent: str | None
    model: str | None
    cli_version: str | None
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str
    """The state of its newest turn in the log."""
    objective: str | None
    goals: list[JournalStep]
    plan: JournalPlan | None
    turn_count: int
    earlier: EarlierTurns | None
    turns: list[JournalTurn]
    decisions: list[JournalDecision]
    failures: list[JournalFailure]
    files: list[ChangedFile]
    commits: list[JournalCommit]
    tokens: Tokens
    notes: list[JournalNote]
    sources: list[JournalSource]


class Journal(Struct, frozen=True, kw_only=True):
    title: str
    kind: str
    """`session`, `day` or `project`."""
    name: str
    """The session's id, the day, or the project."""
    project: str | None
    zone: str
    """The time zone of days and times."""
    decisions: list[JournalDecision]
    """People's edits of its tasks."""
    entries: Sequence[JournalEntry]
    """`Entries`, which are not held in memory."""
    redacted: int
    """How many secrets and private parts are masked in it."""
