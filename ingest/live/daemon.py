"""What Codex's daemon says about its threads: which run a turn, wait for the user, or do nothing.

The terminal of Codex 0.171 starts a daemon, which answers JSON-RPC over a WebSocket at a Unix
socket in Codex's home. It is only asked, never started, stopped or changed: no method is called but
`initialize`, `thread/loaded/list` and `thread/read`. Threads of other processes are not loaded
there. If the socket is not ours alone, or an answer is late, unknown or of another home, the daemon
counts as silent, and the session files decide.
"""

import os
import re
import socket
import stat
import struct
import time
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from ingest import __version__
from ingest.codex.liveness import LiveStatus
from ingest.live.websocket import ProtocolError, WebSocket

SOCKET: Final = os.path.join("app-server-control", "app-server-control.sock")
TIMEOUT: Final = 0.2
"""Seconds for everything that is asked at once."""
RETRY_SECONDS: Final = 60.0
"""Seconds after a failure until the same socket is tried again."""
TESTED: Final = (0, 171)
"""The newest release whose daemon was tested."""
_MAX_THREADS: Final = 64
"""Loaded threads that are asked for, newest first: their ids begin with the time."""
_VERSION: Final = re.compile(r"/(\d{1,4})\.(\d{1,4})\.")
_FLAGS: Final = {
    "waitingOnApproval": LiveStatus.APPROVAL,
    "waitingOnUserInput": LiveStatus.INPUT,
}
_TYPES: Final = {"idle": LiveStatus.IDLE, "systemError": LiveStatus.ERROR, "notLoaded": None}

T = TypeVar("T")
Statuses = dict[str, LiveStatus]
"""By thread; those that the daemon has not loaded are missing."""


class DaemonUnusable(Exception):
    """Why the daemon is not asked, as a sentence."""


class _Status(Struct):
    type: str
    activeFlags: list[str] = []  # noqa: N815 - Codex's name


class _Thread(Struct):
    id: str
    status: _Status


class _Read(Struct):
    thread: _Thread


class _Loaded(Struct):
    data: list[str]


class _Hello(Struct):
    userAgent: str  # noqa: N815 - Codex's name
    codexHome: str  # noqa: N815 - Codex's name


class _Changed(Struct):
    threadId: str  # noqa: N815 - Codex's name
    status: _Status


class _Message(Struct):
    id: int | None = None
    method: str | None = None
    params: Raw = Raw()
    result: Raw = Raw()
    """Empty if the daemon refused the call."""


