"""What is asked of a reader, and what it answers: plain values that cross a process border."""

from msgspec import Struct, field

from ingest.codex.rejected_runs import RejectedRun, Tally
from ingest.codex.state import FoldState
from ingest.tail.cursor import START, Cursor
from ingest.tail.source import Kind, Representation

WHOLE = 1 << 50
"""The limit of a job that is to read all there is, as one batch."""

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
    isolated: bool = False
    """Somebody died of it: tell every block before it is decoded."""
    report_lines_near: int | None = None
    """Of the block with this byte tell every line."""
    lines_to_skip: list[int] = field(default_factory=list)
    """Lines that readers died of: they are rejected undecoded."""


class SourceFailure(Struct):
    """Why a batch could not be read; the classes are those of `ingest.batches`."""

    code: str
    error_class: str
    message: str
    hint: str | None = None


class JobDone(Struct):
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
    grown: RejectedRun | None = None
    """The stretch of rejected lines, stored before, that goes on here."""
    replaces: bool = False
    """The facts of older generations are dropped with the first lines of this one."""
    reason: str | None = None
    failure: SourceFailure | None = None


class JobAlive(Struct, tag="alive"):
    """What a reader works on right now."""

    lease: str
    byte: int
    place: str = ""
    """What begins at the byte: a `block`, a `line`; nothing while the file is being opened."""


class ReaderOutput(Struct, tag="parcel"):
    """What a group of jobs came to: answers, and one file of facts a table."""

    done: list[JobDone]
    tables: dict[str, str] = field(default_factory=dict)
    """Table to the path of its facts, one JSON object a line."""
