"""The interface for reading the database, whether this process or another has it open.

Does not import the engine, so that clients of the owner start faster.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

Row = dict[str, Any]
"""A row of a named query, by column."""

Query = tuple[str, dict[str, Any]]
"""The name of a query and the values of its parameters."""


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


class NamedQueries(Protocol):
    def rows(self, name: str, /, **values: object) -> list[Row]:
        """Run a named query and return its rows."""

    def first_row(self, name: str, /, **values: object) -> Row | None:
        """Return the first row of a named query, if any."""


class QueryReader(NamedQueries, Protocol):
    path: Path

    def run_consistent(self, queries: Sequence[Query], /) -> list[list[Row]]:
        """Run several named queries on one snapshot."""

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        """Run one read-only SQL statement and return at most `limit` rows."""

    def copy(self, form: Format, /) -> Path:
        """Write a consistent copy to the spool; the caller moves it from there."""
