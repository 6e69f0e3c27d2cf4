"""Messages between the owner and its readers: plain values that cross a process border."""

from msgspec import Struct, field

from ingest.codex.rejected_runs import RejectedRun, Tally
from ingest.codex.state import FoldState
from ingest.tail.cursor import START, Cursor
from ingest.tail.source import Kind, Representation

WHOLE = 1 << 50
"""The limit of a job that reads the whole rest of a file as one batch."""

HUNG = "reader.hung"
"""Failure code of a batch whose reader stopped reporting that it is alive."""


class Job(Struct):
    """One batch to read: a range of one generation of one source."""

    batch: str
    source: int
    kind: Kind
    thread: str
    path: bytes
    """The bytes of the path, which need not be valid Unicode."""
    representation: Representation
    limit: int
    cap: int
    cursor: Cursor = START
    state: FoldState | None = None
    restart: bool = False
    """The source was rewritten: read it from its beginning, as the next generation."""
    isolated: bool = False
    """A process died while it read this batch: report every block before decoding it."""
    report_lines_near: int | None = None
    """In the block that contains this byte, report every line before decoding it."""
    lines_to_skip: list[int] = field(default_factory=list)
    """Offsets of lines that killed readers. They are rejected without being decoded."""


class SourceFailure(Struct):
    """Why a batch could not be read. `error_class` is an `ingest.batches.failure.ErrorClass`."""

    code: str
    error_class: str
    message: str
    hint: str | None = None


class JobDone(Struct):
    """How a job ended. Its facts are in the `ReaderOutput` that contains it."""

    batch: str
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
    """A run of rejected lines that began in an earlier batch and continues in this one."""
    replaces: bool = False
    """Facts of older generations are dropped when this batch is stored."""
    reason: str | None = None
    failure: SourceFailure | None = None


class JobAlive(Struct, tag="alive"):
    """Progress report of a reader: where it is now."""

    batch: str
    byte: int
    place: str = ""
    """What starts at the byte: `block` or `line`; empty while the file is being opened."""


class ReaderOutput(Struct, tag="parcel"):
    """Results of a group of jobs, and one file of facts for each table."""

    done: list[JobDone]
    tables: dict[str, str] = field(default_factory=dict)
    """Table to the path of its facts, one JSON object a line."""
