"""The owner's server: a local socket through which any process with the key reads the database.

Each client has a thread, and each query a cursor and a time limit; actions are passed to the owner.
Nothing that a client sends or does can end the owner. When `close` returns, the socket, the owner
file and all cursors are gone.
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
from ingest.db.database import Database, explain_and_mark
from ingest.db.engine import Connection as Cursor
from ingest.db.engine import Error
from ingest.db.local_reader import run_consistent
from ingest.db.query_reader import Format, Query
from ingest.errors import MemoryLimit, QueryRefused, QueryTimeout, ReadOnlyServer, SocketUnavailable
from ingest.server import owner_file, protocol
from ingest.server.auth import authenticate_client
from ingest.server.client_snapshot import ClientSnapshot
from ingest.server.close_socket import close_socket, is_closed
from ingest.server.owner_file import OwnerInfo, Role
from ingest.server.refusals import EXPIRED, FULL, GARBLED, TOO_MUCH, error_response

Actor = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Executes an action by name with its values, and returns the result."""


LISTEN_SECONDS = 10.0
"""The longest wait for a commit."""
CHUNK = 512
"""Rows that are fetched from the engine at once."""
CONCURRENT_QUERIES = 2
"""Named queries that run at the same time."""
_MEMORY_RETRY_SECONDS = 0.05
"""The delay before a query that ran out of memory is retried."""
_CLOSE_SECONDS = 5.0
"""How long `close` waits for running queries."""


class Limits(Struct, frozen=True):
    clients: int = 32
    query_seconds: float = 20.0
    memory_wait_seconds: float = 5.0
    """How long a query waits for memory to become available."""
    copy_seconds: float = 1800.0
    hold_seconds: float = 60.0
    answer_bytes: int = protocol.ANSWER_CAP
    idle_seconds: float = 10.0
    """How long a client must be idle before it is disconnected in favour of another one."""
    take_seconds: float = 20.0
    """How long a client may take to read its response."""
    untaken_bytes: int = 4 * protocol.ANSWER_CAP
    """The maximum size of all unread responses together."""


