"""The vocabulary of journals: what was wanted, planned, done, decided and spent. Values only.

All text is as it stands in the log, masked and cut, and never trusted: who draws it makes it safe.
"""

from datetime import datetime

from msgspec import Struct

from ingest.sessions.session import Tokens


class LogPosition(Struct, frozen=True):
    """Where in Codex's files something stands."""

    file: str
    """Relative to Codex's home."""
    byte: int


class CommandRun(Struct, frozen=True):
    """A command that was run."""

    at: datetime | None
    command: str
    status: str
    exit_code: int | None
    seconds: float | None
    place: LogPosition


class FileChange(Struct, frozen=True):
    """A file, and what patches did to it, in their order and each once."""

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
    files: list[FileChange]
    tokens: int
    place: LogPosition


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


class Revision(Struct, frozen=True):
    """How a plan went on."""

    at: datetime | None
    explanation: str | None
    done: list[str]
    added: list[str]
    dropped: list[str]
    place: LogPosition


class JournalPlan(Struct, frozen=True):
    steps: list[JournalStep]
    revisions: list[Revision]


class Decision(Struct, frozen=True):
    """What a person decided: an answer to a question, or what they said here."""

    at: datetime | None
    question: str
    answer: str
    place: LogPosition | None


class JournalFailure(Struct, frozen=True):
    at: datetime | None
    what: str
    how: str
    """The exit code, or the error."""
    said: str | None
    """The end of its output."""
    repaired_at: datetime | None
    """When the same command went well, later in the session."""
    repaired: bool
    place: LogPosition


class JournalCommit(Struct, frozen=True):
    sha: str
    subject: str | None
    at: datetime | None
    place: LogPosition | None


class Source(Struct, frozen=True):
    """A file of Codex's that this was made of."""

    file: str
    note: str | None


class Note(Struct, frozen=True):
    """What the optional command noted; made from untrusted text."""

    text: str
    kind: str | None


class Entry(Struct, frozen=True, kw_only=True):
    """One session, or the part of it that falls into a day."""

    session: str
    title: str
    project: str
    branch: str | None
    commit: str | None
    parent: str | None
    agent: str | None
    model: str | None
    cli_version: str | None
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str
    """How its newest turn stands, as the log says it."""
    objective: str | None
    goals: list[JournalStep]
    plan: JournalPlan | None
    turn_count: int
    earlier: EarlierTurns | None
    turns: list[JournalTurn]
    decisions: list[Decision]
    failures: list[JournalFailure]
    files: list[FileChange]
    commits: list[JournalCommit]
    tokens: Tokens
    notes: list[Note]
    sources: list[Source]


class Journal(Struct, frozen=True, kw_only=True):
    title: str
    kind: str
    """`session`, `day` or `project`."""
    name: str
    """The session's id, the day, or the project."""
    project: str | None
    zone: str
    """Whose days and clock it is told in."""
    decisions: list[Decision]
    """What people said of its tasks."""
    entries: list[Entry]
    redacted: int
    """How many secrets and private parts are masked in it."""
