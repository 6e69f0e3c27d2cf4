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
from ingest.db.query_reader import Answer, Format, Query, Row
from ingest.errors import (
    Cancelled,
    ErrorClass,
    KeyRefused,
    OtherDatabase,
    OtherVersion,
    OwnerGone,
    OwnerTimeout,
    QueryRefused,
    ServerError,
)
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
                raise _server_error(reply)
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
                    raise Cancelled("The request was cancelled.") from None
                if not retry or self._held is not None:
                    raise OwnerGone(self.path) from None
                retry = False
        if isinstance(reply, protocol.ErrorResponse):
            if reply.code == QueryRefused.code:
                raise QueryRefused(reply.message, reply.hint)
            raise _server_error(reply)
        if not isinstance(reply, kind):
            raise _other_version(self.path, self.host)
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
            raise _other_version(self.path, self.host) from None
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
            raise KeyRefused(
                f"The key beside the database {self.path} is not the one of process {owner.pid}."
            ) from None
        except TimeoutError:
            raise OwnerTimeout(self.path, owner.pid) from None
        except protocol.InvalidMessage:
            raise _other_version(self.path, owner) from None
        except (EOFError, OSError):
            raise OwnerGone(self.path) from None
        if isinstance(reply, protocol.ErrorResponse):
            raise _server_error(reply)
        if not isinstance(reply, protocol.Host):
            raise _other_version(self.path, owner)
        if (reply.version, reply.schema) != (__version__, paths.schema_version()):
            raise _other_version(self.path, reply)
        if (reply.device, reply.inode) != paths.identity(self.path):
            raise OtherDatabase(
                f"Process {reply.pid} has another file open than {self.path}: "
                "it was moved or replaced.",
                f"End process {reply.pid}, and start it again.",
            )
        return reply


def _server_error(reply: protocol.ErrorResponse) -> ServerError:
    return ServerError(
        reply.message, reply.hint, code=reply.code, kind=ErrorClass(reply.error_class)
    )


def _other_version(path: Path, owner: protocol.Host | owner_file.OwnerInfo) -> OtherVersion:
    return OtherVersion(
        f"The database {path} is open in process {owner.pid}, which is Tailboard {owner.version} "
        f"(schema {owner.schema}); this is {__version__} (schema {paths.schema_version()}).",
        f"End process {owner.pid} and start it again with this version.",
    )
