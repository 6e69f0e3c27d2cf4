"""Mutual authentication of server and client with a shared key, with a timeout.

Uses the challenge and digest of `multiprocessing.connection`, which unpickles nothing. The timeout
keeps a silent client from blocking the server.
"""

from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import cast

SECONDS = 2.0


class _Timed:
    """A connection on which receiving times out."""

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
    """The server's side: sends the first challenge."""
    timed = cast("Connection", _Timed(connection, seconds))
    deliver_challenge(timed, key)
    answer_challenge(timed, key)


def authenticate_to_server(connection: Connection, key: bytes, seconds: float = SECONDS) -> None:
    """The client's side: answers the first challenge."""
    timed = cast("Connection", _Timed(connection, seconds))
    answer_challenge(timed, key)
    deliver_challenge(timed, key)
