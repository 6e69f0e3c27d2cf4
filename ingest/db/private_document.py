"""A small private JSON file beside the database, which several processes read and change.

It is locked while it is changed, and replaced as a whole. It is read again only if it was replaced.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from ingest.errors import DatabaseUnusable
from ingest.private_files import open_private, write_atomic

T = TypeVar("T")


class PrivateDocument(Generic[T]):
    """`new` makes the value of a file that does not exist yet."""

    def __init__(self, path: Path, form: Any, new: Callable[[], T]) -> None:
        self.path = path
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(form)
        self._new = new
        self._read: tuple[tuple[int, int, int], T] | None = None

    def read(self) -> T:
        try:
            info = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return self._new()
        version = (info.st_ino, info.st_mtime_ns, info.st_size)
        if self._read is None or self._read[0] != version:
            try:
                with os.fdopen(open_private(self.path, os.O_RDONLY), "rb") as file:
                    self._read = version, self._decoder.decode(file.read())
            except (OSError, msgspec.MsgspecError) as error:
                raise DatabaseUnusable(self.path, error) from error
        return self._read[1]

    @contextlib.contextmanager
    def locked(self) -> Iterator[T]:
        """The value, while no other process changes it; `write` replaces it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = open_private(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.read()
        finally:
            os.close(lock)

    def write(self, value: T) -> None:
        """Call inside `locked`."""
        write_atomic(self.path, [msgspec.json.encode(value)], durable=True)
