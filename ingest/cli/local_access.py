"""The database, opened by a command itself because no other process has it.

For as long as such a command runs, it is the owner: one that may take its time lets others read.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ingest import log
from ingest.cli.access import Backlog, OwnerStatus, backlog_from
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import Answer, Format, Row
from ingest.errors import DatabaseUnusable, DiskFull, Locked, SocketUnavailable
from ingest.pipeline.bootstrap import open_or_connect
from ingest.pipeline.homes import homes
from ingest.pipeline.scan import scan_and_register
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.server.server import Server


class LocalAccess:
    """The database, opened by this process for as long as the command runs."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.path = database.path
        self.owner = OwnerStatus(os.getpid(), now, "command")
        # The engine lets one process in, and that is us: whoever claimed something is gone.
        self.worker_alive = False
        self._database = database

    def ask(self, text: str, limit: int | None, /) -> Answer:
        return LocalReader(self._database).sql(text, limit)

    def copy(self, form: Format, /) -> Path:
        return LocalReader(self._database).copy(form)

    def backlog(self, paths: Iterable[Path], now: datetime, /, *, keep: bool = True) -> Backlog:
        looked, at = homes(paths), now.isoformat()
        try:
            found = scan_and_register(self._database, looked, at, keep=keep)
        except (DiskFull, DatabaseUnusable):
            if not keep:
                raise
            # What was seen cannot be kept; it is told all the same.
            found = scan_and_register(self._database, looked, at, keep=False)
        return backlog_from(found, looked, now)

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return self._database.first_row(name, **values)

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self._database.rows(name, **values)


def open_local(
    path: Path, now: datetime
) -> contextlib.AbstractContextManager[LocalAccess] | DatabaseClient:
    """The database for reading; or the owner's, if there is one by now."""
    found = open_or_connect(path, _as_it_is)
    return found if isinstance(found, DatabaseClient) else _direct(found[0], now)


@contextmanager
def _direct(database: Database, now: datetime) -> Iterator[LocalAccess]:
    with database:
        yield LocalAccess(database, now)


@contextmanager
def open_exclusive(path: Path, now: datetime, note: Callable[[str], None]) -> Iterator[Database]:
    """The database for a command that needs it for itself. Others may read meanwhile."""
    found = to_order(path)
    if isinstance(found, DatabaseClient):
        with found:
            raise Locked(path, found.host.pid, f"tailboard, {found.host.role}")
    with opened_for(found, now, note) as database:
        yield database


def to_order(path: Path) -> tuple[Database, list[str]] | DatabaseClient:
    """The database, or an owner that carries out orders; another command is waited for."""
    return open_or_connect(path, needs_actions=True)


@contextmanager
def opened_for(
    found: tuple[Database, list[str]], now: datetime, note: Callable[[str], None]
) -> Iterator[Database]:
    """The database that was just opened, with a door for others who read."""
    database, told = found
    for line in told:
        log.warning(line)
        note(line)
    door = Server(database, Role.COMMAND, [], now)
    with database, contextlib.closing(door):
        # Without a door the command does its work all the same.
        with log.suppress("Listening for other processes", SocketUnavailable):
            door.open()
        yield database


def _as_it_is(path: Path) -> tuple[Database, list[str]]:
    """Who only reads repairs nothing."""
    return Database(path), []
