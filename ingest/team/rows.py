"""What leaves: the rows of shared projects, one struct for each table of the team's store.

The fields of a struct are columns of its table; a test compares them. All text is masked once more
here, and what PostgreSQL refuses in it is replaced. No path of this machine is a column of its own,
and at level *figures* no text of a session leaves: a name that Codex recorded (a model, a version)
only if it looks like one.
"""

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import ClassVar, Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import astuple

from ingest.projects.safe_export import masked
from ingest.team.membership import Membership

_NAME: Final = re.compile(r"[\w.:/+-]{1,64}", re.ASCII)
"""What a model or a version looks like."""
_REFUSED: Final = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL does not store in a text."""
_TIME_BITS: Final = 48


class Unit(Struct, frozen=True):
    """What is sent as a whole: a session, or (without one) the tasks of a project."""

    home: str
    session: str
    stamp: str = ""
    bytes: int = 0


class GoneUnit(Struct, frozen=True):
    home: str
    session: str
    reason: str


class Changes(Struct, frozen=True):
    """What of a project is not as it was sent last."""

    units: list[Unit]
    gone: list[GoneUnit]
    total: int
    """How many units changed; `units` may be some of them."""

    @property
    def count(self) -> int:
        return self.total + len(self.gone)

    @property
    def is_complete(self) -> bool:
        """Whether these are all changes."""
        return self.total == len(self.units)


class SharedRow(Struct, frozen=True, kw_only=True):
    noun: ClassVar[str]


class SessionRow(SharedRow, frozen=True, kw_only=True):
    noun: ClassVar[str] = "sessions"
    session: str
    parent: str | None
    state: str | None
    waits: bool
    started_at: datetime | None
    last_at: datetime | None
    turns: int
    failed_turns: int
    commands: int
    failed_commands: int
    plan_total: int
    plan_done: int
    seconds: float | None
    input: int
    cached: int
    output: int
    reasoning: int
    total: int
    model: str | None
    cli_version: str | None
    title: str | None = None
    branch: str | None = None


class UsageRow(SharedRow, frozen=True, kw_only=True):
    noun: ClassVar[str] = "usage_days"
    session: str
    day: date | None
    model: str | None
    input: int
    cached: int
    output: int
    reasoning: int
    total: int


class TaskRow(SharedRow, frozen=True, kw_only=True):
    noun: ClassVar[str] = "tasks"
    task: str
    text: str
    state: str
    origin: str
    ready: bool
    current: bool
    session: str | None
    branch: str | None
    owner: str | None
    started_at: datetime | None
    ended_at: datetime | None


class JournalRow(SharedRow, frozen=True, kw_only=True):
    noun: ClassVar[str] = "journal_entries"
    session: str
    day: date | None
    at: datetime | None
    title: str
    text: str


class MemoryRow(SharedRow, frozen=True, kw_only=True):
    noun: ClassVar[str] = "memories"
    session: str
    task: str | None
    repo: str | None
    language: str | None
    goal: str | None
    model: str | None
    mode: str | None
    status: str
    created_at: datetime | None
    artifacts: str
    """JSON."""
    files: str
    """JSON."""
    summary: str | None


ROWS: Final[tuple[type[SharedRow], ...]] = (SessionRow, UsageRow, TaskRow, JournalRow, MemoryRow)
NOUNS: Final = tuple(row.noun for row in ROWS)
_KEYS: Final = ("installation", "id", "unit", "project", "digest")
COLUMNS: Final = {row.noun: (*_KEYS, *row.__struct_fields__) for row in ROWS}


class BuiltRow(Struct, frozen=True):
    id: uuid.UUID
    unit: uuid.UUID
    row: SharedRow

    def values(self, installation: uuid.UUID, project: uuid.UUID) -> tuple[object, ...]:
        """In the order of `COLUMNS`."""
        return (installation, self.id, self.unit, project, self._digest, *astuple(self.row))

    @property
    def _digest(self) -> str:
        return blake2b(msgspec.json.encode(self.row), digest_size=16).hexdigest()


class Portion(Struct, frozen=True):
    """Units of a project, and their rows by table."""

    units: list[Unit]
    rows: dict[str, list[BuiltRow]] = field(default_factory=lambda: {noun: [] for noun in NOUNS})

    @property
    def count(self) -> int:
        return sum(map(len, self.rows.values()))

    def add(
        self, unit: uuid.UUID, at: datetime | None, key: Sequence[object], row: SharedRow
    ) -> None:
        self.rows[row.noun].append(BuiltRow(timed_id(at, row.noun, *key), unit, row))


# ── ids ─────────────────────────────────────────────────────────────────────────────────────────


def _digest(*parts: object) -> bytes:
    return blake2b(msgspec.json.encode([str(part) for part in parts]), digest_size=16).digest()


def unit_id(project: str, home: str, session: str) -> uuid.UUID:
    return uuid.UUID(bytes=_digest("unit", home, session or project))


def project_id(membership: Membership, project: str) -> uuid.UUID:
    """The same on every machine, if the project is known by its repository; a folder is another one
    on each."""
    owner = membership.installation if project.startswith("/") else ""
    return uuid.UUID(bytes=_digest("project", owner, project))


def timed_id(at: datetime | None, *parts: object) -> uuid.UUID:
    """Begins with the time, so that rows can be partitioned by it."""
    milliseconds = 0
    if at is not None:
        milliseconds = max(0, int(at.replace(tzinfo=UTC).timestamp() * 1000))
    rest = int.from_bytes(_digest(*parts)[:10])
    return uuid.UUID(int=(milliseconds % (1 << _TIME_BITS)) << 80 | rest)


# ── text ────────────────────────────────────────────────────────────────────────────────────────


def clean(text: str) -> str:
    """Masked, and without what PostgreSQL refuses."""
    return _REFUSED.sub("\ufffd", masked(text))


def clean_if_any(text: str | None) -> str | None:
    return clean(text) if text else None


def name_if_any(text: str | None) -> str | None:
    return text if text and _NAME.fullmatch(text) else None