def read_only(_name: str, _values: dict[str, Any]) -> dict[str, Any]:
    raise ReadOnlyServer("The process that has the database open only lets others read.")


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
        # A query over all sessions takes most of the engine's memory for a moment.
        self._turns = threading.BoundedSemaphore(CONCURRENT_QUERIES)
        # Ad hoc SQL may take even more; its own limit keeps screens from waiting for it.
        self._statements = threading.BoundedSemaphore(CONCURRENT_QUERIES)
        self._alone = threading.Lock()
        self._clients: dict[threading.Thread, Connection] = {}
        self._running: dict[Cursor, tuple[float, Connection | None]] = {}
        """Running queries, each with its deadline and its client's connection."""
        self._overdue: set[Cursor] = set()
        self._idle: dict[Connection, float] = {}
        """Idle clients, and since when."""
        self._untaken: dict[Connection, tuple[float, int]] = {}
        """Clients that have not read their response: since when, and its size in bytes."""
        self._ending = threading.Event()
        self._address: owner_file.Address | None = None
        self._announced = False
        # A key that nobody knows, until the real one can be written to the disk.
        self._key = secrets.token_bytes(owner_file.KEY_BYTES)
        self._threads: list[threading.Thread] = []

    @property
    def busy(self) -> int:
        """The number of running queries."""
        return len(self._running)

    @property
    def clients(self) -> int:
        return len(self._clients)

    @property
    def untaken(self) -> int:
        """The size of all unread responses in bytes."""
        with self._lock:
            return sum(size for _, size in self._untaken.values())

    def open(self) -> None:
        path = self._database.path
        self._address, self._listener = _listen(path)
        self._threads = [
            threading.Thread(target=self._accept, name="server", daemon=True),
            threading.Thread(target=self._watch, name="server-timeouts", daemon=True),
        ]
        # Last, so that a client that reads the owner file can connect.
        try:
            self._announce(self._address.told)
        except OSError as error:
            raise SocketUnavailable(path, error) from error
        finally:
            for thread in self._threads:
                thread.start()

    def _announce(self, socket: str | None) -> None:
        """Write the key and the owner file. On a full disk `_watch` tries again."""
        self._key = owner_file.make_key(self._database.path)
        host = self.host
        owner = OwnerInfo(
            host.pid, host.since, host.role, host.version, host.schema, host.homes, socket
        )
        owner_file.write(self._database.path, owner)
        self._announced = True

    def close(self) -> None:
        """Disconnect all clients. Call before closing the database."""
        if self._ending.is_set() or self._address is None:
            return
        self._ending.set()
        owner_file.remove(self._database.path)
        self._database.commits.increment()
        # A connection wakes the accepting thread.
        with contextlib.suppress(OSError, EOFError):
            Client(self._address.at, self._address.family).close()
        with self._lock:
            clients = dict(self._clients)
            for connection in clients.values():
                close_socket(connection)
        until = time.monotonic() + _CLOSE_SECONDS
        for thread in [*self._threads, *clients]:
            while thread.is_alive() and time.monotonic() < until:
                # Repeatedly: a query that is just starting ignores an interrupt.
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
                # Too many open files, or the client disconnected: the next one may succeed.
                self._ending.wait(0.05)
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                # Up to twice the limit may connect, to receive an error that says why.
                if self._ending.is_set() or len(self._clients) >= 2 * self._limits.clients:
                    connection.close()
                else:
                    self._clients[thread] = connection
                    thread.start()

    def _watch(self) -> None:
        """Interrupt queries that exceed their limit or whose client has disconnected.

        Repeatedly, because a query that is just starting ignores an interrupt.
        """
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
                        self._disconnect(client)

    def _serve(self, connection: Connection) -> None:
        client_snapshot = ClientSnapshot()
        try:
            authenticate_client(connection, self._key)
            if len(self._clients) > self._limits.clients and not self._evict_idle_client():
                connection.send_bytes(protocol.reply(FULL))
                return
            connection.send_bytes(protocol.reply(self.host))
            self._serve_requests(connection, client_snapshot)
        except (EOFError, OSError, AuthenticationError, AssertionError):
            # The client disconnected or had a wrong key; `answer_challenge` raises AssertionError
            # where the message is not a challenge.
            return
        finally:
            client_snapshot.end()
            with self._lock:
                self._clients.pop(threading.current_thread(), None)
                self._idle.pop(connection, None)
                connection.close()

    def _serve_requests(self, connection: Connection, client_snapshot: ClientSnapshot) -> None:
        while True:
            with self._lock:
                self._idle[connection] = time.monotonic()
            if client_snapshot.held is not None and not connection.poll(client_snapshot.left):
                client_snapshot.invalidate()
            data = connection.recv_bytes(protocol.REQUEST_CAP)
            with self._lock:
                self._idle.pop(connection, None)
            try:
                request = protocol.read_request(data)
            except protocol.InvalidMessage:
                self._send(connection, protocol.reply(GARBLED))
                return
            self._send(connection, self._answer(request, client_snapshot))

    def _send(self, connection: Connection, answer: bytes) -> None:
        with self._lock:
            # Over the limit, first disconnect the client that has not read for the longest.
            waiting = sum(size for _, size in self._untaken.values())
            for client, (_, size) in sorted(self._untaken.items(), key=lambda one: one[1]):
                if waiting + len(answer) <= self._limits.untaken_bytes:
                    break
                self._disconnect(client)
                waiting -= size
            self._untaken[connection] = time.monotonic(), len(answer)
        try:
            connection.send_bytes(answer)
        finally:
            with self._lock:
                self._untaken.pop(connection, None)

    def _evict_idle_client(self) -> bool:
        """Disconnect the client that was idle the longest, if it was long enough.

        Tailboard's own client reconnects for its next request.
        """
        with self._lock:
            client = min(self._idle, key=self._idle.__getitem__, default=None)
            if client is None:
                return False
            if time.monotonic() - self._idle[client] < self._limits.idle_seconds:
                return False
            self._disconnect(client)
            return True

    def _disconnect(self, client: Connection) -> None:
        self._idle.pop(client, None)
        self._untaken.pop(client, None)
        close_socket(client)

    def _answer(self, request: protocol.Request, client_snapshot: ClientSnapshot) -> bytes:
        try:
            data = protocol.reply(self._reply(request, client_snapshot))
        except EOFError:
            raise
        except Error as error:
            client_snapshot.invalidate()
            data = protocol.reply(error_response(explain_and_mark(self._database.path, error)))
        except Exception as error:  # noqa: BLE001
            # An error is returned to its client and must not end the owner.
            client_snapshot.invalidate()
            data = protocol.reply(error_response(error))
        return data if len(data) <= self._limits.answer_bytes else protocol.reply(TOO_MUCH)

    def _reply(self, request: protocol.Request, client_snapshot: ClientSnapshot) -> protocol.Sent:
        match request:
            case protocol.NamedQueriesRequest() | protocol.SqlRequest() if client_snapshot.expired:
                return EXPIRED
            case protocol.SnapshotRequest():
                with self._lock:
                    if self._ending.is_set():
                        raise EOFError
                    moment = self._database.commits.count
                    client_snapshot.hold(self._database.reader(), self._limits.hold_seconds, moment)
                return self.host
            case protocol.HostRequest():
                return self.host
            case protocol.WaitRequest(seen, seconds):
                commits = self._database.commits
                return protocol.CommitsResponse(
                    commits.wait(seen, min(seconds, LISTEN_SECONDS)), commits.sweep_in
                )
            case protocol.ActionRequest(name, values):
                return protocol.ActionResponse(self._act(name, values))
            case protocol.NamedQueriesRequest(queries):
                return self._run_queries(queries, client_snapshot)
            case protocol.SqlRequest(text, limit):
                with (
                    self._statements,
                    self._cursor(self._limits.query_seconds, client_snapshot.held) as con,
                ):
                    answer = adhoc_sql.run_select(
                        con,
                        text,
                        limit,
                        held=client_snapshot.held is not None,
                        most_bytes=self._limits.answer_bytes,
                    )
                packed = protocol.packed(answer.columns, [answer.rows], more=answer.more)
                return protocol.PackedTables([packed])
            case protocol.CopyRequest(form):
                return protocol.Copied(
                    self._database.with_memory_retry(lambda: self._write_snapshot(form)).name
                )

    def _run_queries(
        self, queries: list[Query], client_snapshot: ClientSnapshot
    ) -> protocol.PackedTables:
        alone = False
        until = time.monotonic() + self._limits.memory_wait_seconds
        while True:
            try:
                with (
                    self._turn(alone=alone),
                    self._cursor(self._limits.query_seconds, client_snapshot.held) as con,
                ):
                    held = client_snapshot.held is not None
                    return protocol.PackedTables(run_consistent(con, queries, _packed, held=held))
            except Error as error:
                out_of_memory = isinstance(
                    explain_and_mark(self._database.path, error), MemoryLimit
                )
                if not out_of_memory or time.monotonic() >= until:
                    raise
                if alone and not self._database.raise_memory_limit():
                    self._ending.wait(_MEMORY_RETRY_SECONDS)
                alone = True
                if client_snapshot.held is not None:
                    # The failed statement ended the transaction. A new one shows the same snapshot
                    # if nothing was committed since; otherwise the client must begin again.
                    if client_snapshot.moment != self._database.commits.count:
                        raise
                    client_snapshot.renew(self._database.reader(), client_snapshot.moment)

    def _write_snapshot(self, form: Format) -> Path:
        with self._cursor(self._limits.copy_seconds) as con:
            return snapshot.write_snapshot(con, self._database.spool, form)

    @contextlib.contextmanager
    def _turn(self, *, alone: bool) -> Iterator[None]:
        """Wait for one of the few slots; or for all, for a query that ran out of memory."""
        if not alone:
            with self._turns:
                yield
            return
        with self._alone:
            for _ in range(CONCURRENT_QUERIES):
                self._turns.acquire()
            try:
                yield
            finally:
                self._turns.release(CONCURRENT_QUERIES)

    @contextlib.contextmanager
    def _cursor(self, seconds: float, held: Cursor | None = None) -> Iterator[Cursor]:
        """Yield a cursor for one query, or the held one, and interrupt it at its time limit."""
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
                raise QueryTimeout(f"The query was stopped after {seconds:g} seconds.") from None
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
    """Listen at the first address that works: not every file system supports sockets."""
    failure: OSError | None = None
    for address in owner_file.socket_addresses(database):
        try:
            owner_file.remove_stale_socket(address)
            listener = Listener(address.at, address.family, backlog=64)
            if address.family == "AF_UNIX":
                Path(address.at).chmod(0o600)
        except OSError as error:
            failure = error
        else:
            return address, listener
    raise SocketUnavailable(database, failure or OSError("no address is left")) from failure
