"""Whole lines of a source, in blocks, with exact offsets: the hot path.

Splits on byte 0x0A only and changes nothing else (a CR, a run of NUL bytes or half a character
stay). Never returns a byte of an unfinished line, and never holds a line longer than the cap in
memory.
"""

from collections.abc import Iterator
from hashlib import sha256

from msgspec import Struct

from ingest.tail.cursor import Mark
from ingest.tail.reader import MARKER, Reader
from ingest.tail.source import UNSEEN

CAP = 64 * 1024**2
PREVIEW = 4096
# Larger pieces leave the CPU cache before they are decoded; 64 KiB to 1 MiB are equally fast within
# 20 %.
_READ = 128 * 1024


class Block(Struct, frozen=True, gc=False):
    """Whole lines as in the source, each with its newline."""

    offset: int
    data: bytes


class Oversize(Struct, frozen=True, gc=False):
    """A line longer than the cap: its position, and enough bytes to recognise and show it."""

    offset: int
    length: int
    sha256: str
    head: bytes
    tail: bytes


class Lines:
    """One pass over a source. Iterate it once; its progress can be read at any time.

    `position` is always right after the last line returned. `partial` counts the bytes of an
    unfinished last line. `more` is true as long as whole lines may be left.
    """

    def __init__(self, reader: Reader, start: int, limit: int, cap: int) -> None:
        if limit < 1 or cap < 1 or start < 0:
            raise ValueError(f"start {start}, limit {limit} and cap {cap} describe no range")
        self.position = start
        self.partial = 0
        self.more = True
        self._reader = reader
        self._limit = start + limit
        self._cap = cap
        self._read_before = reader.bytes_read
        self._tail: bytes | None = None

    @property
    def bytes_read(self) -> int:
        """Bytes read from the disk in this pass, including markers."""
        return self._reader.bytes_read - self._read_before

    def mark(self) -> Mark:
        """The argument of `advance`. Includes the stat(2) only if no whole line is left to read."""
        return Mark(
            offset=self.position,
            head=self._reader.head(),
            tail=self._reader.before(self.position) if self._tail is None else self._tail,
            seen=UNSEEN if self.more else self._reader.seen,
        )

    def __iter__(self) -> Iterator[Block | Oversize]:
        first = at = self.position
        end = self._reader.end()
        # No piece is longer than the cap, so only a line that spans pieces can be too long.
        largest = min(_READ, self._cap)
        line = _Line(self._cap)
        while at < end:
            if at >= self._limit and self.position > first:
                return
            available = self._limit - at if at < self._limit else largest
            piece = self._reader.read_at(at, min(largest, end - at, available))
            if not piece:
                break  # Truncated while it was read; the next `judge` will notice.
            if at >= self._limit:  # At least one line is returned.
                piece = piece[: piece.find(b"\n") + 1] or piece
            start, at = at, at + len(piece)
            whole = piece.rfind(b"\n") + 1
            if not whole:
                line.add(piece)
                continue
            marker = self._marker(line, piece[max(0, whole - MARKER) : whole])
            begun = 0
            if line.length:
                begun = piece.index(b"\n") + 1
                line.add(piece[: begun - 1])
                offset = self.position
                self.position += line.length + 1
                if line.oversize:
                    self._tail = self._marker(line, b"\n", offset)
                    item: Block | Oversize = line.reference(offset)
                elif line.length > _READ:
                    # In a block of its own, so that a long line is in memory only once.
                    self._tail = self._marker(line, b"\n", offset)
                    item = Block(offset, line.joined(b"\n"))
                else:
                    self._tail, self.position = marker, start + whole
                    item = Block(offset, line.joined(memoryview(piece)[begun - 1 : whole]))
                    begun = whole
                line = _Line(self._cap)
                yield item
                del item
            if begun < whole:
                offset, self._tail, self.position = self.position, marker, start + whole
                data = piece if begun == 0 and whole == len(piece) else piece[begun:whole]
                yield Block(offset, data)
            if whole < len(piece):
                line.add(piece[whole:])
        self.partial = at - self.position
        self.more = False

    def _marker(self, line: "_Line", last: bytes, position: int | None = None) -> bytes:
        """The bytes before the next position, taken from the buffer."""
        if len(last) == MARKER:
            return last
        at = self.position if position is None else position
        known = self._reader.before(at) if self._tail is None else self._tail
        return (known + line.tail[-MARKER:] + last)[-MARKER:]


class _Line:
    """A line assembled from pieces; above the cap, only its digest and its two ends are stored."""

    def __init__(self, cap: int) -> None:
        self.length = 0
        self.oversize = False
        self.head = b""
        self.tail = b""
        self._cap = cap
        self._pieces: list[bytes] = []
        self._digest = sha256()

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        self.head += piece[: PREVIEW - len(self.head)]
        self.tail = (self.tail + piece[-PREVIEW:])[-PREVIEW:]
        self._pieces.append(piece)
        self.oversize = self.length > self._cap
        if self.oversize:
            for gathered in self._pieces:
                self._digest.update(gathered)
            self._pieces.clear()

    def joined(self, rest: bytes | memoryview) -> bytes:
        """The line, and the bytes after it."""
        return b"".join([*self._pieces, rest])

    def reference(self, offset: int) -> Oversize:
        return Oversize(offset, self.length, self._digest.hexdigest(), self.head, self.tail)


def blocks(reader: Reader, start: int, limit: int, cap: int = CAP) -> Lines:
    """The whole lines from `start`: at most `limit` bytes, but at least one line."""
    return Lines(reader, start, limit, cap)
