"""Client for a database that another process has open.

Any thread may use it. A lost connection is reopened once, because another process may have become
the owner. If no owner answers, it raises `OwnerGone`, and the caller may open the database itself.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, TypeVar

from ingest import __version__
from ingest.db import paths
from ingest.db.errors import StoreError
from ingest.db.query_reader import Answer, Format, Query, QueryRefused, Row
from ingest.server import owner_file, protocol
from ingest.server.auth import authenticate_to_server
from ingest.server.close_socket import close_socket

REPLY_TIMEOUT = 30.0
"""Seconds after which an owner counts as unresponsive: more than the server's query time limit."""
COPY_TIMEOUT = 2000.0
_IDLE = 4

R = TypeVar(
    "R",
    protocol.Tables,
    protocol.Copied,
    protocol.ActionResponse,
    protocol.Host,
    protocol.CommitsResponse,
)


class OwnerGone(StoreError):
    """The owner has ended, or there is none."""

    code = "door.gone"
    error_class = "resource"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The process that had the database {path} open has ended.", "Try again.")


class OwnerTimeout(StoreError):
    """The owner does not respond: it is stopped or overloaded."""

    code = "door.silent"
    error_class = "resource"

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The database {path} is open in {who}, which does not respond.",
            "If that process is stopped, resume it or end it.",
        )
        self.pid = pid


class OtherVersion(StoreError):
    """The owner runs another version of the program, whose protocol may differ."""

    code = "door.version"
    error_class = "config"

    def __init__(self, path: Path, host: protocol.Host | owner_file.OwnerInfo) -> None:
        super().__init__(
            f"The database {path} is open in process {host.pid}, which is Tailboard "
            f"{host.version} (schema {host.schema}); this is {__version__} "
            f"(schema {paths.schema_version()}).",
            f"End process {host.pid} and start it again with this version.",
        )


class OtherDatabase(StoreError):
    """The owner has another file open than the one at this path."""

    code = "door.database"
    error_class = "config"

    def __init__(self, path: Path, pid: int) -> None:
        super().__init__(
            f"Process {pid} has another file open than {path}: it was moved or replaced.",
            f"End process {pid}, and start it again.",
        )


class KeyRefused(StoreError):
    """The key beside the database is not the owner's."""

    code = "door.key"
    error_class = "config"

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "its owner"
        super().__init__(
            f"The key beside the database {path} is not the one of {who}.",
            "End that process; a new key is made when the next one starts.",
        )


class Cancelled(StoreError):
    """The caller cancelled the request."""

    code = "door.abandoned"

    def __init__(self) -> None:
        super().__init__("The request was cancelled.", "Try again.")


class ServerError(StoreError):
    """The owner returned an error."""

    def __init__(self, refusal: protocol.ErrorResponse) -> None:
        super().__init__(refusal.message, refusal.hint)
        self.code = refusal.code
        self.error_class = refusal.error_class


class _ConnectionLost(Exception):
    """The connection was closed before the response arrived."""

    def __init__(self, *, cancelled: bool) -> None:
        super().__init__()
        self.cancelled = cancelled


