"""The WebSocket client: messages in any frames, and limits of time and size."""

import base64
import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ingest.live.websocket import MAX_BYTES, ProtocolError, WebSocket

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def soon() -> float:
    return time.monotonic() + 30


@contextmanager
def connected(data: bytes = b"") -> Iterator[tuple[WebSocket, socket.socket]]:
    """A client whose handshake was answered, directly followed by these bytes."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        request = theirs.recv(4096)
        key = re.findall(rb"Key: (\S+)", request)[0]
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        theirs.sendall(b"HTTP/1.1 101 OK\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n" + data)

    server = threading.Thread(target=answer)
    server.start()
    with ours, theirs:
        client = WebSocket(ours, soon())
        server.join()
        yield client, theirs


def test_fragments_and_pings_between_them_are_one_message() -> None:
    data = b"\x01\x02ab" + b"\x89\x01!" + b"\x80\x02cd" + b"\x81\x01e"
    with connected(data) as (client, server):
        assert client.receive(soon()) == b"abcd"
        assert client.is_ready()
        assert client.receive(soon()) == b"e"
        assert not client.is_ready()
        pong = server.recv(100)
        assert pong[0] == 0x8A
        assert pong[6] ^ pong[2] == ord("!")


def test_a_frame_that_arrives_in_parts_is_continued_after_a_timeout() -> None:
    with connected(b"\x81\x7e\x01") as (client, server):
        with pytest.raises(TimeoutError):
            client.receive(time.monotonic() + 0.01)
        server.sendall(b"\x2c" + b"x" * 300)
        assert client.receive(soon()) == b"x" * 300


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x7f" + (MAX_BYTES + 1).to_bytes(8, "big"),
        b"\x81\x81abcdx",
        b"\x83\x00",
    ],
    ids=["too large", "masked", "unknown type"],
)
def test_frames_that_are_not_allowed_are_refused(data: bytes) -> None:
    with connected(data) as (client, _), pytest.raises(ProtocolError):
        client.receive(soon())


def test_fragments_without_an_end_are_limited_together() -> None:
    half = MAX_BYTES // 2 + 1
    frame = b"\x01\x7f" + half.to_bytes(8, "big") + bytes(half)
    with connected() as (client, server):
        sender = threading.Thread(target=lambda: server.sendall(frame + b"\x00" + frame[1:]))
        sender.start()
        with pytest.raises(ProtocolError):
            client.receive(soon())
        sender.join()


def test_a_server_that_is_no_websocket_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with pytest.raises(ProtocolError):
            WebSocket(ours, soon())


def test_the_end_of_the_connection_is_an_error() -> None:
    with connected(b"\x88\x00") as (client, _), pytest.raises(ConnectionResetError):
        client.receive(soon())
    with connected() as (client, server):
        server.close()
        with pytest.raises(ConnectionResetError):
            client.receive(soon())
