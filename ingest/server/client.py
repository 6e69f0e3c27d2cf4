"""The database as seen by a process that does not have it: it asks the owner, through the door.

Any thread may ask. A connection that broke is made anew, once, because another process may have
become the owner meanwhile; where nobody answers that is `OwnerGone`, and a reason to take over.
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

PATIENCE = 30.0
"""Seconds until an owner that took a question counts as silent: more than it gives a question."""
LONG_PATIENCE = 2000.0
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
    """Nobody answers at the door: the owner has ended, or there is none."""

    code = "door.gone"
    error_class = "resource"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The process that had the database {path} open has ended.", "Try again.")


class OwnerTimeout(StoreError):
    """There is an owner, but it does not answer: stopped, or busy beyond all measure."""

    code = "door.silent"
    error_class = "resource"

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The database {path} is open in {who}, which does not answer.",
            "If that process is stopped, let it go on or end it.",
        )
        self.pid = pid


class OtherVersion(StoreError):
    """The owner is another version of the program, so that the two do not know what they say."""

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
    """Behind the door is another file than the one that lies here."""

    code = "door.database"
    error_class = "config"

    def __init__(self, path: Path, pid: int) -> None:
        super().__init__(
            f"Process {pid} has another file open than {path}: it was moved or replaced.",
            f"End process {pid}, and start it again.",
        )


class KeyRefused(StoreError):
    """The key that lies beside the database does not fit the owner's door."""

    code = "door.key"
    error_class = "config"

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "its owner"
        super().__init__(
            f"The key beside the database {path} is not the one of {who}.",
            "End that process; a new key is made when the next one starts.",
        )


class Cancelled(StoreError):
    """Whoever asked does not want to know any more."""

    code = "door.abandoned"

    def __init__(self) -> None:
        super().__init__("The question was given up before it was answered.", "Ask again.")


class ServerError(StoreError):
    """What the owner answered instead of rows."""

    def __init__(self, refusal: protocol.ErrorResponse) -> None:
        super().__init__(refusal.message, refusal.hint)
        self.code = refusal.code
        self.error_class = refusal.error_class


class _Broken(Exception):
    """The connection ended before the answer came."""

    def __init__(self, *, given_up: bool) -> None:
        super().__init__()
        self.given_up = given_up


