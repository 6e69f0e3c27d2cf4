"""`tailboard sql`: runs one read-only SQL statement over the documented views, or lists these.

What a view contains is said once, in the comment above it in `views.sql`.
"""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Final

import click
from msgspec import Struct

from ingest.cli.access import open_for_reading, write_tasks
from ingest.cli.document import plain
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Cell, Column, Output, StyledCell

_VIEW: Final = re.compile(r"((?:^-- .*\n)+)create or replace view (v_\w+)", re.MULTILINE)


class View(Struct, frozen=True):
    """A documented view; without a database its columns are not known."""

    name: str
    about: str
    columns: list[dict[str, str]]


@click.command(cls=Command)
@click.argument("statement", required=False)
@click.option("--views", "lists", is_flag=True, help="List the views and their columns.")
@filters("limit")
@with_invocation
def command(invocation: Invocation, statement: str | None, lists: bool, only: Filters) -> None:
    """Runs one read-only statement: SELECT, WITH, FROM, DESCRIBE, SHOW or EXPLAIN. The columns of
    the views are stable across versions; the tables behind them may change. Files are not
    accessible.
    """
    if lists == (statement is not None):
        raise click.UsageError("Give either a statement or --views.")
    if statement is None:
        _list_views(invocation)
        return
    if "v_task" in statement:
        write_tasks(invocation)
    with open_for_reading(invocation) as access, _interruptible():
        answer = access.sql(statement, only.limit)

    def show(output: Output) -> None:
        if answer.columns:
            columns = [Column(name, least=8) for name in answer.columns]
            output.table(columns, [[_cell(value) for value in row] for row in answer.rows])
        if answer.more:
            output.note(f"The result has more than {only.limit} rows.")

    invocation.answer("sql", {"columns": answer.columns, "rows": answer.rows}, show)


def documented_views() -> dict[str, str]:
    """The names of the public views, and what each contains."""
    text = files("ingest.db").joinpath("views.sql").read_text(encoding="utf-8")
    return {
        name: " ".join(line.removeprefix("-- ") for line in comment.splitlines())
        for comment, name in sorted(_VIEW.findall(text), key=lambda match: match[1])
    }


def _list_views(invocation: Invocation) -> None:
    columns: dict[str, list[dict[str, str]]] = {}
    with open_for_reading(invocation) as access:
        for row in access.rows("schema.view_columns"):
            column = {"name": row["column_name"], "type": row["data_type"].lower()}
            columns.setdefault(row["table_name"], []).append(column)
    views = [View(name, about, columns.get(name, [])) for name, about in documented_views().items()]

    def show(output: Output) -> None:
        for view in views:
            output.line(StyledCell(view.name, "bold"))
            output.paragraph(view.about)
            output.paragraph(", ".join(column["name"] for column in view.columns), "dim")

    invocation.answer("sql.views", {"views": views}, show)


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
