"""A connection of a client: length-prefixed messages over a Unix socket, and the peer's user id.

Plain blocking sockets: a command loads no event loop to ask a question.
"""

import contextlib
import errno
import select
import socket
import struct
import time
from pathlib import Path

HEADER = struct.Struct("!I")
"""Each message follows its length in bytes."""
_CONNECT_PAUSE = 0.02


class Connection:
    """One thread may use it at a time; any thread may call `shutdown`."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(self, data: bytes, timeout: float | None) -> None:
        self._socket.settimeout(timeout)
        self._socket.sendall(framed(data))

    def receive(self, most_bytes: int, timeout: float | None) -> bytearray:
        """Receive one message. Raises `TimeoutError`, or `EOFError` if there is no more."""
        self._socket.settimeout(timeout)
        (size,) = HEADER.unpack(self._exactly(HEADER.size))
        if size > most_bytes:
            raise OSError(errno.EMSGSIZE, "The message is too large")
        return self._exactly(size)

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        free = memoryview(data)
        while free:
            received = self._socket.recv_into(free)
            if not received:
                raise EOFError
            free = free[received:]
        return data

    @property
    def is_closed(self) -> bool:
        return self._socket.fileno() < 0

    @property
    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the server, or has unexpected data."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return bool(readable)

    def shutdown(self) -> None:
        """End the connection under a thread that waits on it; closing it would not wake it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()


def connect(address: Path, timeout: float) -> Connection:
    """Connect, and wait while the server has no room for another connection."""
    deadline = time.monotonic() + timeout
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(timeout)
            sock.connect(str(address))
        except BlockingIOError:
            sock.close()
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            time.sleep(_CONNECT_PAUSE)
        except BaseException:
            sock.close()
            raise
        else:
            return Connection(sock)


def framed(data: bytes) -> bytes:
    return HEADER.pack(len(data)) + data


def peer_uid(sock: socket.socket) -> int:
    """Return the user id of the process at the other end."""
    if hasattr(socket, "SO_PEERCRED"):
        _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(uid)
    # macOS: `struct xucred` of level SOL_LOCAL (0), option LOCAL_PEERCRED (1).
    _, uid = struct.unpack("2I", sock.getsockopt(0, 1, 76)[:8])
    return int(uid)
