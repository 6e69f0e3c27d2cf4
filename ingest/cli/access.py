"""The one place where a command gets at the database.

A reading command gets an `Access`: through the door of the process that has the database open, or
of its own; an empty one where nothing was read yet, which is an answer and not an error. Whoever
writes gets the `Database` itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from ingest.cli.invocation import Invocation
from ingest.db.query_reader import Answer, Format, Row
from ingest.errors import NotFound, OwnerGone, OwnerTimeout
from ingest.pipeline.homes import Home, homes
from ingest.pipeline.scan import ScanResult, scan_only
from ingest.server.client import DatabaseClient
from ingest.tail.discovery import Problem, scan

if TYPE_CHECKING:
    from ingest.db.database import Database

__all__ = [
    "NOTHING_YET",
    "Access",
    "Backlog",
    "EmptyAccess",
    "OwnerStatus",
    "Row",
    "open_for_reading",
    "open_for_writing",
]

NOTHING_YET = "Nothing has been read yet. Run `tailboard ingest`."


class OwnerStatus(Struct, frozen=True):
    """Who holds the database."""

    pid: int | None = None
    since: datetime | None = None
    role: str | None = None


class HomeProblem(Struct, frozen=True):
    """What is odd about a Codex home, or about a file in it."""

    home: Path
    code: str
    path: str
    message: str
    hint: str


class UnreadSource(Struct, frozen=True):
    """A source with something new in it."""

    path: str
    bytes: int


class Backlog(Struct, frozen=True):
    """What the homes hold that was not read yet."""

    unread: list[UnreadSource]
    oldest_unread_seconds: float
    troubles: list[HomeProblem]

    @property
    def behind_bytes(self) -> int:
        return sum(source.bytes for source in self.unread)


class Access(Protocol):
    path: Path
    owner: OwnerStatus

    worker_alive: bool
    """Whether whoever claimed a batch can still be working on it."""

    def rows(self, name: str, /, **values: object) -> list[Row]: ...

    def first_row(self, name: str, /, **values: object) -> Row | None: ...

    def ask(self, text: str, limit: int | None, /) -> Answer: ...

    def copy(self, form: Format, /) -> Path:
        """A consistent copy, to be taken from the spool to where it is wanted."""

    def backlog(self, paths: Iterable[Path], now: datetime, /, *, keep: bool = True) -> Backlog:
        """Look at the homes, and hold them against what was read; `keep` what was seen there."""


class EmptyAccess:
    """There is no database yet: every question has an empty answer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = OwnerStatus()
        self.worker_alive = False

    def rows(self, _name: str, /, **_values: object) -> list[Row]:
        return []

    def first_row(self, _name: str, /, **_values: object) -> Row | None:
        return None

    def ask(self, _text: str, _limit: int | None, /) -> Answer:
        return Answer([], [])

    def copy(self, _form: Format, /) -> Path:
        raise NotFound("There is nothing to copy.", NOTHING_YET)

    def backlog(self, paths: Iterable[Path], now: datetime, /, *, keep: bool = True) -> Backlog:  # noqa: ARG002
        looked = [(home.path, scan(home.path)) for home in homes(paths)]
        found = [one for _, discovery in looked for one in discovery.found]
        oldest = min((one.mtime_ns for one in found if one.size), default=None)
        return Backlog(
            [UnreadSource(one.path, one.size) for one in found if one.size],
            0.0 if oldest is None else _age(oldest, now),
            [_trouble(path, one) for path, discovery in looked for one in discovery.problems],
        )


class RemoteAccess:
    """The database as its owner, another process, answers for it."""

    worker_alive = True

    def __init__(self, remote: DatabaseClient) -> None:
        self.path = remote.path
        host = remote.host
        self.owner = OwnerStatus(host.pid, datetime.fromisoformat(host.since), host.role)
        self._remote = remote

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self._remote.rows(name, **values)

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return self._remote.first_row(name, **values)

    def ask(self, text: str, limit: int | None, /) -> Answer:
        return self._remote.sql(text, limit)

    def copy(self, form: Format, /) -> Path:
        return self._remote.copy(form)

    def backlog(self, paths: Iterable[Path], now: datetime, /, *, keep: bool = True) -> Backlog:  # noqa: ARG002
        """What is seen here is for the owner to keep; it looks by itself."""
        looked = homes(paths)
        return backlog_from(scan_only(self._remote, looked), looked, now)


def backlog_from(found: ScanResult, looked: Iterable[Home], now: datetime) -> Backlog:
    """What a look at these homes came to."""
    places = {home.id: home.path for home in looked}
    # What cannot be read is told as such; it does not wait for a reader.
    unread = [source for source in found.changed if source.behind and not source.has_error]
    waiting = [source.mtime_ns for source in unread]
    return Backlog(
        [UnreadSource(source.path, source.behind) for source in unread],
        _age(min(waiting), now) if waiting else 0.0,
        [_trouble(places[home], problem) for home, problem in found.problems],
    )


def _age(mtime_ns: int, now: datetime) -> float:
    return max(0.0, now.replace(tzinfo=UTC).timestamp() - mtime_ns / 1e9)


def _trouble(home: Path, problem: Problem) -> HomeProblem:
    return HomeProblem(home, str(problem.code), problem.path, problem.message, problem.hint)


@contextmanager
def open_for_reading(invocation: Invocation) -> Iterator[Access]:
    """The database for a command that reads."""
    path = invocation.settings.db
    if not path.exists():
        invocation.output.note(NOTHING_YET)
        yield EmptyAccess(path)
        return
    remote = connect_to_owner(path)
    if remote is None:
        # Imported here: who asks the owner needs no engine of its own.
        from ingest.cli.local_access import open_local

        found = open_local(path, invocation.now)
        if not isinstance(found, DatabaseClient):
            with found as direct:
                yield direct
            return
        remote = found
    # Whatever the owner commits meanwhile: all that a command says is of one moment.
    with remote, remote.snapshot():
        yield RemoteAccess(remote)


@contextmanager
def open_for_writing(invocation: Invocation) -> Iterator["Database"]:
    """The database for a command that changes it; made where it is not there."""
    from ingest.cli.local_access import open_exclusive

    with open_exclusive(invocation.settings.db, invocation.now, invocation.output.note) as database:
        yield database


def connect_to_owner(path: Path) -> DatabaseClient | None:
    """The database through its owner's door; None where nobody answers there."""
    try:
        return DatabaseClient(path)
    except (OwnerGone, OwnerTimeout):
        return None
