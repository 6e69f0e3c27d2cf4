"""What is asked of a reader, and what it answers: plain values that cross a process border."""

from msgspec import Struct, field

from ingest.codex.fold import Tally
from ingest.codex.state import FoldState
from ingest.tail.cursor import START, Cursor
from ingest.tail.source import Kind, Representation

HUNG = "reader.hung"
"""The code of the failure of a batch whose reader gave no sign of life any more."""


class Job(Struct):
    """One batch to read: a range of one generation of one source."""

    batch: str
    lease: str
    source: int
    kind: Kind
    thread: str
    path: bytes
    """As the system has it: it need not be text."""
    representation: Representation
    limit: int
    cap: int
    cursor: Cursor = START
    state: FoldState | None = None
    restart: bool = False
    """The source was rewritten: read it from its beginning, as this generation."""


class Trouble(Struct):
    """Why a batch could not be read; the classes are those of `ingest.batches`."""

    code: str
    error_class: str
    message: str
    hint: str | None = None


class Done(Struct):
    """How a job ended. Its facts are in the parcel it came with."""

    batch: str
    lease: str
    source: int
    start: int
    outcome: str
    """`read`, `empty` (no whole line yet, or nothing new), `rewritten`, `failed`."""
    cursor: Cursor = START
    state: FoldState | None = None
    tally: Tally = field(default_factory=Tally)
    partial: int = 0
    more: bool = False
    facts: int = 0
    bytes_read: int = 0
    seconds: float = 0.0
    stale: list[tuple[str, int]] = field(default_factory=list)
    replaces: bool = False
    """The facts of older generations are dropped with the first lines of this one."""
    reason: str | None = None
    trouble: Trouble | None = None


class Alive(Struct, tag="alive"):
    """What a reader works on right now."""

    lease: str
    byte: int


class Parcel(Struct, tag="parcel"):
    """What a group of jobs came to: answers, and one file of facts a table."""

    done: list[Done]
    tables: dict[str, str] = field(default_factory=dict)
    """Table to the path of its facts, one JSON object a line."""
