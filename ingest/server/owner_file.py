"""What lies beside an open database: who has it, where its door is, and the key to the door.

Only a note. Who owns is decided by the lock of the engine and by nothing else; a note that was left
behind by a death leads to a door where nobody answers.
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

KEY_BYTES = 32
LONGEST_SOCKET = 100
"""Bytes; the systems allow between 104 and 108 with the zero at the end."""
_LARGEST_NOTE = 64 * 1024


class Role(StrEnum):
    """What the owner is there for."""

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
    """Where the door is, if it is not in its place beside the database."""


class Address(Struct, frozen=True):
    at: str
    family: str
    told: str | None
    """As the plate says it."""


def write(database: Path, plate: OwnerInfo) -> None:
    _replace(beside(database, "owner"), msgspec.json.encode(plate))


def remove(database: Path) -> None:
    beside(database, "owner").unlink(missing_ok=True)


def read(database: Path) -> OwnerInfo | None:
    """What the plate says; None where there is none, or none that can be read."""
    data = _contents(beside(database, "owner"))
    try:
        return None if data is None else msgspec.json.decode(data, type=OwnerInfo)
    except msgspec.MsgspecError:
        return None  # Not ours, or of a version that nobody here can talk to: no door is known.


def key(database: Path) -> bytes | None:
    """The key to the door, if there is one."""
    data = _contents(beside(database, "key"))
    return data if data is not None and len(data) == KEY_BYTES else None


def make_key(database: Path) -> bytes:
    """The key; a new one where there is none, or where others could have read it."""
    path = beside(database, "key")
    found = key(database)
    if found is not None and not stat.S_IMODE(path.lstat().st_mode) & 0o077:
        return found
    made = secrets.token_bytes(KEY_BYTES)
    _replace(path, made)
    return made


def address(database: Path, plate: OwnerInfo) -> Address:
    """Where the door of this owner is."""
    if plate.socket is not None:
        return Address(plate.socket, _family(), plate.socket)
    return _usual(database)


def socket_addresses(database: Path) -> Iterator[Address]:
    """Where a door may be opened; the next one where the last one cannot be."""
    if sys.platform == "win32":
        pipe = rf"\\.\pipe\tailboard-{_digest(database)}"
        yield Address(pipe, _family(), pipe)
        return
    usual = _usual(database)
    if len(os.fsencode(usual.at)) <= LONGEST_SOCKET:
        yield usual
    elsewhere = str(_private_folder(f"tailboard-{os.getuid()}-{_digest(database)}") / "sock")
    yield Address(elsewhere, _family(), elsewhere)


def remove_stale_socket(at: Address) -> None:
    """Remove the socket that a dead owner left. Only who holds the lock may."""
    if at.family == "AF_UNIX":
        Path(at.at).unlink(missing_ok=True)


def _usual(database: Path) -> Address:
    return Address(str(beside(database.absolute(), "sock")), _family(), None)


def _family() -> str:
    return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"


def _digest(database: Path) -> str:
    path = os.fsencode(database.absolute())
    return hashlib.blake2b(path, digest_size=8).hexdigest()


def _private_folder(name: str) -> Path:
    """The same folder each time, so that deaths leave one behind; another where it is not ours."""
    folder = Path(tempfile.gettempdir()) / name
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    info = folder.lstat()
    ours = stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid()
    if ours and not stat.S_IMODE(info.st_mode) & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix="tailboard-"))


def _replace(path: Path, data: bytes) -> None:
    """In one step, for its owner only."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    new.replace(path)


def _contents(path: Path) -> bytes | None:
    try:
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        )
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_LARGEST_NOTE)
    except OSError:
        return None  # Absent, or not for us: either way nothing is known.
