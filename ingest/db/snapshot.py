"""Makes a consistent copy of the database while it is in use.

The copy is written to the spool, the only folder to which an open database may write. The process
that requested it then moves it to its target, and overwrites a file only on request.
"""

import contextlib
import errno
import os
import shutil
import uuid
from pathlib import Path

from ingest import log
from ingest.db.edit_log import NAME as EDITS
from ingest.db.engine import Connection, Error
from ingest.db.query_reader import Format
from ingest.errors import SnapshotRefused, reason
from ingest.private_files import copy

_NAME, VERIFICATION = "snapshot-", "verify-"
"""How the names of temporary copies in the spool begin."""
_COMPANIONS = frozenset(
    ("wal", "spool", "key", "owner", "sock", "opening", "damaged", "migrating", "recovery")
) | {"backup", "before"}
"""Suffixes of the files beside a database."""


def write_snapshot(con: Connection, spool: Path, form: Format) -> Path:
    """Write a copy of the whole database to the spool. No other thread may use `con`."""
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
    # We generate the name, of letters and digits; the path is in the spool.
    name = path.name.replace("-", "_")
    con.execute(f"attach {_text(path)} as {name}")
    try:
        row = con.execute("select current_database()").fetchone()
        catalog = str(row[0] if row else "").replace('"', '""')
        con.execute(f'copy from database "{catalog}" to {name}')
    finally:
        # After a fatal error there is nothing to detach.
        with contextlib.suppress(Error):
            con.execute(f"detach {name}")


def _copy_views(con: Connection, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    con.execute("begin transaction read only")
    try:
        views = con.execute("select view_name from duckdb_views() where not internal order by 1")
        for (view,) in views.fetchall():
            # The names of views are our own.
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
        with log.suppress(f"Removing {file.name}", OSError):
            file.unlink(missing_ok=True)


def remove_abandoned(spool: Path, before: float) -> None:
    """Remove copies that were written before this time, because nobody moved them to their target,
    and the scratch databases of verifications that were killed.

    To be called by the process that has just opened the database: a verification that still runs
    would have it open.
    """
    for path in spool.glob(f"{VERIFICATION}*"):
        discard(path)
    for path in spool.glob(f"{_NAME}*"):
        with contextlib.suppress(FileNotFoundError):
            if path.lstat().st_mtime < before:
                discard(path)


def check_target(database: Path, target: Path) -> None:
    """Raise if the target is a file of the database, also through another path or a link."""
    try:
        home = database.parent.resolve()
        for path in (target.parent.resolve() / target.name, target.resolve()):
            if path.is_relative_to(home) and _is_companion(database.name, path.relative_to(home)):
                raise _over_database(target)
        if target.exists() and database.exists() and target.samefile(database):
            raise _over_database(target)
    except (OSError, RuntimeError) as error:
        raise _unwritable(target, error) from error


def _is_companion(name: str, path: Path) -> bool:
    first = path.parts[0] if path.parts else ""
    suffix = first.removeprefix(f"{name}.").partition("-")[0]
    return first in (name, EDITS, log.beside(Path(name)).name) or (
        first.startswith(f"{name}.") and suffix in _COMPANIONS
    )


def move_to_target(copied: Path, target: Path, *, overwrite: bool = False) -> int:
    """Move a copy from the spool to its target and return its size in bytes.

    `overwrite` replaces a file, or by a folder a folder that has nothing but Parquet files.
    """
    try:
        if os.path.lexists(target) and not (overwrite and _can_replace(copied, target)):
            raise _exists(target)
        _move(copied, target, overwrite=overwrite)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        discard(copied)
    files = target.iterdir() if target.is_dir() else (target,)
    return sum(file.stat().st_size for file in files)


def _can_replace(copied: Path, target: Path) -> bool:
    if not copied.is_dir():
        return not target.is_dir()
    return target.is_dir() and all(file.suffix == ".parquet" for file in target.iterdir())


def _move(copied: Path, target: Path, *, overwrite: bool) -> None:
    try:
        _rename(copied, target, overwrite=overwrite)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP):
            raise
        # Another file system: copy to a file beside the target first, then rename it.
        near = target.with_name(f"{target.name}.{uuid.uuid4().hex}.partial")
        try:
            if copied.is_dir():
                shutil.copytree(copied, near)
                _rename(near, target, overwrite=overwrite)
            else:
                copy(copied, near)
                if not overwrite and os.path.lexists(target):
                    raise _exists(target) from None
                near.replace(target)
        finally:
            discard(near)


def _rename(copied: Path, target: Path, *, overwrite: bool) -> None:
    if copied.is_dir():
        before = target.with_name(f"{target.name}.{uuid.uuid4().hex}.partial")
        # A folder cannot be renamed over another one that has files.
        if exists := overwrite and os.path.lexists(target):
            target.rename(before)
        try:
            copied.rename(target)
        except BaseException:
            if exists:
                before.rename(target)
            raise
        discard(before)
    elif overwrite:
        copied.replace(target)
    else:
        # Unlike a rename, a hard link never replaces a file that has just been created.
        try:
            target.hardlink_to(copied)
        except FileExistsError:
            raise _exists(target) from None


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _exists(target: Path) -> SnapshotRefused:
    return SnapshotRefused(
        f"{target} already exists.",
        "Choose another name, or use `--overwrite` to replace a file or a folder of Parquet files.",
        code="snapshot.exists",
    )


def _over_database(target: Path) -> SnapshotRefused:
    return SnapshotRefused(
        f"{target} belongs to the database to be copied.",
        "Choose another name. Nothing was changed.",
        code="snapshot.ours",
    )


def _unwritable(target: Path, error: Exception) -> SnapshotRefused:
    return SnapshotRefused(
        f"The copy cannot be written to {target}: {reason(error)}.",
        "Choose a writable folder with enough free space.",
    )
