"""`tailboard sources`: lists the tracked files and how far each has been read."""

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Cell, Column, Output
from ingest.cli.scope import scope_of
from ingest.db.query_reader import Row
from ingest.text.numbers import pluralize, size

_COLUMNS = (
    Column("ID", right=True),
    Column("STATE"),
    Column("KIND", spare=1),
    Column("SIZE", right=True, spare=3),
    Column("BEHIND", right=True),
    Column("LINES", right=True, spare=2),
    Column("REJECTED", right=True),
    Column("PATH", least=24, end=True),
)


@click.command(cls=Command)
@filters("session", "limit", "offset")
@with_invocation
def command(invocation: Invocation, only: Filters) -> None:
    """Files with unread data come first. Sizes and offsets are in bytes; offsets in a compressed
    file count decompressed bytes.
    """
    with open_for_reading(invocation) as access:
        scope = scope_of(invocation, access, only)
        rows = access.rows(
            "sources.listed", session=scope.session, limit=scope.limit, offset=scope.offset
        )

    def show(output: Output) -> None:
        if not rows:
            output.note("No sources.")
            return
        output.table(_COLUMNS, [_cells(output, row) for row in rows])
        output.note(f"{pluralize(len(rows), 'source')}.")

    invocation.answer("sources", {"sources": [_source(row) for row in rows]}, show)


def _source(row: Row) -> dict[str, object]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "path": row["path"],
        "size": row["size"],
        "offset": row["byte"],
        "behind": row["behind"],
        "generation": row["generation"],
        "state": row["state"],
        "lines": row["lines"],
        "rejected": row["rejected"],
        "blank": row["blank"],
        "rewrites": row["rewrites"],
        "session": row["thread"] or None,
        "archived": row["archived"],
        "representation": row["representation"],
        "error": {"code": row["error_code"], "message": row["error"]}
        if row["error_code"]
        else None,
        "read_at": row["updated_at"],
    }


def _cells(output: Output, row: Row) -> list[Cell]:
    return [
        row["id"],
        output.state(row["state"]),
        row["kind"],
        size(row["size"]),
        size(row["behind"]),
        row["lines"],
        row["rejected"],
        row["path"],
    ]
