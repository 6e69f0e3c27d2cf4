"""The way in for every process: as the owner where the lock is free, and else through the door.

Who wins the lock is the engine's affair, so of any number of processes exactly one becomes the
owner. One that finds neither (the owner is just starting, or just ending) tries again for a while.
"""

import contextlib
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from ingest.db.database import Database
from ingest.db.errors import Locked, StoreError
from ingest.db.local_reader import LocalReader
from ingest.db.recovery import open_database
from ingest.db.snapshot import sweep
from ingest.pipeline.command_queue import CommandQueue
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import Home
from ingest.pipeline.run import Clock, RunSettings, utc_now
from ingest.server.client import DatabaseClient, OwnerGone, OwnerTimeout
from ingest.server.owner_file import Role
from ingest.server.refusals import SocketUnavailable
from ingest.server.server import Limits, Server

LOCK_TIMEOUT = 15.0
"""Seconds that one process may keep the lock to itself, as one that is just starting does; many
that take turns may take longer."""
SPOOL_MAX_AGE = 3600.0
"""After which a copy in the spool is nobody's any more."""
_RETRY_PAUSE = 0.02
"""Seconds between two tries, about; two processes must not keep meeting."""


class HomesMismatch(StoreError):
    """The owner follows other homes than this process was asked to."""

    code = "door.homes"
    error_class = "config"

    def __init__(self, path: Path, pid: int, homes: Iterable[Home]) -> None:
        listed = ", ".join(str(home.path) for home in homes)
        super().__init__(
            f"The database {path} is open in process {pid}, which does not follow {listed}.",
            f"End process {pid} and name all homes when starting it again, "
            "or use another database with --db PATH.",
        )


class ServerOptions(Struct, frozen=True):
    """What a process that enters wants to be, if it becomes the owner."""

    homes: list[Home]
    role: Role
    tuning: RunSettings = RunSettings()
    limits: Limits = Limits()


class RunningServer:
    """The database is open in this process, and its door is open for others until `close`."""

    def __init__(
        self, database: Database, told: list[str], wish: ServerOptions, clock: Clock
    ) -> None:
        self.database = database
        self.told = told
        """How the database was opened, where that was out of the ordinary."""
        self.reading = LocalReader(database)
        sweep(database.spool, time.time() - SPOOL_MAX_AGE)
        self.desk = CommandQueue()
        self.owner = Owner(database, wish.homes, wish.tuning, clock, self.desk)
        homes = [home.id for home in wish.homes]
        self.door = Server(database, wish.role, homes, clock(), self.desk.submit, wish.limits)
        try:
            self.door.open()
        except SocketUnavailable as error:
            # What is to be done here is done all the same; others hear that it is locked.
            self.told.append(f"{error.message} {error.hint}")

    def close(self) -> None:
        """Others first: whoever is at the door then is told that the owner has gone."""
        self.desk.close()
        self.door.close()
        self.database.close()

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_or_connect(
    path: Path,
    opening: Callable[[Path], tuple[Database, list[str]]] = open_database,
    patience: float = LOCK_TIMEOUT,
    monotonic: Callable[[], float] = time.monotonic,
    *,
    to_order: bool = False,
) -> tuple[Database, list[str]] | DatabaseClient:
    """The database, whoever has it. Opened here, it comes with what should be told of that.

    `to_order`: a command that only lets others read is no use, and is waited for.
    """
    until, holder = monotonic() + patience, None
    while True:
        # The door first: it costs no more than a look where there is none, and the other way
        # round every visitor would knock at the engine.
        try:
            remote = DatabaseClient(path)
            if not (to_order and remote.host.role == Role.COMMAND):
                return remote
            remote.close()
        except (OwnerGone, OwnerTimeout):
            pass  # Whether there is an owner at all, the lock says.
        try:
            return opening(path)
        except Locked as locked:
            if locked.pid != holder:
                until, holder = monotonic() + patience, locked.pid
            if monotonic() >= until:
                raise
        time.sleep(_RETRY_PAUSE * (0.5 + random.random()))  # noqa: S311 - to part two, not to hide


def start_or_connect(
    path: Path, wish: ServerOptions, clock: Clock = utc_now, patience: float = LOCK_TIMEOUT
) -> RunningServer | DatabaseClient:
    """Become the owner, or a guest of the one there is."""
    found = open_or_connect(path, patience=patience, to_order=True)
    if isinstance(found, DatabaseClient):
        foreign = [home for home in wish.homes if home.id not in found.host.homes]
        if foreign:
            found.close()
            raise HomesMismatch(path, found.host.pid, foreign)
        return found
    database, told = found
    with contextlib.ExitStack() as undo:
        undo.callback(database.close)
        owned = RunningServer(database, told, wish, clock)
        undo.pop_all()
    return owned
