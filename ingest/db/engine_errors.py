"""Translates the engine's errors to `DatabaseError`; no other module reads the engine's messages.

Pure. `Damaged` starts the repair of the file, so it is used only where the engine reports that
data was read back differently than it was written.
"""

import errno
import re
from pathlib import Path

from ingest.db.engine import FatalException, TransactionException
from ingest.errors import (
    Conflict,
    Damaged,
    DatabaseError,
    DatabaseUnusable,
    DiskFull,
    EngineFailed,
    ForeignFile,
    Locked,
    MemoryLimit,
    NewerSchema,
    StatementFailed,
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
_OUT_OF_MEMORY = re.compile("^Out of Memory Error")
_MAX_DETAIL = 300


def explain(path: Path, error: Exception) -> DatabaseError:
    text = str(error)
    detail = (text.splitlines() or [type(error).__name__])[0][:_MAX_DETAIL]
    if held := _PID.search(text):
        return Locked(path, int(held[2]), held[1] and Path(held[1]).name)
    if version := _VERSION.search(text):
        return NewerSchema(path, f"storage version {version[1]}")
    if "sqlite_scanner" in text:
        return ForeignFile(path, "it is an SQLite database")
    if _FULL.search(text) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(path)
    if _REFUSED.search(text) or isinstance(error, OSError):
        return DatabaseUnusable(path, error)
    if _DAMAGE.search(text):
        return Damaged(path, detail)
    if _OUT_OF_MEMORY.search(text):
        return MemoryLimit(f"The database {path} ran out of memory for this query: {detail}.")
    if isinstance(error, TransactionException):
        return Conflict(path, detail)
    if isinstance(error, FatalException):
        return EngineFailed(f"The engine of the database {path} failed: {detail}.")
    return StatementFailed(f"A statement on the database {path} failed: {detail}.")
