"""The owner's door: a local socket at which any process that has the key reads what it likes.

One thread a client, each question with a cursor of its own and a time limit; what is to be done is
handed to the owner. Promises that nothing a client sends or does ends the owner, and that the
socket, the plate and all cursors are gone when `close` returns.
"""

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from msgspec import Struct

from ingest import __version__
from ingest.db import adhoc_sql, paths, snapshot
from ingest.db.database import Database
from ingest.db.engine import Connection as Cursor
from ingest.db.engine import Error
from ingest.db.errors import MemoryLimit
from ingest.db.local_reader import explained_error, run_consistent
from ingest.db.query_reader import Format, Query, QueryRefused
from ingest.server import owner_file, protocol
from ingest.server.auth import authenticate_client
from ingest.server.client_snapshot import ClientSnapshot
from ingest.server.close_socket import close_socket, is_closed
from ingest.server.owner_file import OwnerInfo, Role
from ingest.server.refusals import (
    EXPIRED,
    FULL,
    GARBLED,
    TOO_MUCH,
    QueryTimeout,
    ReadOnlyServer,
    SocketUnavailable,
    error_response,
)

Actor = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Does what a client asks for, on whatever thread it belongs, and says what came of it."""


LISTEN_SECONDS = 10.0
"""The longest wait for a change."""
CHUNK = 512
"""Rows that are taken from the engine at once."""
AT_ONCE = 2
"""Named questions that are answered at the same time."""
_ROOM_SECONDS = 0.05
"""After which a question that found no room in memory is put again."""
_CLOSE_SECONDS = 5.0
"""How long `close` waits for those who are still being answered."""


class Limits(Struct, frozen=True):
    clients: int = 32
    query_seconds: float = 20.0
    memory_wait_seconds: float = 5.0
    """So long a question waits for room in the engine's memory."""
    copy_seconds: float = 1800.0
    hold_seconds: float = 60.0
    answer_bytes: int = protocol.ANSWER_CAP
    idle_seconds: float = 10.0
    """So long a client says nothing before its place may be given to another."""
    take_seconds: float = 20.0
    """So long a client may take to read its answer."""
    untaken_bytes: int = 4 * protocol.ANSWER_CAP
    """As much may wait to be read by all clients together."""


def read_only(_name: str, _values: dict[str, Any]) -> dict[str, Any]:
    raise ReadOnlyServer