class DatabaseClient:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False
        self._mine = threading.local()
        self._waiting: dict[int, Connection] = {}
        """The connection on which each thread waits for a response."""
        self._cancelled: set[int] = set()
        self.host: protocol.Host
        with self._connection():
            pass  # Connects once, to check for an owner and to learn who it is.

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def __enter__(self) -> "DatabaseClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self.run_consistent([(name, values)])[0]

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return next(iter(self.rows(name, **values)), None)

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        reply = self._exchange(protocol.NamedQueriesRequest(list(queries)), protocol.Tables)
        return [table.records() for table in reply.tables]

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        table = self._exchange(protocol.SqlRequest(text, limit), protocol.Tables).tables[0]
        return Answer(table.columns, [tuple(row) for row in table.rows], table.more)

    def copy(self, form: Format, /) -> Path:
        reply = self._exchange(protocol.CopyRequest(form), protocol.Copied, COPY_TIMEOUT)
        return paths.beside(self.path, "spool") / Path(reply.name).name

    def act(self, name: str, /, **values: object) -> dict[str, Any]:
        """Execute an action in the owner. Never retried: after `OwnerGone` it may be executed."""
        return self._exchange(
            protocol.ActionRequest(name, values), protocol.ActionResponse, None, retry=False
        ).values

    def fetch_owner(self) -> protocol.Host:
        """Request current information about the owner."""
        self.host = self._exchange(protocol.HostRequest(), protocol.Host)
        return self.host

    def wait_for_commit(self, seen: int, seconds: float) -> protocol.CommitsResponse:
        """Wait until the owner's number of commits differs from `seen`, at most so many seconds.

        A new owner counts from zero, but the call raises `OwnerGone` first.
        """
        return self._exchange(
            protocol.WaitRequest(seen, seconds), protocol.CommitsResponse, retry=False
        )

    def cancel(self, thread: int) -> None:
        """Cancel the request of another thread, which raises `Cancelled`; the owner stops it."""
        with self._lock:
            connection = self._waiting.get(thread)
            if connection is not None:
                self._cancelled.add(thread)
                close_socket(connection)

    @property
    def _held(self) -> Connection | None:
        return getattr(self._mine, "held", None)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Run all queries of this thread inside the block on one snapshot."""
        with self._connection() as connection:
            try:
                reply = self._ask(
                    connection, protocol.request(protocol.SnapshotRequest()), REPLY_TIMEOUT
                )
            except _ConnectionLost:
                raise OwnerGone(self.path) from None
            if isinstance(reply, protocol.ErrorResponse):
                raise ServerError(reply)
            self._mine.held = connection
            try:
                yield
            finally:
                self._mine.held = None
                # Ends the snapshot on the server, also after an error.
                connection.close()

    def _exchange(
        self,
        request: protocol.Request,
        kind: type[R],
        timeout: float | None = REPLY_TIMEOUT,
        *,
        retry: bool = True,
    ) -> R:
        data = protocol.request(request)
        while True:
            try:
                with self._connection() as connection:
                    reply = self._ask(connection, data, timeout)
                break
            except _ConnectionLost as broken:
                if broken.cancelled:
                    raise Cancelled from None
                if not retry or self._held is not None:
                    raise OwnerGone(self.path) from None
                retry = False
        if isinstance(reply, protocol.ErrorResponse):
            if reply.code == QueryRefused.code:
                raise QueryRefused(reply.message, reply.hint)
            raise ServerError(reply)
        if not isinstance(reply, kind):
            raise OtherVersion(self.path, self.host)
        return reply

    def _ask(self, connection: Connection, data: bytes, timeout: float | None) -> protocol.Reply:
        me = threading.get_ident()
        with self._lock:
            self._waiting[me] = connection
        try:
            connection.send_bytes(data)
            if not connection.poll(timeout):
                raise OwnerTimeout(self.path, self.host.pid)
            return protocol.read_reply(connection.recv_bytes(protocol.ANSWER_CAP))
        except protocol.InvalidMessage:
            raise OtherVersion(self.path, self.host) from None
        except (EOFError, OSError):
            raise _ConnectionLost(cancelled=me in self._cancelled) from None
        finally:
            with self._lock:
                self._waiting.pop(me, None)
                self._cancelled.discard(me)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Yield a connection for one request; return it to the pool unless it failed."""
        held = self._held
        if held is not None:
            yield held
            return
        connection = self._pooled() or self._connect()
        try:
            yield connection
        except BaseException:
            # A late response must not be read as the response to the next request.
            connection.close()
            raise
        with self._lock:
            if not (self._closed or connection.closed) and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _pooled(self) -> Connection | None:
        while True:
            with self._lock:
                if self._closed:
                    raise OwnerGone(self.path)
                if not self._idle:
                    return None
                connection = self._idle.pop()
            try:
                if not connection.poll(0):
                    return connection
            except OSError:
                pass  # Closed, like a connection with unexpected data.
            connection.close()

    def _connect(self) -> Connection:
        owner, key = owner_file.read(self.path), owner_file.key(self.path)
        if owner is None or key is None:
            raise OwnerGone(self.path)
        address = owner_file.address(self.path, owner)
        try:
            connection = Client(address.at, address.family)
        except (OSError, EOFError):
            raise OwnerGone(self.path) from None
        try:
            self.host = self._handshake(connection, key, owner)
        except BaseException:
            connection.close()
            raise
        return connection

    def _handshake(
        self, connection: Connection, key: bytes, owner: owner_file.OwnerInfo
    ) -> protocol.Host:
        try:
            authenticate_to_server(connection, key)
            reply = protocol.read_reply(connection.recv_bytes(protocol.REQUEST_CAP))
        except (AuthenticationError, AssertionError):
            raise KeyRefused(self.path, owner.pid) from None
        except TimeoutError:
            raise OwnerTimeout(self.path, owner.pid) from None
        except protocol.InvalidMessage:
            raise OtherVersion(self.path, owner) from None
        except (EOFError, OSError):
            raise OwnerGone(self.path) from None
        if isinstance(reply, protocol.ErrorResponse):
            raise ServerError(reply)
        if not isinstance(reply, protocol.Host):
            raise OtherVersion(self.path, owner)
        if (reply.version, reply.schema) != (__version__, paths.schema_version()):
            raise OtherVersion(self.path, reply)
        if (reply.device, reply.inode) != paths.identity(self.path):
            raise OtherDatabase(self.path, reply.pid)
        return reply
