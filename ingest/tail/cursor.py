"""The cursor of a source: how far it was read, and hashes that prove it is still the same source.

Pure except for `judge`, which reads at most 4 KiB of head and 256 bytes of marker. Callers decide
what happens to the facts of an older generation.
"""

from enum import StrEnum
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from ingest.tail.reader import HEAD, MARKER, Reader
from ingest.tail.source import UNSEEN, Seen


class Cursor(Struct, frozen=True):
    """`offset` counts decompressed bytes and is always the position after a newline.

    `size` to `inode` are the result of stat(2) when the file was last read to its end.
    """

    generation: int = 0
    offset: int = 0
    head_len: int = 0
    head_hash: str = sha256().hexdigest()
    tail_hash: str = sha256().hexdigest()
    size: int = UNSEEN.size
    mtime_ns: int = UNSEEN.mtime_ns
    dev: int = UNSEEN.dev
    inode: int = UNSEEN.inode


START = Cursor()


class Mark(Struct, frozen=True):
    """Where reading stopped, with the bytes from which a cursor is computed."""

    offset: int
    head: bytes
    tail: bytes
    seen: Seen


class Verdict(StrEnum):
    UNCHANGED = "unchanged"
    APPENDED = "appended"
    REWRITTEN = "rewritten"
    EMPTIED = "emptied"


class Judgement(Struct, frozen=True):
    verdict: Verdict
    reason: str


def is_unchanged(cursor: Cursor, seen: Seen) -> bool:
    """Whether stat(2) shows no change since the file was read to its end: no need to open it.

    If it shows a change, `judge` compares the bytes.
    """
    return (cursor.size, cursor.mtime_ns, cursor.dev, cursor.inode) == (
        seen.size,
        seen.mtime_ns,
        seen.dev,
        seen.inode,
    )


def judge(cursor: Cursor, reader: Reader) -> Judgement:
    """Whether the source continues at the cursor, judged by its bytes, not by times or inodes.

    After `REWRITTEN`, call `restart`. After `EMPTIED`, and after `REWRITTEN` as long as there is no
    whole line, keep the facts and call only `touched`: the file may be in the middle of being
    written.
    """
    end, offset = reader.end(), cursor.offset
    if end == 0 and offset > 0:
        return Judgement(Verdict.EMPTIED, f"The file is empty; {offset} bytes were read before.")
    if end < offset:
        return Judgement(
            Verdict.REWRITTEN, f"The file holds {end} bytes; {offset} were read before."
        )
    gap = reader.gap
    if not gap and _hash(reader.head()[: cursor.head_len]) != cursor.head_hash:
        return Judgement(
            Verdict.REWRITTEN, f"Its first {cursor.head_len} bytes are not those read before."
        )
    if offset - MARKER >= gap and _hash(reader.before(offset)) != cursor.tail_hash:
        return Judgement(
            Verdict.REWRITTEN, f"The bytes before byte {offset} are not those read before."
        )
    if end == offset:
        return Judgement(Verdict.UNCHANGED, "There is nothing after what was read before.")
    return Judgement(Verdict.APPENDED, f"{end - offset} bytes follow what was read before.")


def advance(cursor: Cursor, mark: Mark) -> Cursor:
    """The cursor after everything up to the mark was read."""
    if mark.offset < cursor.offset:
        raise ValueError(f"offset {mark.offset} must not be less than {cursor.offset}")
    head = mark.head[: min(HEAD, mark.offset)]
    if len(head) != min(HEAD, mark.offset):
        raise ValueError(f"a head of {len(head)} bytes is too short for offset {mark.offset}")
    if len(mark.tail) != min(MARKER, mark.offset):
        raise ValueError(f"a tail of {len(mark.tail)} bytes does not fit offset {mark.offset}")
    return with_hints(
        replace(
            cursor,
            offset=mark.offset,
            head_len=len(head),
            head_hash=_hash(head),
            tail_hash=_hash(mark.tail),
        ),
        mark.seen,
    )


def restart(cursor: Cursor) -> Cursor:
    """The start of the next generation, after a proven rewrite."""
    return replace(START, generation=cursor.generation + 1)


def with_hints(cursor: Cursor, seen: Seen) -> Cursor:
    """The same cursor with a new stat(2), so that an unchanged file is not opened again."""
    return replace(cursor, size=seen.size, mtime_ns=seen.mtime_ns, dev=seen.dev, inode=seen.inode)


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
