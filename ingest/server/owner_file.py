"""The files that tell clients about the owner: the owner file and the socket's address.

They are only information. The engine's lock decides which process owns the database; the file of a
dead owner leads to a socket that nobody answers. The socket is in a folder that only this user can
enter: the spool beside the database, or a folder for temporary files if its path is too long.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from ingest.db.paths import beside
from ingest.private_files import open_private, write_atomic

LONGEST_SOCKET = 100
"""Bytes of a socket's path; systems allow between 104 and 108, including the final zero."""
_MAX_FILE_BYTES = 64 * 1024
_LEFTOVERS = ("key", "sock")
"""Files beside the database that earlier versions made."""


class Role(StrEnum):
    """Why the owner runs."""

    INGEST = "ingest"
    FOLLOW = "follow"
    DASHBOARD = "dashboard"
    COMMAND = "command"


class OwnerInfo(Struct, frozen=True):
    pid: int
    since: str
    role: str
    version: str
    schema: int
    homes: list[str]
    socket: str | None = None
    """The socket's path, unless it is in the spool."""


class Address(Struct, frozen=True):
    at: str
    written: str | None
    """The path as written to the owner file."""


def write(database: Path, owner: OwnerInfo) -> None:
    write_atomic(beside(database, "owner"), [msgspec.json.encode(owner)])


def remove(database: Path) -> None:
    beside(database, "owner").unlink(missing_ok=True)


def remove_leftovers(database: Path) -> None:
    for name in _LEFTOVERS:
        # Leftovers are harmless.
        with contextlib.suppress(OSError):
            beside(database, name).unlink(missing_ok=True)


def read(database: Path) -> OwnerInfo | None:
    """Read the owner file; None if it is absent or unreadable."""
    try:
        descriptor = open_private(beside(database, "owner"), os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return msgspec.json.decode(file.read(_MAX_FILE_BYTES), type=OwnerInfo)
    except OSError:
        return None  # Absent or not readable for this user.
    except msgspec.MsgspecError:
        return None  # Not an owner file, or one of an incompatible version.


def address(database: Path, owner: OwnerInfo) -> Address:
    """Return the address of the owner's socket."""
    if owner.socket is not None:
        return Address(owner.socket, owner.socket)
    return _default(database)


def socket_addresses(database: Path) -> Iterator[Address]:
    """Yield possible socket addresses, to be tried in this order."""
    default = _default(database)
    if len(os.fsencode(default.at)) <= LONGEST_SOCKET:
        yield default
    elsewhere = str(_private_folder(f"tailboard-{os.getuid()}-{_digest(database)}") / "sock")
    yield Address(elsewhere, elsewhere)


def remove_socket(address: Address) -> None:
    """Remove the socket, also of a dead owner. Only the holder of the database's lock may."""
    Path(address.at).unlink(missing_ok=True)


def _default(database: Path) -> Address:
    return Address(str(beside(database.absolute(), "spool") / "sock"), None)


def _digest(database: Path) -> str:
    path = os.fsencode(database.absolute())
    return hashlib.blake2b(path, digest_size=8).hexdigest()


def _private_folder(name: str) -> Path:
    """Return a fixed folder, so that crashes leave at most one; a new one if it is not ours."""
    folder = Path(tempfile.gettempdir()) / name
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    info = folder.lstat()
    ours = stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid()
    if ours and not stat.S_IMODE(info.st_mode) & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix="tailboard-"))
