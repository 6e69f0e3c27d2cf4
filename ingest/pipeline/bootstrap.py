"""Open the database: as its owner if the lock is free, else as a client of the owner's socket.

DuckDB's file lock decides which process becomes the owner. A process that gets neither the lock
nor a connection (the owner is starting or ending) retries until a timeout.
"""

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from ingest import log
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import QueryReader, allow_for_load
from ingest.db.recovery import open_database
from ingest.db.snapshot import remove_abandoned
from ingest.db.turn import Turn
from ingest.errors import (
    DatabaseError,
    ErrorClass,
    Locked,
    SocketUnavailable,
)
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import Home
from ingest.pipeline.run import RunSettings
from ingest.server import owner_file
from ingest.server.client import DatabaseClient, connect_to_owner
from ingest.server.owner_file import Role
from ingest.server.server import Server
from ingest.text.times import Clock, utc_now

if TYPE_CHECKING:
    from ingest.server.event_loop import Limits

LOCK_TIMEOUT = 30.0
"""Seconds that a single process may hold the lock without accepting connections; the timeout
starts again when another process takes the lock. It is longer on a loaded machine."""
SPOOL_MAX_AGE = 3600.0
"""A copy in the spool that is older than this has no owner any more and is removed."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25
"""Average seconds between two checks: longer each time, so that many waiting processes leave the
processor to the one that works. Jitter keeps two processes from staying in step."""
_PAUSE_GROWTH = 1.25


class ServerOptions(Struct, frozen=True):
    """How a process serves the database if it becomes the owner."""

    homes: list[Home]
    role: Role
    tuning: RunSettings = RunSettings()
    limits: "Limits | None" = None


class RunningServer:
    """This process owns the database and serves clients until `close`."""

    def __init__(
        self,
        database: Database,
        options: ServerOptions,
        clock: Clock,
        note: Callable[[str], None],
    ) -> None:
        self.database = database
        self.reading = LocalReader(database)
        self.owner = Owner(database, options.homes, options.tuning, clock)
        self.actions = self.owner.actions
        homes = [home.id for home in options.homes]
        self.server = Server(
            database, options.role, homes, clock(), self.actions.submit, options.limits
        )
        try:
            self.server.open()
        except SocketUnavailable as error:
            # This process works without clients; other processes report a locked database.
            note(f"{error.message} {error.hint}")

    def close(self) -> None:
        """Disconnect the clients, then close the database."""
        self.actions.close()
        self.server.close()
        self.database.close()

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_or_connect(
    path: Path,
    opening: Callable[[Path], tuple[Database, list[str]]] = open_database,
    timeout: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    *,
    needs_actions: bool = False,
) -> tuple[Database, list[str]] | DatabaseClient:
    """Open the database, or connect to its owner. An opened one comes with notices for the user.

    `needs_actions`: the caller will send actions. An owner that serves reads only (a command that
    reads once) is waited for.
    """
    timeout = timeout or allow_for_load(LOCK_TIMEOUT)
    deadline, holder, pause = monotonic() + timeout, None, _FIRST_PAUSE
    with contextlib.ExitStack() as undo:
        turn = undo.enter_context(Turn(path))
        while True:
            # Connect first: without a server that costs one file check, while opening the database
            # first would cost every client an attempt at the lock.
            owner = owner_file.read(path)
            command = owner if owner is not None and owner.role == Role.COMMAND else None
            if owner is not None and command is None and (remote := _connect(path, needs_actions)):
                return remote
            if command is not None and needs_actions and _is_alive(command.pid):
                turn.give_back()  # Others may read while this process waits.
                if command.pid != holder:
                    deadline, holder = monotonic() + timeout, command.pid
                may_try = monotonic() >= deadline
            else:
                may_try = turn.take() or monotonic() >= deadline
            if may_try:
                if command is not None and (remote := _connect(path, needs_actions)):
                    # One process at a time reads through a command, which ends soon: all others
                    # would lose their connections and begin again.
                    remote.on_close = turn.give_back
                    undo.pop_all()
                    return remote
                try:
                    opened = opening(path)
                    remove_abandoned(opened[0].spool, time.time() - SPOOL_MAX_AGE)
                    return opened
                except Locked as locked:
                    if locked.pid != holder:
                        deadline, holder = monotonic() + timeout, locked.pid
                    if monotonic() >= deadline:
                        raise
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
            pause = min(_LONGEST_PAUSE, pause * _PAUSE_GROWTH)


def _connect(path: Path, needs_actions: bool) -> DatabaseClient | None:
    # If the owner does not answer, opening the database shows whether there is one.
    remote = connect_to_owner(path)
    if remote is not None and needs_actions and remote.host.role == Role.COMMAND:
        remote.close()
        return None
    return remote


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False  # It was killed and left its owner file.
    except OSError:
        pass
    return True


def start_or_connect(
    path: Path,
    options: ServerOptions,
    clock: Clock = utc_now,
    timeout: float | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> RunningServer | DatabaseClient:
    """Become the owner, or connect to the one that runs and check that it follows the homes.

    `note` gets what the user should know about opening the database (a recovery, no socket), before
    any client can connect: a dashboard reads it as soon as it is connected.
    """

    def log_and_note(notice: str) -> None:
        log.warning(notice)
        note(notice)

    opened = open_or_connect(path, timeout=timeout, needs_actions=True)
    if isinstance(opened, DatabaseClient):
        foreign = [home for home in options.homes if home.id not in opened.host.homes]
        if foreign:
            opened.close()
            listed, pid = ", ".join(str(home.path) for home in foreign), opened.host.pid
            raise DatabaseError(
                f"The database {path} is open in process {pid}, which does not follow {listed}.",
                f"End process {pid} and name all homes when starting it again, "
                "or use another database with --db PATH.",
                code="server.homes",
                kind=ErrorClass.CONFIG,
            )
        return opened
    database, notices = opened
    with contextlib.ExitStack() as undo:
        undo.callback(database.close)
        log.start(path)
        for notice in notices:
            log_and_note(notice)
        running = RunningServer(database, options, clock, log_and_note)
        undo.pop_all()
    return running


def open_reader(path: Path, now: datetime, timeout: float | None = None) -> QueryReader:
    """Open the database for a command that only reads, which repairs nothing."""
    opened = open_or_connect(path, lambda path: (Database(path), []), timeout)
    return opened if isinstance(opened, DatabaseClient) else LocalReader(opened[0], now)


@contextmanager
def open_exclusive(path: Path, now: datetime, note: Callable[[str], None]) -> Iterator[Database]:
    """Open the database for a command that needs it for itself. Others may read meanwhile."""
    opened = open_or_connect(path, needs_actions=True)
    if isinstance(opened, DatabaseClient):
        with opened:
            raise Locked(path, opened.host.pid, f"tailboard, {opened.host.role}")
    with serve_readers(*opened, now, note) as database:
        yield database


@contextmanager
def serve_readers(
    database: Database, notices: list[str], now: datetime, note: Callable[[str], None]
) -> Iterator[Database]:
    """Let others read a database that a command has just opened, and close it at the end."""
    for line in notices:
        log.warning(line)
        note(line)
    server = Server(database, Role.COMMAND, [], now)
    with database, contextlib.closing(server):
        # Without a socket the command does its work all the same.
        with log.suppress("Listening for other processes", SocketUnavailable):
            server.open()
        yield database
