"""`tailboard quarantine`: lists the lines that could not be read, and why."""

import base64

import click

from ingest.cli.access import open_for_reading
from ingest.cli.commands.quarantine_actions import VERBS
from ingest.cli.group import ListGroup
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters, known
from ingest.cli.output import Column, Output
from ingest.cli.scope import scope_of
from ingest.db.query_reader import Row
from ingest.errors import NotFound
from ingest.text.numbers import pluralize, size

EXCERPT_CHARS = 160

_COLUMNS = (
    Column("ID"),
    Column("REASON"),
    Column("LINES", right=True),
    Column("LENGTH", right=True),
    Column("EXCERPT", least=20),
    Column("PATH", least=24),
)


@click.group(cls=ListGroup)
def command() -> None:
    """A rejected line is not lost: it stays in Codex's file, and a copy up to a size limit is
    stored.

    Without a subcommand: list.
    """


for _verb in VERBS:
    command.add_command(_verb)


@command.command("list")
@filters("session", "limit", "offset")
@with_invocation
def listing(invocation: Invocation, only: Filters) -> None:
    """List the rejected lines. Of consecutive lines without a record, the first is shown.

    Example: tailboard quarantine list --session 019a3f
    """
    with open_for_reading(invocation) as access:
        scope = scope_of(invocation, access, only)
        rows = access.rows(
            "sources.rejects",
            id=None,
            session=scope.session,
            limit=scope.limit,
            offset=scope.offset,
        )

    def show(output: Output) -> None:
        if not rows:
            output.note("No line was rejected.")
            return
        output.table(
            _COLUMNS,
            [
                [
                    row["id"],
                    row["reason"],
                    row["lines"],
                    size(row["extent"]),
                    _excerpt(row),
                    row["path"],
                ]
                for row in rows
            ],
        )
        lines = pluralize(sum(row["lines"] for row in rows), "line")
        places = f" in {pluralize(len(rows), 'place')}" if len(rows) > 1 else ""
        output.note(f"{lines}{places}. `tailboard quarantine show ID` shows one.")

    invocation.answer("quarantine", {"rejects": [_reject(row) for row in rows]}, show)


@command.command("show")
@click.argument("id_", metavar="ID", shell_complete=known("reject"))
@with_invocation
def one(invocation: Invocation, id_: str) -> None:
    """Show one rejected line, as much of it as is stored.

    Example: tailboard quarantine show 3:1024
    """
    with open_for_reading(invocation) as access:
        rows = access.rows("sources.rejects", id=id_, session=None, limit=None, offset=0)
    if not rows:
        raise NotFound(
            f"There is no rejected line {id_!r}.", "`tailboard quarantine list` lists them."
        )

    def show(output: Output) -> None:
        for row in rows:
            output.line(f"{row['path']}, byte {row['byte']}, {pluralize(row['length'], 'byte')}")
            output.line(f"{row['reason']}: {row['message']}")
            if row["lines"] > 1:
                end = row["byte"] + row["extent"]
                output.line(f"{pluralize(row['lines'], 'line')} up to byte {end}; the first is:")
            output.line(f"sha256 {row['sha256']}")
            output.text(_decoded(row["head"]))
            if row["tail"]:
                output.line("…")
                output.text(_decoded(row["tail"]))
            if row["trace"]:
                output.text(row["trace"])

    whole = [
        _reject(row)
        | {
            "head": _decoded(row["head"]),
            "tail": _decoded(row["tail"]),
            "sha256": row["sha256"],
            "trace": row["trace"],
        }
        for row in rows
    ]
    invocation.answer("quarantine.show", {"rejects": whole}, show)


def _reject(row: Row) -> dict[str, object]:
    return {
        "id": row["id"],
        "source": row["source"],
        "path": row["path"],
        "offset": row["byte"],
        "length": row["length"],
        "lines": row["lines"],
        "extent": row["extent"],
        "whole": row["whole"],
        "reason": row["reason"],
        "message": row["message"],
        "excerpt": _excerpt(row),
    }


def _excerpt(row: Row) -> str:
    return _decoded(row["head"])[:EXCERPT_CHARS]


def _decoded(text: str) -> str:
    """Bytes stored as base64, as text; invalid UTF-8 is escaped."""
    return base64.b64decode(text).decode("utf-8", "backslashreplace")
