"""The live state of a home: what its daemon says, and who holds its locks.

A command asks once. A dashboard and `ingest --follow` watch: a thread keeps the connection, on
which the daemon reports every change, and looks at the locks. A daemon that failed is not asked
again for a minute.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct

from ingest.codex.liveness import LiveStatus
from ingest.live import codex_databases
from ingest.live.codex_databases import QUEUE, STATE, DatabaseUnread, Threads
from ingest.live.daemon import (
    RETRY_SECONDS,
    SOCKET,
    TESTED,
    TIMEOUT,
    Connection,
    DaemonUnusable,
    Statuses,
    socket_identity,
)
from ingest.live.locks import Writer, writers
from ingest.live.websocket import ProtocolError

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at locks and files while no daemon answers."""
ASK_EVERY: Final = 0.5
"""Seconds for which an answer counts, and between two looks at the locks while a daemon answers."""
SETTLES_AFTER: Final = 5.0
"""Seconds for which a thread must be idle until the lines of its last turn are expected."""
STATE_EVERY: Final = 5.0
"""Seconds between two readings of a large database that changes with every line."""
_LIST_EVERY: Final = 10.0
"""Seconds after which a watcher asks for everything again, in case a change was missed."""
T = TypeVar("T")
_FAILURES: Final = (OSError, ValueError, DaemonUnusable, ProtocolError, RecursionError)


class Live(Struct, frozen=True):
    """What is known about the threads of a home now."""

    statuses: Mapping[str, LiveStatus] = {}
    writers: Mapping[str, Writer] = {}
    queued: Mapping[str, int] = {}
    """How many messages wait to be sent, by thread."""
    threads: Threads = Threads()
    """Titles and pins in Codex's own list."""


class HomeLive:
    """The live state of one home. One per home and process, see `of`."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.version = ""
        self.problem = ""
        """Why the daemon cannot be asked; empty if it answered, or if there is none."""
        self.unknown: frozenset[str] = frozenset()
        """Statuses of the daemon that this program does not know."""
        self.unread: dict[str, str] = {}
        """The databases of Codex that cannot be read, and why."""
        self._read: dict[str, tuple[tuple[int, ...], float, Any]] = {}
        """What was read of each database: when, and of which state of the file."""
        self._statuses: Statuses = {}
        self._idle_since: dict[str, float] = {}
        self._asked_at = float("-inf")
        self._failed_at = float("-inf")
        self._failed: tuple[int, int] | None = None
        """The socket that failed."""
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._watched = False

    @property
    def is_newer_than_tested(self) -> bool:
        return tuple(map(int, self.version.split("."))) > TESTED

    def now(self, *, ask: bool) -> Live:
        """The live state; at most `ASK_EVERY` old if no thread watches. `ask`: ask the daemon."""
        statuses: Mapping[str, LiveStatus] = {}
        with self._lock:
            if ask:
                if not self._watched and time.monotonic() - self._asked_at >= ASK_EVERY:
                    self._refresh()
                    self._disconnect()
                statuses = self._settled()
            return Live(statuses, writers(self.home), *self._databases())

    def watch(
        self, stop: threading.Event, changed: Callable[[], None], *, ask: bool = True
    ) -> None:
        """Keep the state current until `stop` is set; `changed` is called after each change."""
        before: object = ({}, {}, {}, Threads())
        self._watched = True
        try:
            while not stop.is_set():
                with self._lock:
                    if ask:
                        self._listen()
                    state = (self._settled(), writers(self.home), *self._databases())
                if state != before:
                    changed()
                before = state
                connection = self._connection
                if connection is None:
                    stop.wait(LOOK_EVERY)
                else:
                    connection.wait(ASK_EVERY)
        finally:
            self._watched = False
            with self._lock:
                self._disconnect()
                self._asked_at = float("-inf")

    def _databases(self) -> tuple[dict[str, int], Threads]:
        queued = self._stored(QUEUE, codex_databases.queued, 0.0)
        return queued or {}, self._stored(STATE, codex_databases.threads, STATE_EVERY) or Threads()

    def _stored(self, name: str, read: Callable[[str], T], every: float) -> T | None:
        """What a database says; read again if the file changed, at most once in `every` seconds."""
        now, identity = time.monotonic(), codex_databases.identity(self.home, name)
        value: T | None
        before, read_at, value = self._read.get(name, ((), float("-inf"), None))
        if identity != before and now - read_at >= every:
            self.unread.pop(name, None)
            try:
                value = read(self.home)
            except DatabaseUnread as error:
                self.unread[name], value = str(error), None
            self._read[name] = (identity, now, value)
        return value

    def _settled(self) -> Statuses:
        """The statuses; those that were idle for long are settled."""
        now = time.monotonic()
        idle = {id_ for id_, status in self._statuses.items() if status is LiveStatus.IDLE}
        self._idle_since = {id_: self._idle_since.get(id_, now) for id_ in idle}
        return {
            id_: LiveStatus.SETTLED
            if now - self._idle_since.get(id_, now) >= SETTLES_AFTER
            else status
            for id_, status in self._statuses.items()
        }

    def _listen(self) -> None:
        """Take the changes that have arrived; ask for everything when that is due."""
        if self._connection is None or time.monotonic() - self._asked_at >= _LIST_EVERY:
            self._refresh()
            return
        try:
            self._connection.apply_news(self._statuses, time.monotonic() + TIMEOUT)
        except _FAILURES as error:
            self._fail(error)

    def _refresh(self) -> None:
        """Ask the daemon for all of its threads."""
        now = self._asked_at = time.monotonic()
        identity = socket_identity(self.home)
        if self._connection is None:
            if identity is None and not os.path.lexists(os.path.join(self.home, SOCKET)):
                self.problem, self._statuses = "", {}
                return
            if identity == self._failed and now - self._failed_at < RETRY_SECONDS:
                return
        try:
            until = now + TIMEOUT
            if self._connection is None:
                self._connection = Connection(self.home, until)
            self._statuses = self._connection.statuses(until)
        except _FAILURES as error:
            self._failed = identity
            self._fail(error)
        else:
            self.problem, self.version = "", self._connection.version
            self.unknown = frozenset(self._connection.unknown)
            self._failed, self._failed_at = None, float("-inf")

    def _fail(self, error: Exception) -> None:
        self._disconnect()
        self._statuses = {}
        self._failed, self._failed_at = socket_identity(self.home), time.monotonic()
        self.problem = str(error) if isinstance(error, DaemonUnusable) else _sentence(error)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _sentence(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"It did not answer within {TIMEOUT * 1000:.0f} ms."
    if isinstance(error, ConnectionError):
        return "It is not running: its socket is left over."
    if isinstance(error, OSError):
        return f"Its socket cannot be used: {error.strerror or error}."
    return "Its answer is not in a form that is known."


def watch_homes(
    homes: Iterable[Path], stop: threading.Event, changed: Callable[[], None], *, ask: bool
) -> None:
    """Watch each of these homes in a thread of its own until `stop` is set."""
    for home in homes:
        work = partial(of(str(home)).watch, stop, changed, ask=ask)
        threading.Thread(target=work, name="live", daemon=True).start()


def of(home: str) -> HomeLive:
    """The live state of this home, shared by everything in this process."""
    with _homes_lock:
        return _homes.setdefault(home, HomeLive(home))


_homes: dict[str, HomeLive] = {}
_homes_lock = threading.Lock()
