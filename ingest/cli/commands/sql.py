"""`tailboard sql`: runs one read-only SQL statement over the documented views."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ingest.cli.access import open_for_reading
from ingest.cli.document import plain
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Cell, Column, Output


@click.command(cls=Command)
@click.argument("statement")
@filters("limit")
@with_invocation
def command(invocation: Invocation, statement: str, only: Filters) -> None:
    """Runs one read-only statement: SELECT, WITH, FROM, DESCRIBE, SHOW or EXPLAIN. The columns of
    the views are stable across versions; the tables behind them may change. Files are not
    accessible.
    """
    with open_for_reading(invocation) as access, _interruptible():
        answer = access.sql(statement, only.limit)

    def show(output: Output) -> None:
        if answer.columns:
            columns = [Column(name, least=8) for name in answer.columns]
            output.table(columns, [[_cell(value) for value in row] for row in answer.rows])
        if answer.more:
            output.note(f"The result has more than {only.limit} rows.")

    invocation.answer("sql", {"columns": answer.columns, "rows": answer.rows}, show)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Restore the default handler during the query, so that Ctrl-C ends the program at once: the
    engine does not always notice an interrupt, and a query leaves nothing half done.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _cell(value: object) -> Cell:
    shown = plain(value)
    if shown is None or isinstance(shown, str):
        return shown
    return json.dumps(shown, ensure_ascii=False)