class DatabaseClient:
    """A database that another process has open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False
        self._mine = threading.local()
        self._waiting: dict[int, Connection] = {}
        """Threads that wait for an answer, and where."""
        self._given_up: set[int] = set()
        self.host: protocol.Host
        with self._connection():
            pass  # Only to know that somebody is there, and who.

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
        return self.ask([(name, values)])[0]

    def one(self, name: str, /, **values: object) -> Row | None:
        return next(iter(self.rows(name, **values)), None)

    def ask(self, queries: Sequence[Query], /) -> list[list[Row]]:
        reply = self._exchange(protocol.NamedQueriesRequest(list(queries)), protocol.Tables)
        return [table.records() for table in reply.tables]

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        table = self._exchange(protocol.SqlRequest(text, limit), protocol.Tables).tables[0]
        return Answer(table.columns, [tuple(row) for row in table.rows], table.more)

    def copy(self, form: Format, /) -> Path:
        reply = self._exchange(protocol.CopyRequest(form), protocol.Copied, LONG_PATIENCE)
        return paths.beside(self.path, "spool") / Path(reply.name).name

    def act(self, name: str, /, **values: object) -> dict[str, Any]:
        """Have the owner do something. Never said twice: after `OwnerGone` it may be done."""
        return self._exchange(
            protocol.ActionRequest(name, values), protocol.ActionResponse, None, again=False
        ).values

    def who(self) -> protocol.Host:
        """The owner, asked now."""
        self.host = self._exchange(protocol.HostRequest(), protocol.Host)
        return self.host

    def listen(self, seen: int, seconds: float) -> protocol.CommitsResponse:
        """How often this owner has committed; said when it is another count than `seen`, and at
        the latest after so long. Another owner counts anew, and is heard as `OwnerGone` first."""
        return self._exchange(
            protocol.WaitRequest(seen, seconds), protocol.CommitsResponse, again=False
        )

    def give_up(self, thread: int) -> None:
        """End what this thread waits for: it hears `Abandoned`, and the owner stops at it."""
        with self._lock:
            connection = self._waiting.get(thread)
            if connection is not None:
                self._given_up.add(thread)
                close_socket(connection)

    @property
    def _held(self) -> Connection | None:
        return getattr(self._mine, "held", None)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Show everything as it was at one moment, to this thread, inside the block."""
        with self._connection() as connection:
            try:
                reply = self._ask(
                    connection, protocol.request(protocol.SnapshotRequest()), PATIENCE
                )
            except _Broken:
                raise OwnerGone(self.path) from None
            if isinstance(reply, protocol.ErrorResponse):
                raise ServerError(reply)
            self._mine.held = connection
            try:
                yield
            finally:
                self._mine.held = None
                # Which ends what is held, whatever there was said over it.
                connection.close()

    def _exchange(
        self,
        request: protocol.Request,
        kind: type[R],
        patience: float | None = PATIENCE,
        *,
        again: bool = True,
    ) -> R:
        data = protocol.request(request)
        while True:
            try:
                with self._connection() as connection:
                    reply = self._ask(connection, data, patience)
                break
            except _Broken as broken:
                if broken.given_up:
                    raise Cancelled from None
                if not again or self._held is not None:
                    raise OwnerGone(self.path) from None
                again = False
        if isinstance(reply, protocol.ErrorResponse):
            if reply.code == QueryRefused.code:
                raise QueryRefused(reply.message, reply.hint)
            raise ServerError(reply)
        if not isinstance(reply, kind):
            raise OtherVersion(self.path, self.host)
        return reply

    def _ask(self, connection: Connection, data: bytes, patience: float | None) -> protocol.Reply:
        me = threading.get_ident()
        with self._lock:
            self._waiting[me] = connection
        try:
            connection.send_bytes(data)
            if not connection.poll(patience):
                raise OwnerTimeout(self.path, self.host.pid)
            return protocol.read_reply(connection.recv_bytes(protocol.ANSWER_CAP))
        except protocol.InvalidMessage:
            raise OtherVersion(self.path, self.host) from None
        except (EOFError, OSError):
            raise _Broken(given_up=me in self._given_up) from None
        finally:
            with self._lock:
                self._waiting.pop(me, None)
                self._given_up.discard(me)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection for one exchange; kept for the next one if it is still good."""
        held = self._held
        if held is not None:
            yield held
            return
        connection = self._known() or self._connect()
        try:
            yield connection
        except BaseException:
            # Whatever it was, an answer to this question must not be taken for the next one's.
            connection.close()
            raise
        with self._lock:
            if not (self._closed or connection.closed) and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _known(self) -> Connection | None:
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
                pass  # As good as one on which something comes unasked: the end.
            connection.close()

    def _connect(self) -> Connection:
        plate, key = owner_file.read(self.path), owner_file.key(self.path)
        if plate is None or key is None:
            raise OwnerGone(self.path)
        address = owner_file.address(self.path, plate)
        try:
            connection = Client(address.at, address.family)
        except (OSError, EOFError):
            raise OwnerGone(self.path) from None
        try:
            self.host = self._greet(connection, key, plate)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greet(
        self, connection: Connection, key: bytes, plate: owner_file.OwnerInfo
    ) -> protocol.Host:
        try:
            authenticate_to_server(connection, key)
            reply = protocol.read_reply(connection.recv_bytes(protocol.REQUEST_CAP))
        except (AuthenticationError, AssertionError):
            raise KeyRefused(self.path, plate.pid) from None
        except TimeoutError:
            raise OwnerTimeout(self.path, plate.pid) from None
        except protocol.InvalidMessage:
            raise OtherVersion(self.path, plate) from None
        except (EOFError, OSError):
            raise OwnerGone(self.path) from None
        if isinstance(reply, protocol.ErrorResponse):
            raise ServerError(reply)
        if not isinstance(reply, protocol.Host):
            raise OtherVersion(self.path, plate)
        if (reply.version, reply.schema) != (__version__, paths.schema_version()):
            raise OtherVersion(self.path, reply)
        if (reply.device, reply.inode) != paths.identity(self.path):
            raise OtherDatabase(self.path, reply.pid)
        return reply
