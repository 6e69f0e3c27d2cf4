"""A compressed rollout, decompressed while it is read and never on disk.

Memory is bounded regardless of the file's contents, and no byte is returned before the whole file
was decompressed once without an error: a truncated or damaged archive moves no cursor. Continuing
at an offset decompresses from the start, so keep the reader open across the batches of a source.
"""

from collections.abc import Iterator

import zstandard
from msgspec import Struct

from ingest.errors import SourceDamaged, SourceTooLarge
from ingest.tail.reader import Reader
from ingest.tail.source import Representation, Seen

# One step returns at most 16 MiB: a block of 128 KiB needs at least 4 compressed bytes.
_STEP = 512
_DISK = 256 * 1024


class Caps(Struct, frozen=True):
    """Limits against decompression bombs: more than `size` bytes at a ratio above `ratio` (a log
    shrinks to a tenth, rarely to a fiftieth), more than `most` bytes in any case, or a huge
    window.
    """

    size: int = 64 * 1024**2
    ratio: int = 200
    most: int = 8 * 1024**3
    window: int = 128 * 1024**2


DEFAULT_CAPS = Caps()


class ZstReader(Reader):
    representation = Representation.ZST

    def __init__(self, path: str, descriptor: int, seen: Seen, caps: Caps = DEFAULT_CAPS) -> None:
        super().__init__(path, descriptor, seen)
        self._caps = caps
        self._verified_end: int | None = None
        self._pieces: Iterator[bytes] | None = None
        self._piece = b""
        self._piece_at = 0

    def end(self) -> int:
        if self._verified_end is None:
            self._verified_end = sum(map(len, self._unpack()))
        return self._verified_end

    def read_at(self, offset: int, length: int) -> bytes:
        length = min(length, self.end() - offset)
        if length <= 0:
            return b""
        if self._pieces is None or offset < self._piece_at:
            self._pieces, self._piece, self._piece_at = self._unpack(), b"", 0
        while self._piece_at + len(self._piece) <= offset:
            self._advance(self._pieces)
        taken = [self._piece[offset - self._piece_at :][:length]]
        length -= len(taken[0])
        while length:
            self._advance(self._pieces)
            taken.append(self._piece[:length])
            length -= len(taken[-1])
        return b"".join(taken)

    def _advance(self, pieces: Iterator[bytes]) -> None:
        self._piece_at += len(self._piece)
        self._piece = next(pieces, b"")
        if not self._piece:  # It was longer when it was verified: another process is writing it.
            raise self._damaged("changed while it was read")

    def _unpack(self) -> Iterator[bytes]:
        """All frames of the file in pieces, from the first byte; an error if a frame is
        incomplete.
        """
        caps = self._caps
        unpacker = zstandard.ZstdDecompressor(max_window_size=caps.window)
        frame = None
        frames = produced = disk_at = 0
        while block := self._from_disk(disk_at, min(_DISK, self.seen.size - disk_at)):
            at = 0
            while at < len(block):
                if frame is None:
                    frame = unpacker.decompressobj()
                    frames += 1
                step = block[at : at + _STEP]
                at += len(step)
                try:
                    piece = frame.decompress(step)
                except zstandard.ZstdError as error:
                    if "too much memory" in str(error):
                        raise self._too_large("needs too much memory to unpack") from error
                    raise self._damaged("does not decode") from error
                if frame.eof:
                    at -= len(frame.unused_data)
                    frame = None
                produced += len(piece)
                if produced > min(caps.most, max(caps.size, caps.ratio * self.seen.size)):
                    raise self._too_large(
                        f"of {self.seen.size:,} bytes unpacks to more than {produced:,}, which no "
                        f"log does: the limit is {caps.ratio} times its size (or {caps.size:,} "
                        f"bytes, if that is more), and {caps.most:,} bytes in any case"
                    )
                if piece:
                    yield piece
            disk_at += len(block)
        if frame is not None or not frames:
            raise self._damaged("ends before it is complete")

    def _damaged(self, what: str) -> SourceDamaged:
        return SourceDamaged(
            self.path,
            f"The compressed file {what}.",
            "Nothing from it was stored. If Codex still has the session, resume it once; "
            "otherwise restore the file from a backup.",
        )

    def _too_large(self, what: str) -> SourceTooLarge:
        return SourceTooLarge(
            self.path,
            f"The compressed file {what}.",
            "If you trust the file, decompress it in the same folder; then the plain file is read.",
        )
