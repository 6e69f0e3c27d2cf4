"""The logical name of a source, independent of its path, inode and compression.

The name is derived from the file name and stays the same when the file is archived, compressed or
copied. Whether the bytes are still the same is decided by the cursor.
"""

import os
import re
from enum import StrEnum

from msgspec import Struct

# [0-9] and fullmatch on purpose: \d takes digits of any script and $ allows a final newline.
_ROLLOUT = re.compile(
    r"rollout-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}"
    r"-([0-9a-f-]{36})(?:_([0-9a-f-]{36}))?\.jsonl(\.zst)?"
).fullmatch
_TYPESCRIPT = re.compile(r"rollout-[0-9]{4}-[0-9]{2}-[0-9]{2}-([0-9a-f-]{36})\.json").fullmatch


class Kind(StrEnum):
    ROLLOUT = "rollout"
    TYPESCRIPT = "typescript"
    HISTORY = "history"
    SESSION_INDEX = "session_index"


class Representation(StrEnum):
    PLAIN = "plain"
    ZST = "zst"


class SourceName(Struct, frozen=True, gc=False):
    """Logical identity. `thread` is empty for the index files, `segment` for a first segment."""

    kind: Kind
    thread: str = ""
    segment: str = ""


class Seen(Struct, frozen=True, gc=False):
    """A file as stat(2) showed it: a hint that it changed, never a proof that it did not."""

    size: int
    mtime_ns: int
    dev: int
    inode: int


_LARGEST = 2**63 - 1


def seen(info: os.stat_result) -> Seen:
    """Clamped to what can be stored: file systems can report any times and inode numbers."""
    return Seen(
        info.st_size,
        max(-_LARGEST, min(info.st_mtime_ns, _LARGEST)),
        info.st_dev & _LARGEST,
        info.st_ino & _LARGEST,
    )


UNSEEN = Seen(size=0, mtime_ns=-1, dev=0, inode=0)
"""Equal to no real file, so that the file is opened and compared."""

INDEX_FILES = {
    "history.jsonl": SourceName(Kind.HISTORY),
    "session_index.jsonl": SourceName(Kind.SESSION_INDEX),
}


def parse(filename: str) -> tuple[SourceName, Representation] | None:
    """Parse a file name; None if it is not a source (including temporary names)."""
    if rollout := _ROLLOUT(filename):
        thread, segment, packed = rollout.groups()
        name = SourceName(Kind.ROLLOUT, thread, segment or "")
        return name, Representation.ZST if packed else Representation.PLAIN
    if typescript := _TYPESCRIPT(filename):
        return SourceName(Kind.TYPESCRIPT, typescript[1]), Representation.PLAIN
    index = INDEX_FILES.get(filename)
    return (index, Representation.PLAIN) if index else None
