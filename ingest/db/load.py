"""Loads facts from the spool into their tables with the engine's JSON reader.

A table's columns have the names of the fact's fields, so no conversion is needed. Invalid times,
and times outside the years that Python can represent, become null. Any other value that does not
fit raises `ValueRejected`.
"""

from functools import cache

from ingest.db.database import Database
from ingest.db.engine import DataError, IntegrityError, InvalidInputException
from ingest.errors import ValueRejected

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
    "limits",
    "prompts",
    "names",
    "rejects",
    "segments",
)
_TIMES = "timestamp '1970-01-02' and timestamp '9999-12-30'"
"""One day less at both ends, so that the local time is valid as well."""
_MAX_OBJECT_SIZE = 4 * 1024 * 1024


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
    # Table and column names come from the schema, never from data.
    return (
        f'insert into "{table}" ({names}) select {values} from read_json($paths, '  # noqa: S608
        f"format = 'newline_delimited', columns = {{{read}}}, "
        f"maximum_object_size = {_MAX_OBJECT_SIZE})"
    )


def _time(value: str) -> str:
    return f"case when {value} between {_TIMES} then {value} end"


def load(database: Database, table: str, paths: list[str]) -> None:
    """Append the facts in these files to `table`, inside the open transaction."""
    try:
        database.run_built(_statement(database.columns(table), table), {"paths": paths})
    except (DataError, IntegrityError, InvalidInputException) as error:
        # Without the engine's message, which quotes the value.
        raise ValueRejected("A value in these lines does not fit its column.") from error
