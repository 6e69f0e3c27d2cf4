"""Checks the types of the database's files before the engine opens them.

Symbolic links are refused where we create files ourselves: they would redirect our writes.
"""

import errno
import stat
from collections.abc import Callable
from pathlib import Path

from ingest.errors import DatabaseError, DatabaseUnusable, ErrorClass, ForeignFile


def check_database_files(path: Path) -> None:
    """Raise if the database, its log or its spool exists and has the wrong type."""
    try:
        _check_database(path)
        _check_companion(path.with_name(f"{path.name}.wal"), "log", expected=stat.S_ISREG)
        _check_companion(path.with_name(f"{path.name}.spool"), "working folder", stat.S_ISDIR)
        _check_companion(path.with_name(f"{path.name}.search"), "search index", stat.S_ISDIR)
    except OSError as error:
        # The caller creates the missing folder, or reports why it cannot.
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise DatabaseUnusable(path, error) from error


def _check_database(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise ForeignFile(path, f"it is {_kind(mode)}")


def _check_companion(path: Path, what: str, expected: Callable[[int], bool]) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not expected(mode):
        raise DatabaseError(
            f"{path} is {_kind(mode)}, where the database keeps its {what}.",
            "Move it away and try again, or use another database with --db PATH. "
            "Nothing was changed.",
            code="store.in_the_way",
            kind=ErrorClass.CONFIG,
        )


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "not a regular file"
