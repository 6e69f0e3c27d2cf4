"""Which threads have a Codex process that writes them, by its lock files (Codex 0.150 and later).

Codex locks `thread-writer-locks/ID.lock` (flock) as long as it has the thread loaded, and leaves
the file behind if it is killed. The files are neither opened nor locked here: Linux lists who holds
a lock, by inode. It is unknown elsewhere, and for a home on another machine or in a container.
"""

import contextlib
import os
from enum import StrEnum
from typing import Final

from ingest.tail.mounts import filesystem_of, is_remote

_FOLDER: Final = "thread-writer-locks"
_SUFFIX: Final = ".lock"
_LOCKS: Final = "/proc/locks"
_MOUNTS: Final = "/proc/mounts"
_INITIAL_NAMESPACE: Final = "pid:[4026531836]"
"""Processes of other namespaces, which are not listed, exist only for those who are not in it."""

_OWN_INODES: Final = ("overlay", "fuse")
"""File systems whose inodes are not those of the list."""


class Writer(StrEnum):
    """The Codex process of a thread, as far as its lock shows."""

    ALIVE = "alive"
    """It has the thread loaded; a daemon keeps it loaded when nobody uses it any more."""
    GONE = "gone"
    """It ended without releasing the lock."""
    UNKNOWN = "unknown"


def writers(home: str) -> dict[str, Writer]:
    """The threads with a lock file, and whether its process lives."""
    try:
        with os.scandir(os.path.join(home, _FOLDER)) as entries:
            files = {
                entry.name.removesuffix(_SUFFIX): entry.inode()
                for entry in entries
                if entry.name.endswith(_SUFFIX) and not entry.name.startswith(".")
            }
    except OSError:
        return {}
    locked = locked_inodes(home) if files else None
    if locked is None:
        return dict.fromkeys(files, Writer.UNKNOWN)
    return {
        thread: Writer.ALIVE if inode in locked else Writer.GONE for thread, inode in files.items()
    }


def locked_inodes(home: str) -> frozenset[int] | None:
    """The inodes that some process has locked; None if this system does not list all of them.

    Devices are not compared, because some file systems report another one here. A wrong match says
    that a process lives, and then the times of the lines decide.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        if os.readlink("/proc/self/ns/pid") != _INITIAL_NAMESPACE:
            return None
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            filesystem = filesystem_of(os.path.realpath(home), file.read()) or ""
        if is_remote(filesystem) or filesystem.startswith(_OWN_INODES):
            return None
        with open(_LOCKS, encoding="ascii", errors="replace") as file:
            # 5: FLOCK  ADVISORY  WRITE 18075 fe:00:2172468 0 EOF; a waiting one has an arrow.
            return frozenset(
                int(fields[5].rpartition(":")[2])
                for fields in map(str.split, file)
                if fields[1] != "->"
            )
    return None
