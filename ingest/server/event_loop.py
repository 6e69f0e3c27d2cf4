"""The event loop of the server: accepts clients, reads their requests and sends the responses.

Everything here runs in the server's thread and never blocks: queries run on worker threads
(`queries.py`) and actions on the owner's thread. While a request is answered, the next one is
already awaited, so that the end of a connection is seen at once.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec
from msgspec import Struct

from ingest import log
from ingest.actions import Action, decode_action
from ingest.db.database import Database, explain_and_mark
from ingest.db.engine import Error
from ingest.db.query_reader import HOLD_SECONDS, QUERY_SECONDS
from ingest.errors import SnapshotExpired
from ingest.server import protocol
from ingest.server.connection import HEADER, peer_uid
from ingest.server.queries import Caller, Queries, QueryLimits

Submit = Callable[[Action[Any]], "Future[Any]"]
"""Passes an action to the owner's thread, and returns its future result."""

_HEARTBEAT_SECONDS = 10.0
"""The longest time without a message to a client that watches the commits."""
_ACCEPT_PAUSE = 0.05
"""The delay after an error of `accept`, for example because too many files are open."""
_ROOM_PAUSE = 0.05
"""Between two checks whether there is room for another client."""
_DRAIN_PAUSE = 0.05
"""Between two checks for clients that are done, while the owner ends."""
_CHUNK = 64 * 1024
_ROOT = 0


class Limits(Struct, frozen=True):
    clients: int = 100
    """Clients that are served at once. As many more may connect, and wait for their turn."""
    room_seconds: float = 30.0
    """How long a client waits for its turn."""
    query_seconds: float = QUERY_SECONDS
    memory_wait_seconds: float = 5.0
    """How long a query waits for memory to become available."""
    copy_seconds: float = 1800.0
    hold_seconds: float = HOLD_SECONDS
    answer_bytes: int = protocol.ANSWER_CAP
    idle_seconds: float = 10.0
    """How long a client must be idle before it is disconnected in favour of another one."""
    take_seconds: float = 20.0
    """How long a client may take to read its response."""
    untaken_bytes: int = 4 * protocol.ANSWER_CAP
    """The maximum size of all unread responses together."""
    drain_seconds: float = 5.0
    """How long an ending owner still serves the clients that are in the middle of something."""
    stop_seconds: float = 5.0
    """How long an ending owner waits for queries that it has interrupted."""


class Client(Caller):
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self.sock = sock
        self.served = False
        """Whether the client has one of the limited places."""
        self.watching = False
        """Whether the client only waits for commits."""
        self.idle_since: float | None = None
        self.untaken: tuple[float, int] | None = None
        """Since when the client has not read its response, and its size in bytes."""

    @property
    def is_busy(self) -> bool:
        """Whether the client waits for a response, or is between two queries of a snapshot."""
        between = self.idle_since is not None and self.snapshot.held is None
        return self.served and not (between or self.watching or self.gone.done())


