"""What an error of the engine means for a person: the one place that reads its texts.

Pure. Calls a file damaged only where the engine says that what it read was not what was written:
whoever repairs acts on that word, so everything else must have another.
"""

import errno
import re
from pathlib import Path

from ingest.db.engine import FatalException, TransactionException
from ingest.db.errors import (
    Conflict,
    Damaged,
    DatabaseUnusable,
    DiskFull,
    EngineGaveUp,
    Failed,
    ForeignFile,
    Locked,
    MemoryLimit,
    NewerSchema,
    StoreError,
)

_PID = re.compile(r"Conflicting lock is held in (?:(\S+) )?\(PID (\d+)\)")
_VERSION = re.compile(r"version number (\d+), but we can only read")
_FULL = re.compile(r"No space left|not enough space|disk quota exceeded", re.IGNORECASE)
_REFUSED = re.compile(r"Permission denied|Read-only file system|Is a directory|Not a directory")
_DAMAGE = re.compile(
    r"Corrupt (?:WAL|database) file|does not match stored checksum|not a valid DuckDB database"
    r"|Could not read enough bytes|WAL does not match|Failure while replaying WAL"
    r"|Failed to load metadata|Failed to deserialize|Serialization Error"
)
_CROWDED = re.compile("^Out of Memory Error")
_LONGEST = 300


def explain(path: Path, error: Exception) -> StoreError:
    """The error as one of ours."""
    text = str(error)
    detail = (text.splitlines() or [type(error).__name__])[0][:_LONGEST]
    if held := _PID.search(text):
        return Locked(path, int(held[2]), held[1] and Path(held[1]).name)
    if version := _VERSION.search(text):
        return NewerSchema(path, f"storage version {version[1]}")
    if "sqlite_scanner" in text:
        return ForeignFile(path, "it is a database of SQLite")
    if _FULL.search(text) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(path)
    if _REFUSED.search(text) or isinstance(error, OSError):
        return DatabaseUnusable(path, error)
    if _DAMAGE.search(text):
        return Damaged(path, detail)
    if _CROWDED.search(text):
        return MemoryLimit(path, detail)
    if isinstance(error, TransactionException):
        return Conflict(path, detail)
    if isinstance(error, FatalException):
        return EngineGaveUp(path, detail)
    return Failed(path, detail)
