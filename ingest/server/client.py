"""Client for a database that another process has open.

Any thread may use it. A lost connection is reopened once, because another process may have become
the owner. If no owner answers, it raises `OwnerGone`, and the caller may open the database itself.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ingest import __version__
from ingest.db import paths
from ingest.db.query_reader import Answer, Format, OwnerStatus, Query, Row, allow_for_load
from ingest.errors import (
    Cancelled,
    OtherDatabase,
    OtherVersion,
    OwnerGone,
    OwnerTimeout,
    TailboardError,
    from_code,
)
from ingest.server import owner_file, protocol
from ingest.server.connection import Connection, connect

if TYPE_CHECKING:
    from ingest.actions import Action

REPLY_TIMEOUT = 60.0
"""Seconds after which an owner counts as unresponsive: more than a client waits for its turn, and
more than the server's query time limit."""
COPY_TIMEOUT = 2000.0
GREETING_TIMEOUT = 5.0
"""Seconds after which an owner that does not greet a new client counts as unresponsive."""
_IDLE = 4

T = TypeVar("T")
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
        self._watching: set[Connection] = set()
        self.on_close: Callable[[], None] = lambda: None
        self.host: protocol.Host
        with self._connection():
            pass  # Connects once, to check for an owner and to learn who it is.

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            for connection in self._watching:
                connection.shutdown()
        self.on_close()

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

    def act(self, action: "Action[T]", /) -> T:
        """Have the owner carry out an action. After `OwnerGone` it may be carried out; the next
        owner knows that, and returns the result."""
        request = protocol.ActionRequest(protocol.encoded(action))
        reply = self._exchange(request, protocol.ActionResponse, None, retry=False)
        try:
            result: T = msgspec.msgpack.decode(reply.result, type=action.result)
        except msgspec.MsgspecError:
            raise _other_version(self.path, self.host) from None
        return result

    def fetch_owner(self) -> protocol.Host:
        """Request current information about the owner."""
        self.host = self._exchange(protocol.HostRequest(), protocol.Host)
        return self.host

    def watch_commits(self) -> Iterator[protocol.CommitsResponse]:
        """Yield the owner's number of commits now and after each commit, and now and then between.

        Ends with `OwnerGone` when the owner ends or this client is closed.
        """
        connection = self._connect()
        with self._lock:
            self._watching.add(connection)
        try:
            connection.send(protocol.request(protocol.WatchRequest()), REPLY_TIMEOUT)
            while not self._closed:
                reply = protocol.read_reply(connection.receive(protocol.ANSWER_CAP, REPLY_TIMEOUT))
                yield self._expected(reply, protocol.CommitsResponse)
        except protocol.InvalidMessage:
            raise _other_version(self.path, self.host) from None
        except TimeoutError:
            raise OwnerTimeout(self.path, self.host.pid) from None
        except (EOFError, OSError):
            pass
        finally:
            with self._lock:
                self._watching.discard(connection)
            connection.close()
        raise OwnerGone(self.path)

    def cancel(self, thread: int) -> None:
        """Cancel the request of another thread, which raises `Cancelled`; the owner stops it."""
        with self._lock:
            connection = self._waiting.get(thread)
            if connection is not None:
                self._cancelled.add(thread)
                connection.shutdown()

    @property
    def owner(self) -> OwnerStatus:
        host = self.host
        return OwnerStatus(host.pid, datetime.fromisoformat(host.since), host.role)

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
            self._expected(reply, protocol.Host)
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
        return self._expected(reply, kind)

    def _expected(self, reply: protocol.Reply, kind: type[R]) -> R:
        if isinstance(reply, protocol.ErrorResponse):
            raise _error(reply)
        if not isinstance(reply, kind):
            raise _other_version(self.path, self.host)
        return reply

    def _ask(self, connection: Connection, data: bytes, timeout: float | None) -> protocol.Reply:
        me = threading.get_ident()
        with self._lock:
            self._waiting[me] = connection
        try:
            limit = None if timeout is None else allow_for_load(timeout)
            connection.send(data, limit)
            return protocol.read_reply(connection.receive(protocol.ANSWER_CAP, limit))
        except protocol.InvalidMessage:
            raise _other_version(self.path, self.host) from None
        except TimeoutError:
            raise OwnerTimeout(self.path, self.host.pid) from None
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
            if not (self._closed or connection.is_closed) and len(self._idle) < _IDLE:
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
            if not connection.is_stale:
                return connection
            connection.close()

    def _connect(self) -> Connection:
        owner = owner_file.read(self.path)
        if owner is None:
            raise OwnerGone(self.path)
        connection: Connection | None = None
        try:
            limit = allow_for_load(GREETING_TIMEOUT)
            connection = connect(Path(owner_file.address(self.path, owner).at), limit)
            greeting = connection.receive(protocol.REQUEST_CAP, limit)
            self.host = self._checked(protocol.read_reply(greeting), owner)
        except BaseException as error:
            if connection is not None:
                connection.close()
            match error:
                case TimeoutError():
                    raise OwnerTimeout(self.path, owner.pid) from None
                case protocol.InvalidMessage():
                    raise _other_version(self.path, owner) from None
                case EOFError() | OSError():
                    raise OwnerGone(self.path) from None
            raise
        return connection

    def _checked(self, reply: protocol.Reply, owner: owner_file.OwnerInfo) -> protocol.Host:
        if isinstance(reply, protocol.ErrorResponse):
            raise _error(reply)
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


def connect_to_owner(path: Path) -> DatabaseClient | None:
    """Connect to the owner; None if there is none, or if it does not respond."""
    try:
        return DatabaseClient(path)
    except (OwnerGone, OwnerTimeout):
        return None


def _error(reply: protocol.ErrorResponse) -> TailboardError:
    return from_code(reply.code, reply.message, reply.hint, reply.error_class)


def _other_version(path: Path, owner: protocol.Host | owner_file.OwnerInfo) -> OtherVersion:
    return OtherVersion(
        f"The database {path} is open in process {owner.pid}, which is Tailboard {owner.version} "
        f"(schema {owner.schema}); this is {__version__} (schema {paths.schema_version()}).",
        f"End process {owner.pid} and start it again with this version.",
    )
