"""Facts from the spool into their tables, by the engine's own JSON reader.

The columns are those of the table, and the names in the file are the fields of the fact, so there
is no conversion to keep in step. A time that no calendar has, or that only geologists use, becomes
null: not every program that is told of it can count that far. What does not fit otherwise is
refused as a whole, with `Unfit`.
"""

from functools import cache

from ingest.db.database import Database
from ingest.db.engine import DataError, IntegrityError, InvalidInputException
from ingest.db.errors import ValueRejected

FACT_TABLES = (
    "turns",
    "messages",
    "calls",
    "files",
    "plans",
    "goals",
    "agents",
    "events",
    "rollbacks",
    "usage",
    "prompts",
    "names",
    "rejects",
    "segments",
)
_TIMES = "timestamp '1970-01-02' and timestamp '9999-12-30'"
"""A day less at both ends: the local time of it has to exist, too."""
_LARGEST_OBJECT = 4 * 1024 * 1024


@cache
def _statement(columns: tuple[tuple[str, str], ...], table: str) -> str:
    read = ", ".join(
        f"'{name}': '{'VARCHAR' if kind == 'TIMESTAMP' else kind}'" for name, kind in columns
    )
    names = ", ".join(f'"{name}"' for name, _ in columns)
    values = ", ".join(
        _time(f'try_cast("{name}" as timestamp)') if kind == "TIMESTAMP" else f'"{name}"'
        for name, kind in columns
    )
    # Table and columns are the schema's own, never data.
    return (
        f'insert into "{table}" ({names}) select {values} from read_json($paths, '  # noqa: S608
        f"format = 'newline_delimited', columns = {{{read}}}, "
        f"maximum_object_size = {_LARGEST_OBJECT})"
    )


def _time(value: str) -> str:
    return f"case when {value} between {_TIMES} then {value} end"


def load(database: Database, table: str, paths: list[str]) -> None:
    """Append the facts in these files to `table`, inside the transaction that is open."""
    try:
        database.execute(_statement(database.columns(table), table), {"paths": paths})
    except (DataError, IntegrityError, InvalidInputException) as error:
        raise ValueRejected from error
