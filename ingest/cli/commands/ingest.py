"""`tailboard ingest`: everything new is read, once or for as long as it runs."""

import click

from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.gc_scheduler import gc_paused
from ingest.pipeline import spawn_readers
from ingest.server.owner_file import Role


@click.command(cls=Command)
@click.option("--follow", is_flag=True, help="Stay, and read what is written from now on.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be read.")
@click.option("--for-dashboard", is_flag=True, hidden=True)
@with_invocation
def command(invocation: Invocation, follow: bool, dry_run: bool, for_dashboard: bool) -> int:
    """What was read stays read, however this ends. With --follow and --json, every round that read
    something is one JSON document on a line of its own.
    """
    if follow and dry_run:
        raise click.UsageError("--dry-run reads nothing, so there is nothing to --follow.")
    # Where nothing was read yet there is a backlog: readers load while this process loads too.
    first = not (follow or for_dashboard or dry_run or invocation.settings.db.exists())
    readers = spawn_readers.start() if first else None
    with gc_paused():
        from ingest.cli.run_ingest import run

    role = Role.DASHBOARD if for_dashboard else Role.FOLLOW if follow else Role.INGEST
    return run(invocation, role, dry_run=dry_run, readers=readers)
