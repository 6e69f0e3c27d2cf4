"""The edit log: a second record of what people did, one line each in `edits.jsonl`.

Facts can be read again from Codex's files, but edits of people cannot, so they are also kept
outside the database. A line is synced to the disk before `append` returns; an incomplete last line
does not damage others; processes that write at the same time lose no line. `replay.py` applies the
lines to a new database.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ingest import log
from ingest.errors import DatabaseUnusable, DiskFull
from ingest.private_files import open_private, sync, write_atomic

NAME = "edits.jsonl"


class LoggedEdit(msgspec.Struct, frozen=True, kw_only=True):
    """An action of a person, with the batches that it moved."""

    id: str
    db: str
    """The name of the database's file: a folder may contain more than one."""
    homes: list[str] = []
    """The Codex homes that the database followed, if the edit is about their sessions: it then
    belongs to every database that follows one of them, whatever the name of its file."""
    at: datetime
    actor: str
    verb: str
    reason: str | None
    selection: dict[str, Any]
    arguments: dict[str, Any]
    batches: list[str]
    matched: int
    skipped: dict[str, int]


class EditLog:
    def __init__(self, database: Path) -> None:
        self.path = database.with_name(NAME)
        self.db = database.name

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, edit: LoggedEdit) -> int:
        """Write and sync one line; return the size of the file after it."""
        line = msgspec.json.encode(edit) + b"\n"
        is_new = not self.path.exists()
        with self._locked() as file:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                # A process died while it wrote the last line. Start on a new line.
                line = b"\n" + line
            try:
                _write(file, line, size)
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)
                raise
            if is_new:
                sync(self.path.parent)
        return size + len(line)

    def revoke(self, edit: str) -> None:
        """Remove the line of an edit that failed.

        Overwrites it with spaces of the same length, which works on a full disk.
        """
        if not self.size():
            return
        with self._locked() as file, os.fdopen(os.dup(file), "rb") as lines:
            start = 0
            for line in lines:
                decoded = _decode(line)
                if decoded is not None and decoded.id == edit:
                    _write(file, b" " * (len(line) - 1) + b"\n", start)
                start += len(line)
            os.fsync(file)

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        """Apply `change` to every line in a new file; return how many lines differ."""
        if not self.size():
            return 0
        with self._locked() as file, os.fdopen(os.dup(file), "rb") as lines:
            before = lines.read().splitlines()
            after = [change(line) for line in before]
            changed = sum(old != new for old, new in zip(before, after, strict=True))
            if changed:
                write_atomic(self.path, (line + b"\n" for line in after), durable=True)
        return changed

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Open and lock the file. Only the holder of the lock may replace it."""
        try:
            while True:
                file = open_private(self.path, os.O_RDWR | os.O_CREAT)
                try:
                    # On a file system without locks we assume that only one process writes.
                    with log.suppress("Locking the log of edits", OSError):
                        fcntl.flock(file, fcntl.LOCK_EX)
                    if os.path.samestat(os.fstat(file), self.path.lstat()):
                        yield file
                        return
                except FileNotFoundError:
                    pass  # Replaced or removed while this process waited for the lock.
                finally:
                    os.close(file)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(self.path) from error
            raise DatabaseUnusable(self.path, error) from error

    def read(self, homes: Collection[str] = ()) -> Iterator[LoggedEdit]:
        """Yield the edits of this database, which follows these homes, oldest first."""
        try:
            file = os.fdopen(open_private(self.path, os.O_RDONLY), "rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise DatabaseUnusable(self.path, error) from error
        with file:
            for line in file:
                edit = _decode(line)
                if edit is None:
                    continue
                if edit.homes and homes:
                    ours = any(home in homes for home in edit.homes)
                else:
                    ours = edit.db == self.db
                if ours:
                    yield edit


def _write(file: int, data: bytes, at: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], at + written)


def _decode(line: bytes) -> LoggedEdit | None:
    """Decode a line; None if it is incomplete or not an edit."""
    try:
        return msgspec.json.decode(line, type=LoggedEdit)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
