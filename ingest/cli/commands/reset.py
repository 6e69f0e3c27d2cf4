"""`tailboard reset`: deletes what was derived from files, so that they are read again."""

import click

from ingest.actions import ReadAgain
from ingest.batches.action import Selection
from ingest.cli.access import open_for_actions
from ingest.cli.confirm import yes_option
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known, reason_option
from ingest.cli.scope import session_id
from ingest.cli.start_over import start_over


@click.command(cls=Command)
@click.option(
    "--session",
    metavar="ID",
    shell_complete=known("session"),
    help="This session; a unique id prefix is enough.",
)
@click.option("--source", metavar="N", type=int, help="This file, by its number in `sources`.")
@click.option("--all", "everything", is_flag=True, help="All files.")
@reason_option
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, without deleting it.")
@yes_option
@with_invocation
def command(
    invocation: Invocation,
    session: str | None,
    source: int | None,
    everything: bool,
    reason: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    """Backs up the database first. Edits by people stay, and files that cannot be read now are
    skipped. Never touches Codex's own files; `tailboard ingest` reads them again.
    """
    if sum((session is not None, source is not None, everything)) != 1:
        raise click.UsageError("Select what to reset: --session ID, --source N or --all.")
    with open_for_actions(invocation) as database:
        if session is not None:
            session = session_id(database, session)
        action = ReadAgain(selection=Selection(session=session, source=source), reason=reason)
        return start_over(invocation, database, action, yes=yes, dry_run=dry_run)
