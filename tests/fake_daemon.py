"""A daemon like Codex's for tests: a WebSocket server at the socket of a home.

It sends the messages that the real one (0.171) was recorded to send. It can misbehave, too.
"""

import base64
import contextlib
import hashlib
import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WAITS_FOR_APPROVAL = {"type": "active", "activeFlags": ["waitingOnApproval"]}
WAITS_FOR_INPUT = {"type": "active", "activeFlags": ["waitingOnUserInput"]}
ACTIVE = {"type": "active", "activeFlags": []}
IDLE = {"type": "idle"}


class FakeDaemon:
    """Answers as Codex's daemon does. `behaviour`: `silent` accepts and says nothing, `mute` stops
    after the handshake, `garbage` answers with bytes, `shape` with other JSON."""

    def __init__(self, home: Path, behaviour: str = "") -> None:
        self.home = home
        self.behaviour = behaviour
        self.threads: dict[str, dict[str, Any]] = {}
        self.user_agent = "codex-tui/0.171.0 (Debian 12.0.0; x86_64) xterm (tailboard; 0.1)"
        self.methods: list[str] = []
        """Every method that was called."""
        self.connections = 0
        self.folder = Path(tempfile.mkdtemp(prefix="codex-daemon-"))
        self.target = self.folder / "socket"
        self._clients: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.target))
        self._server.listen()
        control = home / "app-server-control"
        control.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.link = control / "app-server-control.sock"
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(self.target)
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, thread: str, status: dict[str, Any]) -> None:
        """Change the status of a thread; every client is notified."""
        self.threads[thread] = status
        params = {"threadId": thread, "status": status}
        for client in self._clients:
            _send(client, {"method": "thread/status/changed", "params": params, "emittedAtMs": 1})

    def die(self) -> None:
        """End like a killed daemon: the socket stays."""
        # A thread that waits in `accept` would keep the socket open.
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()

    def remove(self) -> None:
        self.die()
        self.link.unlink(missing_ok=True)
        self.target.unlink(missing_ok=True)
        self.folder.chmod(0o700)
        self.folder.rmdir()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            if self.behaviour == "silent":
                self._clients.append(client)
                return
            _shake_hands(client)
            self._clients.append(client)
            if self.behaviour == "garbage":
                client.sendall(b"\xff" * 4096)
            while True:
                request = json.loads(_receive(client))
                self.methods.append(request["method"])
                if self.behaviour != "mute":
                    self._answer(client, request)

    def _answer(self, client: socket.socket, request: dict[str, Any]) -> None:
        id_, method, params = request["id"], request["method"], request["params"]
        result: Any
        if method == "initialize":
            result = {"userAgent": self.user_agent, "codexHome": str(self.home)}
            _send(client, {"method": "configWarning", "params": {"summary": "unrelated"}})
        elif method == "thread/loaded/list":
            result = {"data": list(self.threads), "nextCursor": None}
        elif method == "thread/read" and params["threadId"] in self.threads:
            thread = params["threadId"]
            status = self.threads[thread]
            result = {"thread": {"id": thread, "preview": "x" * 300, "status": status}}
        else:
            _send(client, {"error": {"code": -32600, "message": "no"}, "id": id_})
            return
        if self.behaviour == "shape" and method != "initialize":
            result = {"items": [result]}
        _send(client, {"id": id_, "result": result})


@contextmanager
def fake_daemon(home: Path, behaviour: str = "") -> Iterator[FakeDaemon]:
    daemon = FakeDaemon(home, behaviour)
    try:
        yield daemon
    finally:
        daemon.remove()


def _shake_hands(client: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += _some(client, 4096)
    key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest())
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-accept: " + accept + b"\r\n\r\n"
    )


def _send(client: socket.socket, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
    with contextlib.suppress(OSError):
        client.sendall(b"\x81" + size + data)


def _receive(client: socket.socket) -> bytes:
    size = _exactly(client, 2)[1] & 0x7F
    if size == 126:
        size = int.from_bytes(_exactly(client, 2), "big")
    mask, data = _exactly(client, 4), _exactly(client, size)
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


def _exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += _some(client, size - len(data))
    return data


def _some(client: socket.socket, size: int) -> bytes:
    data = client.recv(size)
    if not data:
        raise EOFError
    return data