class Connection:
    """A conversation with the daemon of a home."""

    def __init__(self, home: str, until: float) -> None:
        self.unknown: set[str] = set()
        """Statuses that this version does not know. Their threads count as not loaded."""
        self._home = home
        self._sent = 0
        self._news: list[_Changed] = []
        path = checked_socket(home)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(max(0.001, until - time.monotonic()))
            connection.connect(path)
            _check_peer(connection)
            self._websocket = WebSocket(connection, until)
            self.version = self._greet(until)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        self._websocket.close()

    def wait(self, seconds: float) -> None:
        """Wait until something arrives, at most so long."""
        self._websocket.is_ready(seconds)

    def statuses(self, until: float) -> Statuses:
        """The status of every loaded thread."""
        (loaded,) = self._call([("thread/loaded/list", {})], until)
        ids = sorted(_decoded(loaded, _Loaded).data, reverse=True)[:_MAX_THREADS]
        calls = [("thread/read", {"threadId": id_, "includeTurns": False}) for id_ in ids]
        found: Statuses = {}
        for result in self._call(calls, until):
            if result:  # Otherwise it was unloaded in the meantime.
                thread = _decoded(result, _Read).thread
                self._set(found, thread.id, thread.status)
        for changed in self._news:
            self._set(found, changed.threadId, changed.status)
        self._news.clear()
        return found

    def apply_news(self, statuses: Statuses, until: float) -> None:
        """Bring `statuses` up to date with the notifications that have arrived."""
        while self._websocket.is_ready() and time.monotonic() < until:
            self._take(msgspec.json.decode(self._websocket.receive(until), type=_Message))
        for changed in self._news:
            self._set(statuses, changed.threadId, changed.status)
        self._news.clear()

    def _greet(self, until: float) -> str:
        client = {"name": "tailboard", "title": "Tailboard", "version": __version__}
        (result,) = self._call([("initialize", {"clientInfo": client})], until)
        hello = _decoded(result, _Hello)
        if os.path.realpath(hello.codexHome) != os.path.realpath(self._home):
            raise DaemonUnusable("It serves another home.")
        if (version := _VERSION.search(hello.userAgent)) is None:
            raise DaemonUnusable("It does not report a version that is known.")
        return f"{version[1]}.{version[2]}"

    def _call(self, calls: Iterable[tuple[str, dict[str, Any]]], until: float) -> list[Raw]:
        """The result of each call, in order; empty where the daemon reports an error."""
        first = self._sent
        for method, params in calls:
            request = {"jsonrpc": "2.0", "id": self._sent, "method": method, "params": params}
            self._websocket.send(msgspec.json.encode(request), until)
            self._sent += 1
        results: dict[int, Raw] = {}
        while len(results) < self._sent - first:
            message = msgspec.json.decode(self._websocket.receive(until), type=_Message)
            if message.method is None and message.id is not None and message.id >= first:
                results[message.id] = message.result
            else:
                self._take(message)
        return [results[id_] for id_ in range(first, self._sent)]

    def _take(self, message: _Message) -> None:
        if message.method == "thread/status/changed":
            self._news.append(msgspec.json.decode(message.params, type=_Changed))

    def _set(self, statuses: Statuses, thread: str, status: _Status) -> None:
        word = self._word(status)
        if word is None:
            statuses.pop(thread, None)
        else:
            statuses[thread] = word

    def _word(self, status: _Status) -> LiveStatus | None:
        if status.type != "active":
            if status.type not in _TYPES:
                self.unknown.add(status.type[:40])
            return _TYPES.get(status.type)
        if unknown := [flag[:40] for flag in status.activeFlags if flag not in _FLAGS]:
            self.unknown.update(unknown)
            return None
        return next((_FLAGS[flag] for flag in status.activeFlags), LiveStatus.ACTIVE)


def checked_socket(home: str) -> str:
    """The path to connect to.

    It is a link into the temporary folder, where others can write too, so the socket and each
    folder must be ours, and closed to others.
    """
    folder = os.path.join(home, os.path.dirname(SOCKET))
    path = os.path.join(home, SOCKET)
    _check_folder(folder)
    if stat.S_ISLNK(os.lstat(path).st_mode):
        path = os.path.join(folder, os.readlink(path))
        _check_folder(os.path.dirname(path))
    info = os.lstat(path)
    if not stat.S_ISSOCK(info.st_mode):
        raise DaemonUnusable("Its socket is not a socket.")
    if info.st_uid != os.getuid():
        raise DaemonUnusable("Its socket belongs to another user.")
    return path


def socket_identity(home: str) -> tuple[int, int] | None:
    """Changes with every start of the daemon; None if there is no socket."""
    try:
        info = os.stat(os.path.join(home, SOCKET))
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns


def _check_folder(folder: str) -> None:
    info = os.lstat(folder)
    if not stat.S_ISDIR(info.st_mode):
        raise DaemonUnusable("The folder of its socket is not a folder.")
    if info.st_uid != os.getuid():
        raise DaemonUnusable("The folder of its socket belongs to another user.")
    if info.st_mode & 0o077:
        raise DaemonUnusable("Others can use the folder of its socket.")


def _check_peer(connection: socket.socket) -> None:
    """The process at the other end must be ours, too, where the system tells."""
    if hasattr(socket, "SO_PEERCRED"):
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if struct.unpack("3i", data)[1] != os.getuid():
            raise DaemonUnusable("It belongs to another user.")


def _decoded(result: Raw, type_: type[T]) -> T:
    if not result:
        raise ProtocolError("It refuses a question.")
    return msgspec.json.decode(result, type=type_)
