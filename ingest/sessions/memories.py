"""What Codex remembers by itself: how its memory pipeline stands, and the files that it wrote.

The pipeline makes a memory of each session (stage 1) and then consolidates them. It is off by
default, and Codex does not show that it fails.
"""

import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.errors import CodexDatabaseUnread, SourceError
from ingest.live.codex_databases import MEMORIES, DatabaseUnread, MemoryRow, memory_pipeline
from ingest.tail.opening import open_source
from ingest.tail.source import Representation
from ingest.text.numbers import pluralize
from ingest.text.redact import mask
from ingest.text.sanitize import one_line, truncate_chars

_FOLDER: Final = "memories"
_SUMMARIES: Final = "rollout_summaries"
_FILES: Final = ("memory_summary.md", "MEMORY.md")
_MAX_BYTES: Final = 256 * 1024
_MAX_ENTRIES: Final = 500
_CHARS: Final = 300
_DONE: Final = frozenset({"done", "completed", "succeeded", "success"})
_RUNNING: Final = frozenset({"running", "claimed", "leased"})
_APPLIES: Final = re.compile(r"applies_to:.*?cwd=([^\s;,)]+)")


class Coverage(Struct, frozen=True):
    """The fields of `coverage` in `memories --json`."""

    sessions: int
    covered: int
    failed: int

    @property
    def sentence(self) -> str:
        covered = f"{self.covered} of {pluralize(self.sessions, 'session')} remembered"
        return f"{covered}, {self.failed} failed." if self.failed else f"{covered}."


class MemoryJob(Struct, frozen=True):
    """The fields of a job in `memories --json`, in their order."""

    kind: str
    session: str
    """What it is about: the id of a session, or the name of what is consolidated."""
    status: str
    """As Codex names it, or `stuck`: it claims to run, but its lease has expired."""
    error: str | None
    retry_at: datetime | None
    retries_left: int | None
    home: str


class MemoryEntry(Struct, frozen=True):
    """The fields of an entry in `memories --json`, in their order."""

    path: str
    title: str
    applies_to: list[str]
    """The folders that it names."""
    changed_at: datetime
    chars: int


class Memories(Struct, frozen=True):
    coverage: Coverage
    jobs: list[MemoryJob]
    """Those that are not done, failed ones first."""
    entries: list[MemoryEntry]


def load_memories(reader: NamedQueries, homes: Iterable[Path], now: datetime) -> Memories:
    """What the homes remember. Raises `CodexDatabaseUnread` if Codex's database is not in a form
    that is known."""
    threads: dict[str, set[str]] = {str(home): set() for home in homes}
    for row in reader.rows("sessions.of_people", homes=list(threads)):
        threads[row["home"]].add(row["id"])
    jobs: list[MemoryJob] = []
    entries: list[MemoryEntry] = []
    covered = failed = 0
    for home, sessions in threads.items():
        try:
            pipeline = memory_pipeline(home)
        except DatabaseUnread as error:
            raise CodexDatabaseUnread(f"{MEMORIES} of Codex is not read: {error}") from error
        covered += len(sessions & pipeline.covered.keys())
        of_home = [_job(row, home, now) for row in pipeline.jobs if row.status not in _DONE]
        failed += len({job.session for job in of_home if job.error} & sessions)
        jobs += of_home
        entries += _entries(Path(home, _FOLDER))
    jobs.sort(key=lambda job: (job.error is None, job.status != "stuck", job.kind, job.session))
    total = sum(map(len, threads.values()))
    return Memories(Coverage(total, covered, failed), jobs, entries)


def _job(row: MemoryRow, home: str, now: datetime) -> MemoryJob:
    lease = _time(row.lease_until)
    stuck = row.status in _RUNNING and lease is not None and lease < now
    return MemoryJob(
        kind=one_line(row.kind),
        session=one_line(row.key),
        status="stuck" if stuck else one_line(row.status),
        error=None if not row.error else truncate_chars(one_line(mask(row.error)), _CHARS),
        retry_at=_time(row.retry_at),
        retries_left=row.retries_left,
        home=home,
    )


def _time(seconds: int | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds or 0, UTC).replace(tzinfo=None) if seconds else None
    except (OverflowError, ValueError, OSError):
        return None


def _entries(folder: Path) -> Iterator[MemoryEntry]:
    paths = [folder / name for name in _FILES]
    try:
        with os.scandir(folder / _SUMMARIES) as found:
            names = sorted(entry.name for entry in found if entry.name.endswith(".md"))
    except OSError:
        names = []
    paths += [folder / _SUMMARIES / name for name in names[:_MAX_ENTRIES]]
    for path in paths:
        if (entry := _entry(path)) is not None:
            yield entry


def _entry(path: Path) -> MemoryEntry | None:
    try:
        with open_source(path, Representation.PLAIN) as file:
            text = mask(file.read_at(0, _MAX_BYTES).decode("utf-8", "replace"))
            changed_ns = file.seen.mtime_ns
    except SourceError:
        return None  # Deleted by now, a link, or not permitted.
    lines = (one_line(line).lstrip("# ") for line in text.splitlines())
    return MemoryEntry(
        path=str(path),
        title=truncate_chars(next(filter(None, lines), ""), _CHARS),
        applies_to=sorted(set(map(one_line, _APPLIES.findall(text)))),
        changed_at=datetime.fromtimestamp(changed_ns / 1e9, UTC).replace(tzinfo=None),
        chars=len(text),
    )
