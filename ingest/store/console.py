"""Questions a person writes in SQL: one statement, that reads and nothing else.

The engine itself says what a statement is, and the transaction it runs in is read-only, so that a
statement the check did not understand still changes nothing. Files are out of reach for the whole
connection (see `database.py`).
"""

import contextlib

from ingest.store.engine import Connection, Error, FatalException, StatementType
from ingest.store.face import Answer, QueryRefused

__all__ = ["Answer", "QueryRefused", "ask"]

_HINT = (
    "Write one SELECT, WITH, FROM, DESCRIBE, SHOW or EXPLAIN over the views; "
    "`tailboard sql 'SELECT view_name FROM duckdb_views() WHERE NOT internal'` lists them."
)


def ask(con: Connection, text: str, limit: int | None = None, *, held: bool = False) -> Answer:
    """What the statement answers, at most `limit` rows of it. `con` is used by nobody else.

    `held`: a read-only transaction is open already, and is left open.
    """
    _check(con, text)
    if not held:
        con.execute("begin transaction read only")
    try:
        result = con.execute(text)
        columns = [column[0] for column in result.description or ()]
        rows = result.fetchall() if limit is None else result.fetchmany(limit + 1)
    except FatalException:
        raise  # Not the question's fault: the database's owner has to see it.
    except Error as error:
        raise QueryRefused(_first_paragraph(error), _HINT) from error
    finally:
        # An engine that gave up has no transaction left to end, and said so already.
        if not held:
            with contextlib.suppress(Error):
                con.execute("rollback")
    more = limit is not None and len(rows) > limit
    return Answer(columns, rows[:limit], more)


def _check(con: Connection, text: str) -> None:
    try:
        statements = con.extract_statements(text)
    except Error as error:
        raise QueryRefused(_first_paragraph(error), _HINT) from error
    if len(statements) != 1:
        count = "no statement" if not statements else f"{len(statements)} statements"
        raise QueryRefused(f"This is {count}; one is answered at a time.", _HINT)
    kind = statements[0].type
    if kind not in (StatementType.SELECT, StatementType.EXPLAIN):
        raise QueryRefused(
            f"This is a statement of the kind {kind.name}; only reading ones are carried out.",
            _HINT,
        )
    if statements[0].named_parameters:
        raise QueryRefused("The statement has parameters, and nothing fills them.", _HINT)


def _first_paragraph(error: Error) -> str:
    return str(error).strip().split("\n\n")[0]
