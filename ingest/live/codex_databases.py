"""What Codex keeps in SQLite files beside its sessions: queued messages, titles, pins, memories.

The files are opened read-only, for one short query, and closed at once. Nothing is created beside
them and nothing is locked that Codex waits for: without a write-ahead log the file is read as it
is, with one its index is only read. If a file is busy, or its tables are not known, it is left
alone, and `doctor` says so.
"""

import contextlib
import os
import stat
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct

QUEUE: Final = "queue_1.sqlite"
STATE: Final = "state_5.sqlite"
MEMORIES: Final = "memories_1.sqlite"
_BUSY_SECONDS: Final = 0.05
_MAX_MILLION_STEPS: Final = 20
"""Steps of SQLite's machine after which a query is ended."""
_MAX_ROWS: Final = 20_000
_TITLE_CHARS: Final = 500

_QUEUED: Final = "select thread_id, count(*) from queued_items group by thread_id"
_COLUMNS: Final = "select name from pragma_table_info('threads')"
_JOBS: Final = (
    "select kind, job_key, status, lease_until, retry_at, retry_remaining, last_error from jobs "
    "order by kind, job_key"
)
_COVERED: Final = "select thread_id, generated_at from stage1_outputs order by thread_id"


class DatabaseUnread(Exception):
    """Why a file is not read, as a sentence."""


class MemoryRow(Struct, frozen=True):
    """A job of Codex's memory pipeline. Times are Unix seconds."""

    kind: str
    key: str
    """The thread, for the first stage."""
    status: str
    lease_until: int | None
    retry_at: int | None
    retries_left: int | None
    error: str | None


class MemoryPipeline(Struct, frozen=True):
    jobs: list[MemoryRow]
    covered: dict[str, int]
    """When the memory of each thread was made."""


class ThreadTitle(Struct, frozen=True):
    """How Codex lists a thread."""

    name: str
    """What a person called it; empty if nobody did."""
    first_message: str

    @property
    def text(self) -> str:
        return self.name or self.first_message


class Threads(Struct, frozen=True):
    """Codex's own list of threads."""

    titles: Mapping[str, ThreadTitle] = {}
    pinned: frozenset[str] = frozenset()


def queued(home: str) -> dict[str, int]:
    """How many messages wait to be sent, by thread."""
    return {str(thread): int(count) for thread, count in _read(home, QUEUE, _QUEUED)}


def threads(home: str) -> Threads:
    """The titles and pins of Codex's own list. Older releases lack some of its columns."""
    columns = {name for (name,) in _read(home, STATE, _COLUMNS)}
    if not columns and not identity(home, STATE):
        return Threads()
    name = f"substr(name, 1, {_TITLE_CHARS})" if "name" in columns else "null"
    pin = "is_pinned and not archived" if "is_pinned" in columns else "false"
    query = f"select id, {name}, substr(title, 1, {_TITLE_CHARS}), {pin} from threads"  # noqa: S608
    rows = _read(home, STATE, query)
    return Threads(
        {str(id_): ThreadTitle(str(name or ""), str(title or "")) for id_, name, title, _ in rows},
        frozenset(str(id_) for id_, _, _, is_pinned in rows if is_pinned),
    )


def memory_pipeline(home: str) -> MemoryPipeline:
    jobs = [
        MemoryRow(str(kind), str(key), str(status), _number(lease), _number(retry), _number(left),
                  None if error is None else str(error))
        for kind, key, status, lease, retry, left, error in _read(home, MEMORIES, _JOBS)
    ]  # fmt: skip
    covered = {str(id_): _number(at) or 0 for id_, at in _read(home, MEMORIES, _COVERED)}
    return MemoryPipeline(jobs, covered)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def identity(home: str, name: str) -> tuple[int, ...]:
    """Changes when the file may have changed; empty if it does not exist."""
    found: list[int] = []
    for suffix in ("", "-wal"):
        with contextlib.suppress(OSError):
            info = os.lstat(os.path.join(home, name + suffix))
            found += (info.st_ino, info.st_size, info.st_mtime_ns)
    return tuple(found)


def _read(home: str, name: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query; none if there is no such file."""
    path = os.path.join(home, name)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise DatabaseUnread("It is not a regular file.")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DatabaseUnread(f"It cannot be read: {error.strerror}.") from error
    # SQLite would create a missing log and its index, even for reading.
    mode = "mode=ro&readonly_shm=1" if os.path.lexists(f"{path}-wal") else "mode=ro&immutable=1"
    try:
        # Imported late: most commands do not need it. A Python may be built without it.
        import sqlite3
    except ImportError as error:
        raise DatabaseUnread("This Python has no module for SQLite.") from error

    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(path)}?{mode}", uri=True, timeout=_BUSY_SECONDS)
        ) as database:
            steps = iter(range(_MAX_MILLION_STEPS))
            database.set_progress_handler(lambda: next(steps, None) is None, 1_000_000)
            return database.execute(query).fetchmany(_MAX_ROWS)
    except sqlite3.OperationalError as error:
        unknown = "no such" in str(error)
        reason = "Its tables are not in a form that is known." if unknown else "It is busy."
        raise DatabaseUnread(reason) from error
    except sqlite3.Error as error:
        raise DatabaseUnread("It is not a database of Codex.") from error
