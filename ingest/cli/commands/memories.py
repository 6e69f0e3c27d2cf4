"""`tailboard memories`: what Codex itself remembers, and how its memory pipeline stands."""

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Column, Output, StyledCell
from ingest.sessions.memories import load_memories
from ingest.text.times import ago

_JOB_COLUMNS = (
    Column("JOB"),
    Column("SESSION"),
    Column("STATUS"),
    Column("RETRY"),
    Column("ERROR", least=16),
)
_ENTRY_COLUMNS = (
    Column("CHANGED", right=True),
    Column("TITLE", least=16),
    Column("FOLDERS", least=8),
    Column("FILE", least=12),
)
_DIGITS = 13


@click.command(cls=Command)
@with_invocation
def command(invocation: Invocation) -> None:
    """How many sessions Codex has made a memory of, which of its jobs failed or are stuck and why,
    and the files that it wrote. Its database and its files are only read.
    """
    with open_for_reading(invocation) as access:
        found = load_memories(access, invocation.settings.codex_homes, invocation.now)

    def show(output: Output) -> None:
        coverage = found.coverage
        output.line(StyledCell(coverage.sentence, "red" if coverage.failed else "bold"))
        if found.jobs:
            output.line()
            output.table(
                _JOB_COLUMNS,
                [
                    [job.kind, job.session[:_DIGITS], job.status,
                     f"{job.retry_at:%Y-%m-%d %H:%M}Z" if job.retry_at else "", job.error]
                    for job in found.jobs
                ],
            )  # fmt: skip
        if found.entries:
            output.line()
            output.table(
                _ENTRY_COLUMNS,
                [
                    [ago(entry.changed_at, invocation.now), entry.title,
                     " ".join(entry.applies_to), entry.path]
                    for entry in found.entries
                ],
            )  # fmt: skip

    body = {name: getattr(found, name) for name in found.__struct_fields__}
    invocation.answer("memories", body, show)
