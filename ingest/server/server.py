"""The owner's server: a Unix socket through which other processes of this user use the database.

One thread with an event loop serves all clients (`event_loop.py`); queries run on a few worker
threads, and actions are passed to the owner. Nothing that a client sends or does can end the owner.
When `close` returns, the socket, the owner file and all cursors are gone.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import __version__, log
from ingest.db import paths
from ingest.db.database import Database
from ingest.errors import ReadOnlyServer, SocketUnavailable
from ingest.server import owner_file, protocol
from ingest.server.owner_file import OwnerInfo, Role

if TYPE_CHECKING:
    from ingest.server.event_loop import Clients, Limits, Submit

_ANNOUNCE_SECONDS = 0.1
"""Between two attempts to write the owner file, which a full disk refuses."""
_QUEUE = 512
"""Connections that may wait until they are accepted."""
_JOIN_SECONDS = 15.0
"""How long `close` waits for the thread: more than it takes to serve and to stop all queries."""
_LOOK_SECONDS = 0.02
_QUIET_LOOKS = 3
"""A client may ask again at once, for what the first answer named."""


def refuse(_action: object) -> "Future[object]":
    raise ReadOnlyServer("The process that has the database open only lets others read.")


class Server:
    """Open from `open` until `close`, or as a context manager."""

    def __init__(
        self,
        database: Database,
        role: Role,
        homes: list[str],
        since: datetime,
        submit: "Submit" = refuse,
        limits: "Limits | None" = None,
    ) -> None:
        self._database = database
        self._submit = submit
        self._limits = limits
        self.host = protocol.Host(
            os.getpid(),
            since.isoformat(),
            role,
            __version__,
            paths.schema_version(),
            homes,
            *paths.identity(database.path),
        )
        self._address: owner_file.Address | None = None
        self._listener: socket.socket
        self._announced = False
        self._clients: Clients | None = None
        self._ready = threading.Event()
        self._end = threading.Event()
        self._wake_to_end: Callable[[], None] = _nothing
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    @property
    def busy(self) -> int:
        """The number of running queries."""
        return 0 if self._clients is None else self._clients.queries.running

    @property
    def clients(self) -> int:
        return 0 if self._clients is None else self._clients.count

    def wait_until_answered(self, stop: threading.Event, longest: float) -> None:
        """Let clients ask first: wait until all have got their answers."""
        until, quiet = time.monotonic() + longest, 0
        while quiet < _QUIET_LOOKS and time.monotonic() < until and not stop.wait(_LOOK_SECONDS):
            answered = self._clients is not None and self._clients.all_answered
            quiet = quiet + 1 if answered else 0

    @property
    def untaken(self) -> int:
        """The size of all unread responses in bytes."""
        return 0 if self._clients is None else self._clients.untaken_bytes

    def open(self) -> None:
        path = self._database.path
        owner_file.remove_leftovers(path)
        self._address, self._listener = _listen(path)
        # Last, so that a client that reads the owner file can connect.
        try:
            self._announce()
        except OSError as error:
            raise SocketUnavailable(path, error) from error
        finally:
            self._thread.start()

    def _announce(self) -> None:
        """Write the owner file."""
        host, address = self.host, self._address
        owner = OwnerInfo(
            host.pid,
            host.since,
            host.role,
            host.version,
            host.schema,
            host.homes,
            address.written if address else None,
        )
        owner_file.write(self._database.path, owner)
        self._announced = True

    def close(self) -> None:
        """Accept no more clients, serve those that are in the middle of something for a while, and
        disconnect them. Call before closing the database.
        """
        if self._end.is_set() or self._address is None:
            return
        self._end.set()
        owner_file.remove(self._database.path)
        self._ready.wait()
        self._wake_to_end()
        self._thread.join(_JOIN_SECONDS)
        self._listener.close()
        owner_file.remove_socket(self._address)

    def __enter__(self) -> "Server":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        # Imported here: only a server needs an event loop, and its import delays no command.
        import asyncio

        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        import asyncio

        from ingest.server.event_loop import Clients, Limits

        loop, end = asyncio.get_running_loop(), asyncio.Event()
        clients = Clients(self._database, self.host, self._submit, self._limits or Limits())

        def from_any_thread(callback: Callable[[], None]) -> None:
            # The loop may have been closed meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(callback)

        self._clients = clients
        self._wake_to_end = lambda: from_any_thread(end.set)
        self._database.commits.on_commit = lambda: from_any_thread(clients.on_commit)
        self._ready.set()
        if self._end.is_set():
            return
        accepting = loop.create_task(clients.accept(self._listener))
        announcing = loop.create_task(self._announce_until_written())
        await end.wait()
        self._database.commits.on_commit = _nothing
        accepting.cancel()
        announcing.cancel()
        await clients.close()

    async def _announce_until_written(self) -> None:
        import asyncio

        while not self._announced:
            with log.suppress("Announcing the owner", OSError):
                self._announce()
            await asyncio.sleep(_ANNOUNCE_SECONDS)


def _nothing() -> None:
    pass


def _listen(database: Path) -> tuple[owner_file.Address, socket.socket]:
    """Listen at the first address that works: not every file system supports sockets."""
    failure: OSError | None = None
    for address in owner_file.socket_addresses(database):
        listener = socket.socket(socket.AF_UNIX)
        try:
            owner_file.remove_socket(address)
            listener.bind(address.at)
            Path(address.at).chmod(0o600)
            listener.listen(_QUEUE)
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            failure = error
        else:
            return address, listener
    raise SocketUnavailable(database, failure or OSError("no address is left")) from failure
