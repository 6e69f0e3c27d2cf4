"""Closes a connection that another thread uses, and detects closed connections."""

import contextlib
import os
import socket
import sys
from multiprocessing.connection import Connection


def close_socket(connection: Connection) -> None:
    """Shut down the socket: closing it would not wake a thread that waits on it."""
    if sys.platform == "win32":
        connection.close()
        return
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as twin:
        twin.shutdown(socket.SHUT_RDWR)


def is_closed(connection: Connection) -> bool:
    """Whether a client that waits for its answer has disconnected."""
    try:
        return connection.poll(0)
    except (OSError, EOFError):
        return True
