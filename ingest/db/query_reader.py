"""What whoever reads sees of the database, wherever it is open: in this process or in another.

Rows by named statements, several of them as one moment saw them, questions in SQL, and a copy.
Needs no engine, so that a process that only asks the owner never loads one.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

Row = dict[str, Any]
"""A row of a named statement, by its columns."""

Query = tuple[str, dict[str, Any]]
"""The name of a statement, and the values of its parameters."""


class Answer(Struct, frozen=True):
    """What a question in SQL came to."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool = False
    """Whether there were more rows than asked for."""


class QueryRefused(Exception):
    """The statement is not a question to the views, or the engine cannot answer it."""

    code = "query"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Format(StrEnum):
    """What a copy of the database is written as."""

    DUCKDB = "duckdb"
    """One file with all tables and views."""
    PARQUET = "parquet"
    """A folder with one file a documented view."""


class NamedQueries(Protocol):
    """Whoever answers named statements."""

    def rows(self, name: str, /, **values: object) -> list[Row]:
        """The rows a named statement answers with."""

    def one(self, name: str, /, **values: object) -> Row | None:
        """The first of them, if there is one."""


class QueryReader(NamedQueries, Protocol):
    """The database, for whoever reads."""

    path: Path

    def ask(self, queries: Sequence[Query], /) -> list[list[Row]]:
        """The rows of several statements, all as they were at one moment."""

    def sql(self, text: str, limit: int | None = None, /) -> Answer:
        """What one reading statement answers, at most `limit` rows of it."""

    def copy(self, form: Format, /) -> Path:
        """A consistent copy in the spool, for whoever asked to take away."""
