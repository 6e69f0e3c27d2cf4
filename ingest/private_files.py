"""Files that only their owner can read (0600), and files that are written completely or not at all.

Links are never followed. All files beside the database and all exports are created here; folders of
exports are opened by `ingest.projects.safe_export`, which passes their descriptor.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO

_ALWAYS = os.O_NOFOLLOW | os.O_CLOEXEC


def open_private(path: Path | str, flags: int, *, folder: int | None = None) -> int:
    """A descriptor of the file; if `flags` create it, it is private.

    `folder` is the descriptor of an open folder that a relative path starts from.
    """
    return os.open(path, flags | _ALWAYS, 0o600, dir_fd=folder)


def create(
    path: Path | str, *, overwrite: bool = False, folder: int | None = None, buffering: int = -1
) -> IO[bytes]:
    """A new private file, open for writing. An existing file is an error, or emptied."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
    return os.fdopen(open_private(path, flags, folder=folder), "wb", buffering)


def write_atomic(path: Path, parts: Iterable[bytes], *, durable: bool = False) -> None:
    """Replace the file with these bytes; other processes see the old file or the new one.

    `durable` also waits until the new file would survive a power loss.
    """
    # Of this process only, so that two processes do not write into each other's file.
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    try:
        with create(new) as file:
            file.writelines(parts)
        if durable:
            sync(new)
        new.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def copy(source: Path, target: Path, *, overwrite: bool = False) -> None:
    """Copy a file to a private one."""
    with source.open("rb") as old, create(target, overwrite=overwrite) as new:
        shutil.copyfileobj(old, new, 1024 * 1024)


def sync(path: Path) -> None:
    """Wait until the file, or the entries of the folder, would survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
