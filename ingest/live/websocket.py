"""A small WebSocket client (RFC 6455) over a Unix socket, with limits of time and size.

Only what a conversation in JSON needs: handshake, masked text frames, fragments, ping and close.
"""

import base64
import hashlib
import os
import select
import socket
import time
from typing import Final

MAX_BYTES: Final = 4 * 1024**2
"""A larger message is refused."""
_MAX_HEAD: Final = 8 * 1024
_CHUNK: Final = 64 * 1024
_ACCEPT: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_FINAL, _MASKED = 0x80, 0x80


class ProtocolError(Exception):
    """The server does not speak this protocol."""


class WebSocket:
    """An open connection. Every method takes the monotonic time until which it may take."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._socket = connection
        self._buffer = bytearray()
        """Bytes that were received and not used yet: a frame may arrive in parts."""
        self._message = bytearray()
        self._shake_hands(until)

    def close(self) -> None:
        self._socket.close()

    def is_ready(self, seconds: float = 0.0) -> bool:
        """Whether something can be received now; waits for it at most so long."""
        size = self._frame_size()
        if size is not None and len(self._buffer) >= sum(size):
            return True
        return bool(select.select([self._socket], [], [], seconds)[0])

    def send(self, text: bytes, until: float) -> None:
        self._send(_TEXT, text, until)

    def receive(self, until: float) -> bytes:
        """The next text message. Raises `TimeoutError`, and continues there when called again."""
        while True:
            while (frame := self._frame()) is None:
                self._fill(until)
            final, kind, data = frame
            if kind == _PING:
                self._send(_PONG, data, until)
            elif kind == _CLOSE:
                raise ConnectionResetError("The server closed the connection.")
            elif kind in (_TEXT, _CONTINUATION):
                if len(self._message) + len(data) > MAX_BYTES:
                    raise ProtocolError("A message is too large.")
                self._message += data
                if final:
                    message = bytes(self._message)
                    self._message.clear()
                    return message
            elif kind != _PONG:
                raise ProtocolError("A frame has an unknown type.")

    def _shake_hands(self, until: float) -> None:
        key = base64.b64encode(os.urandom(16))
        self._write(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: " + key + b"\r\nSec-WebSocket-Version: 13\r\n\r\n",
            until,
        )
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _MAX_HEAD:
                raise ProtocolError("The answer to the handshake is too long.")
            self._fill(until)
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer[:] = rest
        status, *lines = head.split(b"\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in
                   (line.partition(b":") for line in lines)}  # fmt: skip
        digest = hashlib.sha1(key + _ACCEPT, usedforsecurity=False).digest()
        if b" 101 " not in status + b" " or (
            headers.get(b"sec-websocket-accept") != base64.b64encode(digest)
        ):
            raise ProtocolError("The server does not accept a WebSocket.")

    def _frame_size(self) -> tuple[int, int] | None:
        """The sizes of the head of the next frame and of its data; None if not known yet."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        short = buffer[1] & 0x7F
        head = 2 if short < 126 else 4 if short == 126 else 10
        if len(buffer) < head:
            return None
        return head, int.from_bytes(buffer[2:head], "big") if head > 2 else short

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """Take the next whole frame from the buffer: whether it ends a message, its type, data."""
        if (sizes := self._frame_size()) is None:
            return None
        head, size = sizes
        if self._buffer[1] & _MASKED:
            raise ProtocolError("A frame of the server is masked.")
        if size > MAX_BYTES:
            raise ProtocolError("A frame is too large.")
        if len(self._buffer) < head + size:
            return None
        first, data = self._buffer[0], bytes(self._buffer[head : head + size])
        del self._buffer[: head + size]
        return bool(first & _FINAL), first & 0x0F, data

    def _send(self, kind: int, data: bytes, until: float) -> None:
        size, mask = len(data), os.urandom(4)
        if size < 126:
            head = bytes([_FINAL | kind, _MASKED | size])
        else:
            head = bytes([_FINAL | kind, _MASKED | 126]) + size.to_bytes(2, "big")
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self._write(head + mask + masked, until)

    def _write(self, data: bytes, until: float) -> None:
        self._wait_until(until)
        self._socket.sendall(data)

    def _fill(self, until: float) -> None:
        self._wait_until(until)
        data = self._socket.recv(_CHUNK)
        if not data:
            raise ConnectionResetError("The server closed the connection.")
        self._buffer += data

    def _wait_until(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("The server did not answer in time.")
        self._socket.settimeout(left)
