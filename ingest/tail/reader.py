"""A source opened for reading: its bytes by offset, the same whether it is plain or compressed.

Offsets count decompressed bytes. The end is fixed when the source is opened (what is written later
belongs to the next pass). Every byte read from the disk is counted.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from ingest.tail.errors import from_read
from ingest.tail.source import Representation, Seen

HEAD = 4096
MARKER = 256


class Refused(Struct, frozen=True):
    """A reference to an older part of the file that was not followed, see `rotation.py`."""

    offset: int
    """Where its line begins."""
    line: bytes
    message: str


class Reader(ABC):
    representation: Representation
    gap: int = 0
    """Bytes at the beginning that were read before and can no longer be read."""
    refused: Refused | None = None
    starts: Mapping[str, int] = {}
    """Where each part with a reference to an older one begins, by that reference."""

    def __init__(self, path: str, descriptor: int, seen: Seen) -> None:
        self.path = path
        self.seen = seen
        self.bytes_read = 0
        self._descriptor = descriptor
        self._head: bytes | None = None
        self._marker = (0, b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @abstractmethod
    def end(self) -> int:
        """The size of the source when it was opened."""

    @abstractmethod
    def read_at(self, offset: int, length: int) -> bytes:
        """Between one and `length` bytes; none only at the end of the source."""

    def head(self) -> bytes:
        """The first bytes, up to `HEAD`; read once."""
        if self._head is None:
            self._head = self._span(0, min(HEAD, self.end()))
        return self._head

    def before(self, offset: int) -> bytes:
        """The `MARKER` bytes, fewer near the start, that end at `offset`; read once."""
        if self._marker[0] != offset:
            start = max(0, offset - MARKER)
            self._marker = (offset, self._span(start, offset - start))
        return self._marker[1]

    def _span(self, offset: int, length: int) -> bytes:
        pieces = []
        while length and (piece := self.read_at(offset, length)):
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _from_disk(self, offset: int, length: int) -> bytes:
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise from_read(self.path, offset, length, error) from error
        self.bytes_read += len(data)
        return data


class PlainReader(Reader):
    representation = Representation.PLAIN

    def end(self) -> int:
        return self.seen.size

    def read_at(self, offset: int, length: int) -> bytes:
        return self._from_disk(offset, max(0, min(length, self.seen.size - offset)))
