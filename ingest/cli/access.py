"""The one place where a command gets at the database.

A reading command gets an `Access`, and an empty one where nothing was read yet: that is an answer,
not an error. Whoever writes gets the `Database` itself.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from ingest.cli.invocation import Invocation
from ingest.store.console import Answer, ask
from ingest.store.database import Database, explain, records
from ingest.store.engine import Error, FatalException
from ingest.store.queries import statement
from ingest.tail.discovery import Problem, scan
from ingest.worker.homes import homes
from ingest.worker.survey import survey

Row = dict[str, Any]
"""A row of a named statement, by its columns."""

_OF_THE_FILE = ("IO Error", "Serialization Error")
NOTHING_YET = "Nothing read yet: run `tailboard ingest`."


class Owner(Struct, frozen=True):
    """Who holds the database."""

    pid: int | None = None
    since: datetime | None = None
    role: str | None = None


class Trouble(Struct, frozen=True):
    """What is odd about a Codex home, or about a file in it."""

    home: Path
    code: str
    path: str
    message: str
    hint: str


class Unread(Struct, frozen=True):
    """A source with something new in it."""

    path: str
    bytes: int


class Backlog(Struct, frozen=True):
    """What the homes hold that was not read yet."""

    unread: list[Unread]
    oldest_unread_seconds: float
    troubles: list[Trouble]

    @property
    def behind_bytes(self) -> int:
        return sum(source.bytes for source in self.unread)


class Access(Protocol):
    path: Path
    owner: Owner

    worker_alive: bool
    """Whether whoever claimed a batch can still be working on it."""

    def rows(self, name: str, /, **values: object) -> list[Row]: ...

    def ask(self, text: str, limit: int | None, /) -> Answer: ...

    def backlog(self, paths: Iterable[Path], now: datetime, /, *, keep: bool = True) -> Backlog:
        """Look at the homes, and hold them against what was read; `keep` what was seen there."""


class Nothing:
    """There is no database yet: every question has an empty answer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = Owner()
        self.worker_alive = False

    def rows(self, _name: str, /, **_values: object) -> list[Row]:
        return []

    def ask(self, _text: str, _limit: int | None, /) -> Answer:
        return Answer([], [])

    def backlog(self, paths: Iterable[Path], now: datetime, /, *, keep: bool = True) -> Backlog:  # noqa: ARG002
        looked = [(home.path, scan(home.path)) for home in homes(paths)]
        found = [one for _, discovery in looked for one in discovery.found]
        oldest = min((one.mtime_ns for one in found if one.size), default=None)
        return Backlog(
            [Unread(one.path, one.size) for one in found if one.size],
            0.0 if oldest is None else _age(oldest, now),
            [_trouble(path, one) for path, discovery in looked for one in discovery.problems],
        )


class Direct:
    """The database, opened by this process for as long as the command runs."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.path = database.path
        self.owner = Owner(os.getpid(), now, "command")
        # The engine lets one process in, and that is us: whoever claimed something is gone.
        self.worker_alive = False
        self._database = database

    def ask(self, text: str, limit: int | None, /) -> Answer:
        return ask(self._database.reader(), text, limit)

    def backlog(self, paths: Iterable[Path], now: datetime, /, *, keep: bool = True) -> Backlog:
        looked = homes(paths)
        found = survey(self._database, looked, now.isoformat(), keep=keep)
        places = {home.id: home.path for home in looked}
        waiting = [source.mtime_ns for source in found.changed if source.behind]
        return Backlog(
            [Unread(source.path, source.behind) for source in found.changed if source.behind],
            _age(min(waiting), now) if waiting else 0.0,
            [_trouble(places[home], problem) for home, problem in found.problems],
        )

    def rows(self, name: str, /, **values: object) -> list[Row]:
        try:
            return records(self._database.reader(), statement(name), values)
        except Error as error:
            if isinstance(error, FatalException) or str(error).startswith(_OF_THE_FILE):
                raise explain(self.path, error) from error
            raise  # A mistake of ours, not of the file: nothing a person could do about it.


def _age(mtime_ns: int, now: datetime) -> float:
    return max(0.0, now.replace(tzinfo=UTC).timestamp() - mtime_ns / 1e9)


def _trouble(home: Path, problem: Problem) -> Trouble:
    return Trouble(home, str(problem.code), problem.path, problem.message, problem.hint)


@contextmanager
def reading(invocation: Invocation) -> Iterator[Access]:
    """The database for a command that reads."""
    path = invocation.settings.db
    if not path.exists():
        invocation.output.note(NOTHING_YET)
        yield Nothing(path)
        return
    with Database(path) as database:
        yield Direct(database, invocation.now)


@contextmanager
def writing(invocation: Invocation) -> Iterator[Database]:
    """The database for a command that changes it; made where it is not there."""
    with Database(invocation.settings.db) as database:
        yield database
