"""The end of a conversation at the door, from the outside of the thread that holds it."""

import contextlib
import os
import socket
import sys
from multiprocessing.connection import Connection


def close_socket(connection: Connection) -> None:
    """End a connection that another thread is waiting on; closing it would not wake that thread."""
    if sys.platform == "win32":
        connection.close()
        return
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as twin:
        twin.shutdown(socket.SHUT_RDWR)


def is_closed(connection: Connection) -> bool:
    """Whether the other side, which waits for an answer and says nothing meanwhile, has gone."""
    try:
        return connection.poll(0)
    except (OSError, EOFError):
        return True
