"""What has the name of a file of the database and is none: said before the engine looks.

Links are not followed where we make files ourselves: whoever laid them would choose where.
"""

import errno
import stat
from collections.abc import Callable
from pathlib import Path

from ingest.db.errors import DatabaseUnusable, ForeignFile, InTheWay


def check_database_files(path: Path) -> None:
    """Raise where the database, its log or its spool cannot be what lies there."""
    try:
        _refuse_database(path)
        _refuse(path.with_name(f"{path.name}.wal"), "log", wanted=stat.S_ISREG)
        _refuse(path.with_name(f"{path.name}.spool"), "working folder", wanted=stat.S_ISDIR)
    except OSError as error:
        # The folder is made, or named as what is wrong, in a moment.
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise DatabaseUnusable(path, error) from error


def _refuse_database(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise ForeignFile(path, f"it is {_kind(mode)}")


def _refuse(path: Path, what: str, wanted: Callable[[int], bool]) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not wanted(mode):
        raise InTheWay(path, _kind(mode), what)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "no regular file"
