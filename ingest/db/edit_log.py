"""What people did, a second time: one line each in `edits.jsonl` beside the database.

Promises that a line is on the disk, file and folder, before `append` returns, that a torn last line
spoils no other, and that processes that change the file at the same time lose no line. Facts can be
read again from Codex's files; this cannot, which is why it is kept outside of the database.
Carrying lines out again is `replay.py`'s.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ingest.db.errors import DatabaseUnusable, DiskFull
from ingest.db.fsync import sync

NAME = "edits.jsonl"


class LoggedEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One action of a person, with the batches that it moved."""

    id: str
    db: str
    """The name of the database's file: a folder may hold more than one."""
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
    """The file of edits beside one database."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(NAME)
        self.db = database.name

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, edit: LoggedEdit) -> int:
        """Write one line to the disk; the size of the file behind it."""
        line = msgspec.json.encode(edit) + b"\n"
        is_new = not self.path.exists()
        with self._changing() as file:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                # Whoever wrote this died of it; what comes now must not be glued to it.
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
        """Take back the line of an edit that was not carried out. It becomes an empty one of the
        same length, which a full disk has room for."""
        if not self.size():
            return
        with self._changing() as file, os.fdopen(os.dup(file), "rb") as lines:
            start = 0
            for line in lines:
                found = _decoded(line)
                if found is not None and found.id == edit:
                    _write(file, b" " * (len(line) - 1) + b"\n", start)
                start += len(line)
            os.fsync(file)

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        """Change every line; how many were. The old bytes are in no file of ours afterwards."""
        if not self.size():
            return 0
        with self._changing() as file, os.fdopen(os.dup(file), "rb") as lines:
            before = lines.read().splitlines()
            after = [change(line) for line in before]
            changed = sum(old != new for old, new in zip(before, after, strict=True))
            if changed:
                part = self.path.with_name(f"{self.path.name}.part")
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
                with os.fdopen(os.open(part, flags, 0o600), "wb") as new:
                    new.writelines(line + b"\n" for line in after)
                sync(part)
                part.replace(self.path)
                sync(self.path.parent)
        return changed

    @contextlib.contextmanager
    def _changing(self) -> Iterator[int]:
        """The file, for one process at a time; it may be replaced only inside."""
        try:
            while True:
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                file = os.open(self.path, flags, 0o600)
                try:
                    # A file system that knows no locks is used by one process, we hope.
                    with contextlib.suppress(OSError):
                        fcntl.flock(file, fcntl.LOCK_EX)
                    if os.path.samestat(os.fstat(file), self.path.lstat()):
                        yield file
                        return
                except FileNotFoundError:
                    pass  # Replaced, or removed, while this process waited for it.
                finally:
                    os.close(file)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(self.path) from error
            raise DatabaseUnusable(self.path, error) from error

    def read(self) -> Iterator[LoggedEdit]:
        """What people did with this database; the oldest first."""
        try:
            file = os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise DatabaseUnusable(self.path, error) from error
        with file:
            for line in file:
                edit = _decoded(line)
                if edit is not None and edit.db == self.db:
                    yield edit


def _write(file: int, data: bytes, at: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], at + written)


def _decoded(line: bytes) -> LoggedEdit | None:
    """A line as it was written; None for one that was torn, or never was an edit."""
    try:
        return msgspec.json.decode(line, type=LoggedEdit)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
