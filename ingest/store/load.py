"""Facts from the spool into their tables, by the engine's own JSON reader.

The columns are those of the table, and the names in the file are the fields of the fact, so there
is no conversion to keep in step. A time no calendar has becomes null instead of an error.
"""

from functools import cache

from ingest.store.database import Database

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
_LARGEST_OBJECT = 4 * 1024 * 1024


@cache
def _statement(columns: tuple[tuple[str, str], ...], table: str) -> str:
    read = ", ".join(
        f"'{name}': '{'VARCHAR' if kind == 'TIMESTAMP' else kind}'" for name, kind in columns
    )
    names = ", ".join(f'"{name}"' for name, _ in columns)
    values = ", ".join(
        f'try_cast("{name}" as timestamp)' if kind == "TIMESTAMP" else f'"{name}"'
        for name, kind in columns
    )
    # Table and columns are the schema's own, never data.
    return (
        f'insert into "{table}" ({names}) select {values} from read_json($paths, '  # noqa: S608
        f"format = 'newline_delimited', columns = {{{read}}}, "
        f"maximum_object_size = {_LARGEST_OBJECT})"
    )


def load(database: Database, table: str, paths: list[str]) -> None:
    """Append the facts in these files to `table`, inside the transaction that is open."""
    database.execute(_statement(database.columns(table), table), {"paths": paths})