class Clients:
    def __init__(
        self, database: Database, host: protocol.Host, submit: Submit, limits: Limits
    ) -> None:
        self._database = database
        self._host = host
        self._submit = submit
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._committed: asyncio.Future[None] = self._loop.create_future()
        self._ending = False
        self._clients: dict[asyncio.Task[None], Client] = {}
        self.queries = Queries(
            database,
            QueryLimits(
                limits.query_seconds,
                limits.copy_seconds,
                limits.memory_wait_seconds,
                limits.hold_seconds,
                limits.answer_bytes,
            ),
        )

    @property
    def count(self) -> int:
        return len(self._clients)

    @property
    def all_answered(self) -> bool:
        """Whether clients have asked, and none waits for a response or is about to ask more."""
        busy = any(client.is_busy for client in list(self._clients.values()))
        return self.queries.answered > 0 and not busy

    @property
    def untaken_bytes(self) -> int:
        """The size of all unread responses in bytes."""
        return sum(client.untaken[1] for client in list(self._clients.values()) if client.untaken)

    def on_commit(self) -> None:
        """Wake the clients that watch the commits."""
        self._committed.set_result(None)
        self._committed = self._loop.create_future()

    async def accept(self, listener: socket.socket) -> None:
        while True:
            # Whoever finds no room here waits in the socket's queue.
            while len(self._clients) >= 2 * self._limits.clients and not self._evict_idle_client():
                await asyncio.sleep(_ROOM_PAUSE)
            await self._until_readable(listener)
            try:
                sock, _ = listener.accept()
            except OSError:
                # Too many open files, or the client disconnected: the next one may succeed.
                await asyncio.sleep(_ACCEPT_PAUSE)
                continue
            sock.setblocking(False)
            client = Client(sock)
            task = self._loop.create_task(self._serve(client))
            self._clients[task] = client
            task.add_done_callback(self._clients.pop)

    async def _until_readable(self, listener: socket.socket) -> None:
        """Wait for a connection without taking it: `sock_accept` loses the one that it took if it
        is cancelled then.
        """
        readable = asyncio.Event()
        self._loop.add_reader(listener, readable.set)
        try:
            await readable.wait()
        finally:
            self._loop.remove_reader(listener)

    async def close(self) -> None:
        """Serve the clients that are in the middle of something, then disconnect all."""
        self._ending = True
        until = self._loop.time() + self._limits.drain_seconds
        while True:
            for client in self._clients.values():
                if not client.is_busy:
                    client.disconnect()
            busy = [task for task, client in self._clients.items() if client.is_busy]
            if not busy or self._loop.time() >= until:
                break
            await asyncio.wait(busy, timeout=_DRAIN_PAUSE, return_when=asyncio.FIRST_COMPLETED)
        for client in self._clients.values():
            client.disconnect()
        if self._clients:
            await asyncio.wait(self._clients, timeout=self._limits.stop_seconds)
        self.queries.close()

    async def _serve(self, client: Client) -> None:
        header: asyncio.Task[bytearray] | None = None
        try:
            if peer_uid(client.sock) not in (os.getuid(), _ROOT):
                await self._send(client, protocol.reply(protocol.OTHER_USER))
                return
            await self._send(client, protocol.reply(self._host))
            header = self._read_ahead(client)
            while not self._ending or client.snapshot.held is not None:
                data = await self._next_message(client, header)
                header = self._read_ahead(client)
                await self._serve_request(client, data)
        except (EOFError, OSError):
            return  # The client has disconnected.
        finally:
            if header is not None:
                header.cancel()
            client.snapshot.end()
            client.sock.close()

    async def _serve_request(self, client: Client, data: bytearray) -> None:
        client.served = client.served or await self._wait_for_room(client)
        if not client.served:
            await self._send(client, protocol.reply(protocol.FULL))
            raise EOFError
        try:
            request = protocol.read_request(data)
        except protocol.InvalidMessage:
            await self._send(client, protocol.reply(protocol.INVALID))
            raise EOFError from None
        if isinstance(request, protocol.WatchRequest):
            client.watching = True
            await self._send_commits(client)
            raise EOFError
        await self._send(client, await self._answer(client, request))

    async def _send_commits(self, client: Client) -> None:
        """Send the number of commits now and after each commit, until the client disconnects.

        A slow client gets fewer messages: each has the number at the time it is sent.
        """
        commits = self._database.commits
        while not client.gone.done():
            committed, count = self._committed, commits.count
            await self._send(
                client, protocol.reply(protocol.CommitsResponse(count, commits.sweep_in))
            )
            if commits.count == count:
                await asyncio.wait(
                    {committed, client.gone},
                    timeout=_HEARTBEAT_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )

    async def _answer(self, client: Client, request: protocol.Request) -> bytes:
        try:
            data = await self._respond(client, request)
        except EOFError:
            raise
        except Error as error:
            client.snapshot.invalidate()
            explained = explain_and_mark(self._database.path, error)
            data = protocol.reply(protocol.error_response(explained))
        except Exception as error:  # noqa: BLE001
            # An error is returned to its client and must not end the owner.
            log.unexpected(error)
            client.snapshot.invalidate()
            data = protocol.reply(protocol.error_response(error))
        return data if len(data) <= self._limits.answer_bytes else protocol.reply(protocol.TOO_MUCH)

    async def _respond(self, client: Client, request: protocol.Request) -> bytes:
        match request:
            case protocol.NamedQueriesRequest() | protocol.SqlRequest() if client.snapshot.expired:
                raise SnapshotExpired
            case protocol.NamedQueriesRequest(queries):
                return await self.queries.run_named(client, queries)
            case protocol.SqlRequest(text, limit):
                return await self.queries.run_sql(client, text, limit)
            case protocol.CopyRequest(form):
                return await self.queries.copy(client, form)
            case protocol.ActionRequest(action):
                return await self._run_action(action)
            case protocol.SnapshotRequest():
                await self.queries.hold_snapshot(client)
        return protocol.reply(self._host)

    async def _run_action(self, data: msgspec.Raw) -> bytes:
        try:
            action = decode_action(data)
        except msgspec.MsgspecError:
            return protocol.reply(protocol.INVALID)
        # On a worker, because an action that only reads runs at once, on the thread that asks.
        future = await self.queries.in_worker(lambda: self._submit(action))
        result = await asyncio.wrap_future(future)
        return await self.queries.in_worker(
            lambda: protocol.reply(protocol.ActionResponse(protocol.encoded(result)))
        )

    # ── room ────────────────────────────────────────────────────────────────────────────────────

    async def _wait_for_room(self, client: Client) -> bool:
        until = self._loop.time() + self._limits.room_seconds
        while self._served >= self._limits.clients and not self._evict_idle_client():
            if self._loop.time() >= until or client.gone.done():
                return False
            await asyncio.sleep(_ROOM_PAUSE)
        return True

    @property
    def _served(self) -> int:
        return sum(client.served and not client.gone.done() for client in self._clients.values())

    def _evict_idle_client(self) -> bool:
        """Disconnect the client that was idle the longest, if it was long enough.

        Tailboard's own client reconnects for its next request.
        """
        idle = [
            (client.idle_since, number, client)
            for number, client in enumerate(self._clients.values())
            if client.idle_since is not None and not client.gone.done()
        ]
        if not idle:
            return False
        since, _, client = min(idle, key=lambda one: one[:2])
        if self._loop.time() - since < self._limits.idle_seconds:
            return False
        client.disconnect()
        return True

    def _make_room_for_answer(self, size: int) -> None:
        """Over the limit, first disconnect the client that has not read for the longest."""
        waiting = self.untaken_bytes
        lazy = [(one.untaken, one) for one in self._clients.values() if one.untaken]
        for (_, unread), client in sorted(lazy, key=lambda one: one[0]):
            if waiting + size <= self._limits.untaken_bytes:
                break
            client.disconnect()
            client.untaken = None
            waiting -= unread

    # ── messages ────────────────────────────────────────────────────────────────────────────────

    def _read_ahead(self, client: Client) -> "asyncio.Task[bytearray]":
        """Read the length of the next message; the end of the connection is noted at once."""

        def ended(task: "asyncio.Task[bytearray]") -> None:
            if task.cancelled() or task.exception() is not None:
                client.disconnect()

        task = self._loop.create_task(self._receive(client, HEADER.size))
        task.add_done_callback(ended)
        return task

    async def _next_message(self, client: Client, header: "asyncio.Task[bytearray]") -> bytearray:
        client.idle_since = self._loop.time()
        if not await self._arrives(client, header, client.snapshot.left):
            client.snapshot.invalidate()
            await self._arrives(client, header, None)
        (size,) = HEADER.unpack(header.result())
        if size > protocol.REQUEST_CAP:
            raise EOFError
        body = self._loop.create_task(self._receive(client, size))
        try:
            await self._arrives(client, body, None)
            return body.result()
        finally:
            body.cancel()
            client.idle_since = None

    async def _arrives(
        self, client: Client, data: "asyncio.Task[Any]", timeout: float | None
    ) -> bool:
        """Wait for the data; raise `EOFError` once the client is disconnected."""
        await asyncio.wait(
            {data, client.gone}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if client.gone.done():
            raise EOFError
        return data.done()

    async def _receive(self, client: Client, size: int) -> bytearray:
        data = bytearray()
        while len(data) < size:
            chunk = await self._loop.sock_recv(client.sock, min(size - len(data), _CHUNK))
            if not chunk:
                raise EOFError
            data += chunk
        return data

    async def _send(self, client: Client, data: bytes) -> None:
        header, sent = HEADER.pack(len(data)), 0
        with contextlib.suppress(BlockingIOError):
            sent = client.sock.sendmsg([header, data])
        if sent == len(header) + len(data):
            return
        # Without a copy of a large response.
        start = sent - len(header)
        rest = memoryview(data)[start:] if start >= 0 else memoryview(header[sent:] + data)
        self._make_room_for_answer(len(data))
        client.untaken = self._loop.time(), len(data)
        sending = self._loop.create_task(self._loop.sock_sendall(client.sock, rest))
        try:
            if not await self._arrives(client, sending, self._limits.take_seconds):
                raise EOFError
            sending.result()
        finally:
            sending.cancel()
            client.untaken = None
