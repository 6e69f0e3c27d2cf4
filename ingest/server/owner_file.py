"""The files that tell clients about the owner: owner file, socket address and key.

They are only information. The engine's lock decides which process owns the database; the file of a
dead owner leads to a socket that nobody answers.
"""

import contextlib
import hashlib
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from ingest.db.paths import beside
from ingest.private_files import open_private, write_atomic

KEY_BYTES = 32
LONGEST_SOCKET = 100
"""Bytes of a socket's path; systems allow between 104 and 108, including the final zero."""
_MAX_FILE_BYTES = 64 * 1024


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
    """The socket's path, unless it is beside the database."""


class Address(Struct, frozen=True):
    at: str
    family: str
    told: str | None
    """The path as written to the owner file."""


def write(database: Path, owner: OwnerInfo) -> None:
    write_atomic(beside(database, "owner"), [msgspec.json.encode(owner)])


def remove(database: Path) -> None:
    beside(database, "owner").unlink(missing_ok=True)


def read(database: Path) -> OwnerInfo | None:
    """Read the owner file; None if it is absent or unreadable."""
    data = _contents(beside(database, "owner"))
    try:
        return None if data is None else msgspec.json.decode(data, type=OwnerInfo)
    except msgspec.MsgspecError:
        return None  # Not an owner file, or one of an incompatible version.


def key(database: Path) -> bytes | None:
    """Read the shared key, if there is one."""
    data = _contents(beside(database, "key"))
    return data if data is not None and len(data) == KEY_BYTES else None


def make_key(database: Path) -> bytes:
    """Return the key; create a new one if there is none or if other users could have read it."""
    path = beside(database, "key")
    existing = key(database)
    if existing is not None and not stat.S_IMODE(path.lstat().st_mode) & 0o077:
        return existing
    created = secrets.token_bytes(KEY_BYTES)
    write_atomic(path, [created])
    return created


def address(database: Path, owner: OwnerInfo) -> Address:
    """Return the address of the owner's socket."""
    if owner.socket is not None:
        return Address(owner.socket, _family(), owner.socket)
    return _default(database)


def socket_addresses(database: Path) -> Iterator[Address]:
    """Yield possible socket addresses, to be tried in this order."""
    if sys.platform == "win32":
        pipe = rf"\\.\pipe\tailboard-{_digest(database)}"
        yield Address(pipe, _family(), pipe)
        return
    default = _default(database)
    if len(os.fsencode(default.at)) <= LONGEST_SOCKET:
        yield default
    elsewhere = str(_private_folder(f"tailboard-{os.getuid()}-{_digest(database)}") / "sock")
    yield Address(elsewhere, _family(), elsewhere)


def remove_stale_socket(at: Address) -> None:
    """Remove the socket of a dead owner. Only the holder of the database's lock may call this."""
    if at.family == "AF_UNIX":
        Path(at.at).unlink(missing_ok=True)


def _default(database: Path) -> Address:
    return Address(str(beside(database.absolute(), "sock")), _family(), None)


def _family() -> str:
    return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"


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


def _contents(path: Path) -> bytes | None:
    try:
        with os.fdopen(open_private(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(_MAX_FILE_BYTES)
    except OSError:
        return None  # Absent or not readable for this user.