class Server:
    """Open from `open` until `close`, or as a context manager."""

    def __init__(
        self,
        database: Database,
        role: Role,
        homes: list[str],
        since: datetime,
        act: Actor = read_only,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._act = act
        self._limits = limits or Limits()
        self.host = protocol.Host(
            os.getpid(),
            since.isoformat(),
            role,
            __version__,
            paths.schema_version(),
            homes,
            *paths.identity(database.path),
        )
        self._lock = threading.Lock()
        # A question over all sessions takes most of the engine's memory for a moment.
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        # And one of a person as much as it likes, up to its bound; the screens do not wait for it.
        self._statements = threading.BoundedSemaphore(AT_ONCE)
        self._alone = threading.Lock()
        self._clients: dict[threading.Thread, Connection] = {}
        self._running: dict[Cursor, tuple[float, Connection | None]] = {}
        """Questions that are being answered, until when they may be, and for whom."""
        self._overdue: set[Cursor] = set()
        self._idle: dict[Connection, float] = {}
        """Clients that say nothing, and since when."""
        self._untaken: dict[Connection, tuple[float, int]] = {}
        """Clients that do not read their answers, since when, and of how many bytes."""
        self._ending = threading.Event()
        self._address: owner_file.Address | None = None
        self._announced = False
        # Until the real one can be kept where others find it: one that nobody knows.
        self._key = secrets.token_bytes(owner_file.KEY_BYTES)
        self._threads: list[threading.Thread] = []

    @property
    def busy(self) -> int:
        """How many questions are being answered right now."""
        return len(self._running)

    @property
    def clients(self) -> int:
        return len(self._clients)

    @property
    def untaken(self) -> int:
        """Bytes of answers that wait to be read."""
        with self._lock:
            return sum(size for _, size in self._untaken.values())

    def open(self) -> None:
        path = self._database.path
        self._address, self._listener = _listen(path)
        self._threads = [
            threading.Thread(target=self._accept, name="door", daemon=True),
            threading.Thread(target=self._watch, name="door-clock", daemon=True),
        ]
        # Last: who reads the plate finds the door open.
        try:
            self._announce(self._address.told)
        except OSError as error:
            raise SocketUnavailable(path, error) from error
        finally:
            for thread in self._threads:
                thread.start()

    def _announce(self, socket: str | None) -> None:
        """Tell where the door is. On a full disk that is tried again until there is room."""
        self._key = owner_file.make_key(self._database.path)
        host = self.host
        plate = OwnerInfo(
            host.pid, host.since, host.role, host.version, host.schema, host.homes, socket
        )
        owner_file.write(self._database.path, plate)
        self._announced = True

    def close(self) -> None:
        """Send everybody away. To be called while the database is still open."""
        if self._ending.is_set() or self._address is None:
            return
        self._ending.set()
        owner_file.remove(self._database.path)
        self._database.pulse.increment()
        # The one who waits for clients notices when one comes.
        with contextlib.suppress(OSError, EOFError):
            Client(self._address.at, self._address.family).close()
        with self._lock:
            clients = dict(self._clients)
            for connection in clients.values():
                close_socket(connection)
        until = time.monotonic() + _CLOSE_SECONDS
        for thread in [*self._threads, *clients]:
            while thread.is_alive() and time.monotonic() < until:
                # Again and again: a question that is only just being put does not hear the first.
                with self._lock:
                    for cursor in self._running:
                        cursor.interrupt()
                thread.join(0.02)
        with contextlib.suppress(OSError):
            self._listener.close()

    def __enter__(self) -> "Server":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._ending.is_set():
            try:
                connection = self._listener.accept()
            except OSError:
                # Too many files open, or a client that went away again: the next one may do.
                self._ending.wait(0.05)
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                # Twice as many as are served may knock: the rest is told why it has to wait.
                if self._ending.is_set() or len(self._clients) >= 2 * self._limits.clients:
                    connection.close()
                else:
                    self._clients[thread] = connection
                    thread.start()

    def _watch(self) -> None:
        """Interrupts what takes too long, and what nobody waits for any more; again and again,
        until the cursor listens."""
        while not self._ending.wait(0.1):
            if not self._announced and self._address is not None:
                with contextlib.suppress(OSError):
                    self._announce(self._address.told)
            now = time.monotonic()
            with self._lock:
                for cursor, (until, client) in self._running.items():
                    if now >= until:
                        self._overdue.add(cursor)
                        cursor.interrupt()
                    elif client is not None and is_closed(client):
                        cursor.interrupt()
                for client, (since, _) in list(self._untaken.items()):
                    if now - since >= self._limits.take_seconds:
                        self._send_away(client)

    def _serve(self, connection: Connection) -> None:
        visit = ClientSnapshot()
        try:
            authenticate_client(connection, self._key)
            if len(self._clients) > self._limits.clients and not self._made_place():
                connection.send_bytes(protocol.reply(FULL))
                return
            connection.send_bytes(protocol.reply(self.host))
            self._serve_requests(connection, visit)
        except (EOFError, OSError, AuthenticationError, AssertionError):
            # The client left, had no key, or (an assertion of the exchange) did not even try.
            return
        finally:
            visit.end()
            with self._lock:
                self._clients.pop(threading.current_thread(), None)
                self._idle.pop(connection, None)
                connection.close()

    def _serve_requests(self, connection: Connection, visit: ClientSnapshot) -> None:
        while True:
            with self._lock:
                self._idle[connection] = time.monotonic()
            if visit.held is not None and not connection.poll(visit.left):
                visit.invalidate()
            data = connection.recv_bytes(protocol.REQUEST_CAP)
            with self._lock:
                self._idle.pop(connection, None)
            try:
                request = protocol.read_request(data)
            except protocol.InvalidMessage:
                self._send(connection, protocol.reply(GARBLED))
                return
            self._send(connection, self._answer(request, visit))

    def _send(self, connection: Connection, answer: bytes) -> None:
        with self._lock:
            # Whoever has not read the longest goes first where all of it would be too much.
            waiting = sum(size for _, size in self._untaken.values())
            for client, (_, size) in sorted(self._untaken.items(), key=lambda one: one[1]):
                if waiting + len(answer) <= self._limits.untaken_bytes:
                    break
                self._send_away(client)
                waiting -= size
            self._untaken[connection] = time.monotonic(), len(answer)
        try:
            connection.send_bytes(answer)
        finally:
            with self._lock:
                self._untaken.pop(connection, None)

    def _made_place(self) -> bool:
        """Send the client away that has said nothing for the longest, if it was long enough. One
        of ours comes back by itself when it has something to ask."""
        with self._lock:
            client = min(self._idle, key=self._idle.__getitem__, default=None)
            if client is None:
                return False
            if time.monotonic() - self._idle[client] < self._limits.idle_seconds:
                return False
            self._send_away(client)
            return True

    def _send_away(self, client: Connection) -> None:
        self._idle.pop(client, None)
        self._untaken.pop(client, None)
        close_socket(client)

    def _answer(self, request: protocol.Request, visit: ClientSnapshot) -> bytes:
        try:
            data = protocol.reply(self._reply(request, visit))
        except EOFError:
            raise
        except Error as error:
            visit.invalidate()
            data = protocol.reply(error_response(explained_error(self._database.path, error)))
        except Exception as error:  # noqa: BLE001
            # One client's misfortune is told to that client and must not be the owner's.
            visit.invalidate()
            data = protocol.reply(error_response(error))
        return data if len(data) <= self._limits.answer_bytes else protocol.reply(TOO_MUCH)

    def _reply(self, request: protocol.Request, visit: ClientSnapshot) -> protocol.Sent:
        match request:
            case protocol.NamedQueriesRequest() | protocol.SqlRequest() if visit.expired:
                return EXPIRED
            case protocol.SnapshotRequest():
                with self._lock:
                    if self._ending.is_set():
                        raise EOFError
                    moment = self._database.pulse.beats
                    visit.hold(self._database.reader(), self._limits.hold_seconds, moment)
                return self.host
            case protocol.HostRequest():
                return self.host
            case protocol.WaitRequest(seen, seconds):
                pulse = self._database.pulse
                return protocol.CommitsResponse(
                    pulse.wait(seen, min(seconds, LISTEN_SECONDS)), pulse.sweep_in
                )
            case protocol.ActionRequest(name, values):
                return protocol.ActionResponse(self._act(name, values))
            case protocol.NamedQueriesRequest(queries):
                return self._asked(queries, visit)
            case protocol.SqlRequest(text, limit):
                with (
                    self._statements,
                    self._cursor(self._limits.query_seconds, visit.held) as con,
                ):
                    answer = adhoc_sql.run_select(
                        con,
                        text,
                        limit,
                        held=visit.held is not None,
                        most_bytes=self._limits.answer_bytes,
                    )
                packed = protocol.packed(answer.columns, [answer.rows], more=answer.more)
                return protocol.PackedTables([packed])
            case protocol.CopyRequest(form):
                return protocol.Copied(
                    self._database.with_memory_retry(lambda: self._copied(form)).name
                )

    def _asked(self, queries: list[Query], visit: ClientSnapshot) -> protocol.PackedTables:
        alone = False
        until = time.monotonic() + self._limits.memory_wait_seconds
        while True:
            try:
                with (
                    self._turn(alone=alone),
                    self._cursor(self._limits.query_seconds, visit.held) as con,
                ):
                    held = visit.held is not None
                    return protocol.PackedTables(run_consistent(con, queries, _packed, held=held))
            except Error as error:
                crowded = isinstance(explained_error(self._database.path, error), MemoryLimit)
                if not crowded or time.monotonic() >= until:
                    raise
                if alone and not self._database.raise_memory_limit():
                    self._ending.wait(_ROOM_SECONDS)
                alone = True
                if visit.held is not None:
                    # The same moment, as long as nothing was committed since. Else what is held is
                    # spoilt by it, and whoever holds it asks again.
                    if visit.moment != self._database.pulse.beats:
                        raise
                    visit.renew(self._database.reader(), visit.moment)

    def _copied(self, form: Format) -> Path:
        with self._cursor(self._limits.copy_seconds) as con:
            return snapshot.copy(con, self._database.spool, form)

    @contextlib.contextmanager
    def _turn(self, *, alone: bool) -> Iterator[None]:
        """Among the few questions that are answered at once; or alone, for one that found no room
        in memory beside another."""
        if not alone:
            with self._turns:
                yield
            return
        with self._alone:
            for _ in range(AT_ONCE):
                self._turns.acquire()
            try:
                yield
            finally:
                self._turns.release(AT_ONCE)

    @contextlib.contextmanager
    def _cursor(self, seconds: float, held: Cursor | None = None) -> Iterator[Cursor]:
        """A cursor for one question, and gone after it; or the one that is held, with a limit."""
        with self._lock:
            if self._ending.is_set():
                raise EOFError
            con = held or self._database.reader()
            client = self._clients.get(threading.current_thread())
            self._running[con] = time.monotonic() + seconds, client
        try:
            yield con
        except (Error, QueryRefused):
            if con in self._overdue:
                raise QueryTimeout(seconds) from None
            raise
        finally:
            with self._lock:
                self._running.pop(con, None)
                self._overdue.discard(con)
            if con is not held:
                con.close()


def _packed(columns: list[str], answer: Cursor) -> protocol.Packed:
    return protocol.packed(columns, iter(lambda: answer.fetchmany(CHUNK), []))


def _listen(database: Path) -> tuple[owner_file.Address, Listener]:
    """A socket in the first place that takes one: not every file system does."""
    failed: OSError | None = None
    for place in owner_file.socket_addresses(database):
        try:
            owner_file.remove_stale_socket(place)
            listener = Listener(place.at, place.family, backlog=64)
            if place.family == "AF_UNIX":
                Path(place.at).chmod(0o600)
        except OSError as error:
            failed = error
        else:
            return place, listener
    raise SocketUnavailable(database, failed or OSError("no place is left")) from failed
