"""A copy of the database as it was at one moment, made while everything runs.

It is written into the spool, which is the one folder an open database may write to; whoever asked
for it takes it to its place, where nothing is overwritten without having been told so.
"""

import contextlib
import errno
import os
import shutil
import uuid
from pathlib import Path

from ingest.db.edit_log import NAME as EDITS
from ingest.db.engine import Connection, Error
from ingest.db.errors import StoreError
from ingest.db.query_reader import Format

_NAME = "snapshot-"
_BESIDE = frozenset(
    ("wal", "spool", "key", "owner", "sock", "opening", "damaged", "migrating", "recovery")
) | {"backup", "before"}
"""What lies beside a database of ours, by the end of its name."""


class SnapshotExists(StoreError):
    """There is something in the place the copy is to go to."""

    code = "snapshot.exists"
    error_class = "config"

    def __init__(self, target: Path) -> None:
        super().__init__(f"{target} is there already.", "Choose another name, or remove it first.")


class Ours(StoreError):
    """The copy would take the place of the database, or of a file that belongs to it."""

    code = "snapshot.ours"
    error_class = "config"

    def __init__(self, target: Path) -> None:
        super().__init__(
            f"{target} belongs to the database that is to be copied.",
            "Choose another name. Nothing was changed.",
        )


class SnapshotUnwritable(StoreError):
    """The copy cannot be put where it was asked for."""

    code = "snapshot.unwritable"
    error_class = "config"

    def __init__(self, target: Path, error: Exception) -> None:
        super().__init__(
            f"The copy cannot be put at {target}: {getattr(error, 'strerror', None) or error}.",
            "Choose a place that can be written and has the room.",
        )


def copy(con: Connection, spool: Path, form: Format) -> Path:
    """Copy all there is into the spool, from one snapshot. `con` is used by nobody else."""
    path = spool / f"{_NAME}{uuid.uuid4().hex}"
    try:
        if form is Format.DUCKDB:
            _copy_file(con, path)
        else:
            _copy_views(con, path)
    except BaseException:
        discard(path)
        raise
    return path


def _copy_file(con: Connection, path: Path) -> None:
    # The name is made of letters and digits of our own; the path is that of the spool.
    name = path.name.replace("-", "_")
    con.execute(f"attach {_text(path)} as {name}")
    try:
        row = con.execute("select current_database()").fetchone()
        ours = str(row[0] if row else "").replace('"', '""')
        con.execute(f'copy from database "{ours}" to {name}')
    finally:
        # Where the engine gave up there is nothing left to detach.
        with contextlib.suppress(Error):
            con.execute(f"detach {name}")


def _copy_views(con: Connection, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    con.execute("begin transaction read only")
    try:
        views = con.execute("select view_name from duckdb_views() where not internal order by 1")
        for (view,) in views.fetchall():
            # Views have names of our own.
            con.execute(
                f'copy (from "{view}") to {_text(folder / f"{view}.parquet")} (format parquet)'
            )
    finally:
        with contextlib.suppress(Error):
            con.execute("rollback")


def discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    for file in (path, path.with_name(f"{path.name}.wal")):
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def sweep(spool: Path, before: float) -> None:
    """Remove copies that nobody came for: those that were written before this time."""
    for path in spool.glob(f"{_NAME}*"):
        with contextlib.suppress(FileNotFoundError):
            if path.lstat().st_mtime < before:
                discard(path)


def refuse_ours(database: Path, target: Path) -> None:
    """Whatever it is called there: by another path, through a link, or as a second name."""
    try:
        home = database.parent.resolve()
        for place in (target.parent.resolve() / target.name, target.resolve()):
            if place.is_relative_to(home) and _is_ours(database.name, place.relative_to(home)):
                raise Ours(target)
        if target.exists() and database.exists() and target.samefile(database):
            raise Ours(target)
    except (OSError, RuntimeError) as error:
        raise SnapshotUnwritable(target, error) from error


def _is_ours(name: str, place: Path) -> bool:
    first = place.parts[0] if place.parts else ""
    what = first.removeprefix(f"{name}.").partition("-")[0]
    return first in (name, EDITS) or (first.startswith(f"{name}.") and what in _BESIDE)


def deliver(copied: Path, target: Path, *, overwrite: bool = False) -> int:
    """Take a copy from the spool to its place, and say how many bytes it has.

    `overwrite` replaces a file; a folder is never replaced.
    """
    try:
        if target.is_dir() or (os.path.lexists(target) and (copied.is_dir() or not overwrite)):
            raise SnapshotExists(target)
        _move(copied, target, overwrite=overwrite)
    except OSError as error:
        raise SnapshotUnwritable(target, error) from error
    finally:
        discard(copied)
    files = target.iterdir() if target.is_dir() else (target,)
    return sum(file.stat().st_size for file in files)


def _move(copied: Path, target: Path, *, overwrite: bool) -> None:
    try:
        _rename(copied, target, overwrite=overwrite)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP):
            raise
        # Another file system: beside the target first, so that it appears there whole.
        near = target.with_name(f"{target.name}.{uuid.uuid4().hex}.partial")
        try:
            if copied.is_dir():
                shutil.copytree(copied, near)
                near.rename(target)
            else:
                descriptor = os.open(near, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with copied.open("rb") as old, os.fdopen(descriptor, "wb") as new:
                    shutil.copyfileobj(old, new, 1024 * 1024)
                if not overwrite and os.path.lexists(target):
                    raise SnapshotExists(target) from None
                near.replace(target)
        finally:
            discard(near)


def _rename(copied: Path, target: Path, *, overwrite: bool) -> None:
    if copied.is_dir():
        copied.rename(target)
    elif overwrite:
        copied.replace(target)
    else:
        # Unlike a rename, a link never takes the place of a file that has just appeared.
        try:
            target.hardlink_to(copied)
        except FileExistsError:
            raise SnapshotExists(target) from None


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
