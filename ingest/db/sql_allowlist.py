"""Decides which SQL statements of a person may run: SELECT, and EXPLAIN of a SELECT.

The check works on the engine's syntax tree. Kinds of nodes and table functions are allowed by name.
Other functions are allowed unless the engine reports side effects, or their result or run time can
be far larger than their arguments.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ingest.db.engine import Connection, Error, StatementType
from ingest.errors import QueryRefused

MAX_LENGTH: Final = 20_000
HINT: Final = (
    "Write one SELECT, WITH, FROM, DESCRIBE, SHOW or EXPLAIN over the views; "
    "`tailboard sql --views` lists them."
)
_COPY: Final = "Make a copy with `tailboard snapshot` and query that."

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
"""Functions that the engine reports as having side effects, but which change nothing."""
_UNBOUNDED: Final = frozenset(
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
    """Raise `QueryRefused` unless the statement only reads stored data."""
    if len(text) > MAX_LENGTH:
        raise QueryRefused(f"A statement has at most {MAX_LENGTH:,} characters.", HINT)
    kind = _only_statement(con, text)
    explained = _EXPLAIN.match(text) if kind is StatementType.EXPLAIN else None
    if explained:
        text = text[explained.end() :]
        kind = _only_statement(con, text)
    if kind is not StatementType.SELECT:
        raise QueryRefused(
            f"This is a statement of the kind {kind.name}; only SELECT is allowed.", HINT
        )
    for name in _functions(_parse(con, text)):
        if name.lower() in _forbidden_functions(con):
            raise QueryRefused(f"The function {name} is not allowed here.", _COPY)


_forbidden_cache: frozenset[str] = frozenset()


def _forbidden_functions(con: Connection) -> frozenset[str]:
    global _forbidden_cache
    if not _forbidden_cache:
        result = con.execute(
            "select distinct lower(function_name) from duckdb_functions() where has_side_effects"
        )
        side_effects = {name for (name,) in result.fetchall()}
        _forbidden_cache = frozenset((side_effects - _HARMLESS) | _UNBOUNDED)
    return _forbidden_cache


def _only_statement(con: Connection, text: str) -> StatementType:
    try:
        statements = con.extract_statements(text)
    except Error as error:
        raise QueryRefused(first_paragraph(error), HINT) from error
    if len(statements) != 1:
        count = "no statement" if not statements else f"{len(statements)} statements"
        raise QueryRefused(f"This is {count}; only one can run at a time.", HINT)
    if statements[0].named_parameters:
        raise QueryRefused("The statement has parameters, which are not supported.", HINT)
    return statements[0].type


def _parse(con: Connection, text: str) -> Any:
    try:
        row = con.execute("select json_serialize_sql($1, skip_default := true)", [text]).fetchone()
        tree = msgspec.json.decode(row[0] if row else "{}")
    except (Error, msgspec.MsgspecError, RecursionError) as error:
        raise QueryRefused("The statement is nested too deeply to be checked.", HINT) from error
    if tree.get("error"):
        raise QueryRefused(f"The statement cannot be checked: {tree['error_message']}", HINT)
    return tree


def _functions(tree: Any) -> Iterator[str]:
    """Yield the names of scalar functions; raise at any other node that is not allowed."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack += node
        if not isinstance(node, dict):
            continue
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in _NODES:
            raise QueryRefused("The statement changes data; only reading is allowed.", HINT)
        if kind == "BASE_TABLE" and not _NAME.fullmatch(str(node.get("table_name", ""))):
            raise QueryRefused("Only tables and views can be queried, not files.", HINT)
        if kind == "TABLE_FUNCTION":
            function = node.get("function", {})
            table = str(function.get("function_name", ""))
            if table.lower() not in _TABLES:
                raise QueryRefused(f"The table function {table} is not allowed here.", HINT)
            # Its own name is allowed; its arguments are checked like any other node.
            node = {**node, "function": {**function, "function_name": ""}}
        if name := str(node.get("function_name") or ""):
            yield name
        stack += node.values()


def first_paragraph(error: Error) -> str:
    return str(error).strip().split("\n\n")[0]
