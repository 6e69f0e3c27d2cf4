"""How the two sides of a door prove to each other that they have the key, within a time.

The exchange is that of `multiprocessing.connection`: challenges and digests, no object is ever
unpickled. Here it only gets a clock, so that who says nothing keeps nobody waiting.
"""

from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import cast

SECONDS = 2.0


class _Timed:
    """A connection on which every message has to come in time."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    def send_bytes(self, data: bytes) -> None:
        self._connection.send_bytes(data)

    def recv_bytes(self, maxlength: int | None = None) -> bytes:
        if not self._connection.poll(self._seconds):
            raise TimeoutError("no answer")
        return self._connection.recv_bytes(maxlength)


def authenticate_client(connection: Connection, key: bytes, seconds: float = SECONDS) -> None:
    """The owner's side: first asks, then answers."""
    timed = cast("Connection", _Timed(connection, seconds))
    deliver_challenge(timed, key)
    answer_challenge(timed, key)


def authenticate_to_server(connection: Connection, key: bytes, seconds: float = SECONDS) -> None:
    """The other side: first answers, then asks."""
    timed = cast("Connection", _Timed(connection, seconds))
    answer_challenge(timed, key)
    deliver_challenge(timed, key)
