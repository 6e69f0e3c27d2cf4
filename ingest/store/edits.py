"""What people did, a second time: one line each in `edits.jsonl` beside the database.

Promises that a line is on the disk, file and folder, before `append` returns, and that a torn last
line spoils no other. Facts can be read again from Codex's files; this cannot, which is why it is
kept outside of the database. Carrying lines out again is `replay.py`'s.
"""

import errno
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ingest.store.errors import DiskFull, Unusable

NAME = "edits.jsonl"


class Edit(msgspec.Struct, frozen=True, kw_only=True):
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


class Edits:
    """The file of edits beside one database."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(NAME)
        self.db = database.name

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, edit: Edit) -> int:
        """Write one line to the disk; the size of the file behind it."""
        try:
            return self._append(msgspec.json.encode(edit) + b"\n")
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(self.path) from error
            raise Unusable(self.path, error) from error

    def _append(self, line: bytes) -> int:
        is_new = not self.path.exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self.path, flags, 0o600), "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                # Whoever wrote this died of it; what comes now must not be glued to it.
                line = b"\n" + line
            written = 0
            while written < len(line):
                written += file.write(line[written:])
            os.fsync(file.fileno())
        if is_new:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return size + len(line)

    def read(self, start: int = 0) -> Iterator[Edit]:
        """What people did with this database, from a place in the file on; the oldest first."""
        try:
            file = os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unusable(self.path, error) from error
        with file:
            file.seek(start)
            for line in file:
                edit = _decoded(line)
                if edit is not None and edit.db == self.db:
                    yield edit


def _decoded(line: bytes) -> Edit | None:
    """A line as it was written; None for one that was torn, or never was an edit."""
    try:
        return msgspec.json.decode(line, type=Edit)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
