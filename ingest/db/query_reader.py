"""The one interface of the database, whichever process has it open: queries and actions.

`LocalReader` (`ingest.db.local_reader`) reads in this process, `DatabaseClient`
(`ingest.server.client`) over the socket of the owner, and `EmptyReader` where there is no database
yet. Commands and screens cannot tell which they have: limits, retries and errors are the same.
Does not import the engine, so that clients of the owner start faster.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from ingest.errors import NotFound

if TYPE_CHECKING:
    from ingest.actions import Action

QUERY_SECONDS = 20.0
"""How long a query may run."""
HOLD_SECONDS = 60.0
"""How long a snapshot may be held."""
ANSWER_BYTES = 64 * 1024**2
"""The largest result of a query."""
NOTHING_YET = "Nothing has been read yet. Run `tailboard ingest`."

_MOST_LOAD = 10.0
"""A limit grows at most by this factor."""

T = TypeVar("T")
Row = dict[str, Any]
"""A row of a named query, by column."""

Query = tuple[str, dict[str, Any]]
"""The name of a query and the values of its parameters."""


def allow_for_load(seconds: float) -> float:
    """A limit of time, longer if several processes want each processor: all take longer then."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return seconds * min(max(1.0, load), _MOST_LOAD)


class Answer(Struct, frozen=True):
    """The result of an ad hoc SQL query."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool = False
    """Whether there are more rows than the limit."""


class Format(StrEnum):
    """The format of a snapshot of the database."""

    DUCKDB = "duckdb"
    """One file with all tables and views."""
    PARQUET = "parquet"
    """A folder with one file per documented view."""


class OwnerStatus(Struct, frozen=True):
    """The process that has the database open."""

    pid: int | None = None
    since: datetime | None = None
    role: str | None = None

    @property
    def is_other_process(self) -> bool:
        """Whether a process that claimed a batch can still be working on it: only the owner works,
        and this process does not while it reads.
        """
        return self.pid not in (None, os.getpid())


class NamedQueries(Protocol):
    def rows(self, name: str, /, **values: object) -> list[Row]:
        """Run a named query and return its rows."""

    def first_row(self, name: str, /, **values: object) -> Row | None:
        """Return the first row of a named query, if any."""


@runtime_checkable
class DerivedStore(NamedQueries, Protocol):
    """A reader in the process that has the database open, which can store what it derives."""

    def store_derived(self, statements: Sequence[Query], /) -> None:
        """Run named statements in one transaction, without telling readers of something new."""


class QueryReader(NamedQueries, Protocol):
    path: Path

    @property
    def owner(self) -> OwnerStatus: ...

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        """Run several named queries on one snapshot."""

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        """Run one read-only SQL statement and return at most `limit` rows."""

    def copy(self, form: Format, /) -> Path:
        """Write a consistent copy to the spool; the caller moves it from there."""

    def act(self, action: "Action[T]", /) -> T:
        """Have the owner carry out an action, and return its result."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Run all queries of this thread inside the block on one snapshot."""

    def close(self) -> None: ...


class EmptyReader:
    """There is no database yet: every query has an empty result."""

    owner = OwnerStatus()

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, _name: str, /, **_values: object) -> list[Row]:
        return []

    def first_row(self, _name: str, /, **_values: object) -> Row | None:
        return None

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        return [[] for _ in queries]

    def sql(self, _text: str, _limit: int | None = None, /) -> Answer:
        return Answer([], [])

    def copy(self, _form: Format, /) -> Path:
        raise NotFound("There is nothing to copy.", NOTHING_YET)

    def act(self, _action: "Action[T]", /) -> T:
        raise NotFound("There is nothing to change.", NOTHING_YET)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        yield

    def close(self) -> None:
        pass
