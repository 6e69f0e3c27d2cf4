"""`tailboard verify`: recounts the lines of all files and compares them with the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ingest.cli.access import open_for_writing
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Cell, Column, Output, StyledCell
from ingest.cli.progress import Narration
from ingest.db.query_reader import NOTHING_YET, NamedQueries
from ingest.exit_codes import Exit
from ingest.pipeline.homes import homes
from ingest.pipeline.verify import SourceCheck, verify
from ingest.server.client import connect_to_owner
from ingest.text.numbers import pluralize

if TYPE_CHECKING:
    from ingest.db.database import Database

_COLUMNS = (
    Column("ID", right=True),
    Column("STATE"),
    Column("LINES", right=True),
    Column("STORED", right=True),
    Column("REJECTED", right=True),
    Column("SKIPPED", right=True),
    Column("DETAIL", least=16),
    Column("PATH", least=24),
)
TESTED = {
    False: "Checked: every line of the files is accounted for. Not checked: the facts derived from "
    "them (use --deep).",
    True: "Checked: the stored facts equal those of a new reading of the files, and the rows "
    "and tasks derived from them are up to date. Not checked: whether a line is interpreted "
    "correctly, because the same code reads it.",
}


@click.command(cls=Command)
@click.option("--deep", is_flag=True, help="Read everything again and compare every fact.")
@with_invocation
def command(invocation: Invocation, deep: bool) -> int:
    """Exits with 1 if anything differs. Works while files are being written: each file is read up
    to its stored offset.

    Checks that no line is missing or duplicated in the database. It cannot detect a line that is
    interpreted wrongly, because --deep reads with the same code.
    """
    checks = _checks(invocation, deep=deep)
    ok = all(check.ok for check in checks)

    def show(output: Output) -> None:
        wrong = [check for check in checks if not check.ok or check.detail]
        if wrong:
            output.table(_COLUMNS, [_cells(output, check) for check in wrong])
        lines = sum(check.expected_lines for check in checks)
        verdict = "no differences" if ok else "differences found"
        output.line(f"{pluralize(lines, 'line')} of {pluralize(len(checks), 'source')}: {verdict}.")
        output.line(StyledCell(TESTED[deep], "dim"))

    body = {"ok": ok, "deep": deep, "tested": TESTED[deep], "sources": checks}
    invocation.answer("verify", body, show)
    return Exit.DONE if ok else Exit.ATTENTION


def _checks(invocation: Invocation, *, deep: bool) -> list[SourceCheck]:
    settings = invocation.settings
    if not settings.db.exists():
        invocation.output.note(NOTHING_YET)
        return []
    with _open(invocation, deep=deep) as reading:
        shown = Narration(
            invocation.output, "Verified", time.monotonic, wanted=not invocation.options.json
        )
        checks = verify(
            reading,
            homes(settings.codex_homes),
            invocation.now.isoformat(),
            deep=deep,
            line_cap=settings.line_cap_bytes,
            progress=shown.at,
            stale_tasks=_stale_tasks,
        )
        try:
            return list(checks)
        finally:
            shown.clear()


def _stale_tasks(database: "Database") -> dict[int, str]:
    # Imported here: only --deep compares tasks.
    from ingest.projects.tasks.check import stale_tasks

    return stale_tasks(database)


@contextmanager
def _open(invocation: Invocation, *, deep: bool) -> Iterator[NamedQueries]:
    """Counting only runs queries, so the owner can answer them; --deep compares every fact in this
    process.
    """
    remote = None if deep else connect_to_owner(invocation.settings.db)
    if remote is not None:
        with remote:
            yield remote
        return
    with open_for_writing(invocation) as database:
        yield database


def _cells(output: Output, check: SourceCheck) -> list[Cell]:
    return [
        check.id,
        output.state("ok" if check.ok else "problem"),
        check.expected_lines,
        check.stored_lines,
        check.rejected,
        sum(check.skipped.values()),
        check.detail,
        check.path,
    ]
