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

from ingest.store.client import OwnerGone, OwnerSilent, RemoteDatabase
from ingest.store.database import Database
from ingest.store.door import Door, Limits
from ingest.store.doorplate import Role
from ingest.store.errors import Locked, StoreError
from ingest.store.local import Local
from ingest.store.recovery import open_database
from ingest.store.refusals import NoDoor
from ingest.store.snapshot import sweep
from ingest.worker.desk import Desk
from ingest.worker.drain import Clock, Tuning, utc_now
from ingest.worker.homes import Home
from ingest.worker.owner import Owner

PATIENCE = 15.0
"""Seconds that one process may keep the lock to itself, as one that is just starting does; many
that take turns may take longer."""
UNCLAIMED_SECONDS = 3600.0
"""After which a copy in the spool is nobody's any more."""
_STEP = 0.02
"""Seconds between two tries, about; two processes must not keep meeting."""


class OtherHomes(StoreError):
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


class Wish(Struct, frozen=True):
    """What a process that enters wants to be, if it becomes the owner."""

    homes: list[Home]
    role: Role
    tuning: Tuning = Tuning()
    limits: Limits = Limits()


class Owned:
    """The database is open in this process, and its door is open for others until `close`."""

    def __init__(self, database: Database, told: list[str], wish: Wish, clock: Clock) -> None:
        self.database = database
        self.told = told
        """How the database was opened, where that was out of the ordinary."""
        self.reading = Local(database)
        sweep(database.spool, time.time() - UNCLAIMED_SECONDS)
        self.desk = Desk()
        self.owner = Owner(database, wish.homes, wish.tuning, clock, self.desk)
        homes = [home.id for home in wish.homes]
        self.door = Door(database, wish.role, homes, clock(), self.desk.order, wish.limits)
        try:
            self.door.open()
        except NoDoor as error:
            # What is to be done here is done all the same; others hear that it is locked.
            self.told.append(f"{error.message} {error.hint}")

    def close(self) -> None:
        """Others first: whoever is at the door then is told that the owner has gone."""
        self.desk.close()
        self.door.close()
        self.database.close()

    def __enter__(self) -> "Owned":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def reach(
    path: Path,
    opening: Callable[[Path], tuple[Database, list[str]]] = open_database,
    patience: float = PATIENCE,
    monotonic: Callable[[], float] = time.monotonic,
    *,
    to_order: bool = False,
) -> tuple[Database, list[str]] | RemoteDatabase:
    """The database, whoever has it. Opened here, it comes with what should be told of that.

    `to_order`: a command that only lets others read is no use, and is waited for.
    """
    until, holder = monotonic() + patience, None
    while True:
        # The door first: it costs no more than a look where there is none, and the other way
        # round every visitor would knock at the engine.
        try:
            remote = RemoteDatabase(path)
            if not (to_order and remote.host.role == Role.COMMAND):
                return remote
            remote.close()
        except (OwnerGone, OwnerSilent):
            pass  # Whether there is an owner at all, the lock says.
        try:
            return opening(path)
        except Locked as locked:
            if locked.pid != holder:
                until, holder = monotonic() + patience, locked.pid
            if monotonic() >= until:
                raise
        time.sleep(_STEP * (0.5 + random.random()))  # noqa: S311 - to part two, not to hide


def enter(
    path: Path, wish: Wish, clock: Clock = utc_now, patience: float = PATIENCE
) -> Owned | RemoteDatabase:
    """Become the owner, or a guest of the one there is."""
    found = reach(path, patience=patience, to_order=True)
    if isinstance(found, RemoteDatabase):
        foreign = [home for home in wish.homes if home.id not in found.host.homes]
        if foreign:
            found.close()
            raise OtherHomes(path, found.host.pid, foreign)
        return found
    database, told = found
    with contextlib.ExitStack() as undo:
        undo.callback(database.close)
        owned = Owned(database, told, wish, clock)
        undo.pop_all()
    return owned
