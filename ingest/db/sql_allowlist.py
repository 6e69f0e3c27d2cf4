"""Which statements of a person are carried out: SELECT, and EXPLAIN of one, as parsed.

The engine says what a statement is made of. Kinds of nodes and functions over tables are allowed by
name; other functions unless the engine says that they have side effects, or their answer or time
grows without any proportion to what they are given.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ingest.db.engine import Connection, Error, StatementType
from ingest.db.query_reader import QueryRefused

LONGEST: Final = 20_000
HINT: Final = (
    "Write one SELECT, WITH, FROM, DESCRIBE, SHOW or EXPLAIN over the views; "
    "`tailboard sql 'SELECT view_name FROM duckdb_views() WHERE NOT internal'` lists them."
)
_COPY: Final = "Make a copy with `tailboard snapshot` and ask that."

_EXPLAIN = re.compile(r"\s*explain(?:\s+analyze)?(?:\s*\([\w\s,]*\))?\s+(?=\S)", re.IGNORECASE)
_NODES: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLES: Final = frozenset(
    {
        "range",
        "generate_series",
        "unnest",
        "json_each",
        "json_tree",
        "duckdb_columns",
        "duckdb_constraints",
        "duckdb_databases",
        "duckdb_functions",
        "duckdb_indexes",
        "duckdb_keywords",
        "duckdb_schemas",
        "duckdb_settings",
        "duckdb_tables",
        "duckdb_types",
        "duckdb_views",
        "pragma_database_size",
        "pragma_table_info",
        "pragma_version",
    }
)
_HARMLESS: Final = frozenset(
    {
        "current_connection_id",
        "current_query",
        "current_query_id",
        "current_transaction_id",
        "error",
        "gen_random_uuid",
        "random",
        "stats",
        "uuid",
        "uuidv4",
        "uuidv7",
        "vector_type",
    }
)
"""What the engine answers anew each time, without changing anything."""
_BOUNDLESS: Final = frozenset(
    {
        "repeat",
        "lpad",
        "rpad",
        "format",
        "printf",
        "bar",
        "to_base",
        "bitstring",
        "list_resize",
        "array_resize",
        "levenshtein",
        "editdist3",
        "damerau_levenshtein",
        "jaccard",
        "jaro_similarity",
        "jaro_winkler_similarity",
        "pg_sleep",
        "json_serialize_plan",
    }
)
_NAME = re.compile(r"[\w $-]+")


def check(con: Connection, text: str) -> None:
    """Raise `QueryRefused` unless the statement only reads what is stored."""
    if len(text) > LONGEST:
        raise QueryRefused(f"A statement has at most {LONGEST:,} characters.", HINT)
    kind = _only_statement(con, text)
    explained = _EXPLAIN.match(text) if kind is StatementType.EXPLAIN else None
    if explained:
        text = text[explained.end() :]
        kind = _only_statement(con, text)
    if kind is not StatementType.SELECT:
        raise QueryRefused(
            f"This is a statement of the kind {kind.name}; only reading ones are carried out.", HINT
        )
    for name in _parts(_tree(con, text)):
        if name.lower() in _refused(con):
            raise QueryRefused(f"The function {name} is not carried out here.", _COPY)


_known_refused: frozenset[str] = frozenset()


def _refused(con: Connection) -> frozenset[str]:
    """The functions that are not carried out, by their names; the engine is asked once."""
    global _known_refused
    if not _known_refused:
        answer = con.execute(
            "select distinct lower(function_name) from duckdb_functions() where has_side_effects"
        )
        changing = {name for (name,) in answer.fetchall()}
        _known_refused = frozenset((changing - _HARMLESS) | _BOUNDLESS)
    return _known_refused


def _only_statement(con: Connection, text: str) -> StatementType:
    try:
        statements = con.extract_statements(text)
    except Error as error:
        raise QueryRefused(first_paragraph(error), HINT) from error
    if len(statements) != 1:
        count = "no statement" if not statements else f"{len(statements)} statements"
        raise QueryRefused(f"This is {count}; one is answered at a time.", HINT)
    if statements[0].named_parameters:
        raise QueryRefused("The statement has parameters, and nothing fills them.", HINT)
    return statements[0].type


def _tree(con: Connection, text: str) -> Any:
    try:
        row = con.execute("select json_serialize_sql($1, skip_default := true)", [text]).fetchone()
        tree = msgspec.json.decode(row[0] if row else "{}")
    except (Error, msgspec.MsgspecError, RecursionError) as error:
        raise QueryRefused(
            "The statement is nested too deeply to be looked through.", HINT
        ) from error
    if tree.get("error"):
        raise QueryRefused(f"This cannot be looked through: {tree['error_message']}", HINT)
    return tree


def _parts(tree: Any) -> Iterator[str]:
    """The names of the functions that are called for a value; all else must be allowed."""
    waiting: list[Any] = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        if not isinstance(one, dict):
            continue
        kind = str(one.get("type", ""))
        if kind.endswith("_NODE") and kind not in _NODES:
            raise QueryRefused("This changes something; only reading is carried out.", HINT)
        if kind == "BASE_TABLE" and not _NAME.fullmatch(str(one.get("table_name", ""))):
            raise QueryRefused("Only tables and views can be asked, and no files.", HINT)
        if kind == "TABLE_FUNCTION":
            called = one.get("function", {})
            table = str(called.get("function_name", ""))
            if table.lower() not in _TABLES:
                raise QueryRefused(f"The table function {table} is not carried out here.", HINT)
            # Its own name is allowed; what it is given is looked at like all else.
            one = {**one, "function": {**called, "function_name": ""}}
        if name := str(one.get("function_name") or ""):
            yield name
        waiting += one.values()


def first_paragraph(error: Error) -> str:
    return str(error).strip().split("\n\n")[0]
