"""`tailboard ingest`: reads everything new, once or continuously."""

import click

from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.gc_scheduler import gc_paused
from ingest.heap import share_heap
from ingest.pipeline import spawn_readers
from ingest.server.owner_file import Role


@click.command(cls=Command)
@click.option("--follow", is_flag=True, help="Keep running and read new data as Codex writes it.")
@click.option("--dry-run", is_flag=True, help="Show what would be read, without reading it.")
@click.option("--for-dashboard", is_flag=True, hidden=True)
@with_invocation
def command(invocation: Invocation, follow: bool, dry_run: bool, for_dashboard: bool) -> int:
    """Can be interrupted at any time: everything read so far is kept. With --follow and --json,
    prints one JSON document per line for each pass that read something.
    """
    if follow and dry_run:
        raise click.UsageError("--dry-run and --follow cannot be combined.")
    share_heap()
    # Without a database there is a backlog: start reader processes while this one loads.
    first = not (follow or for_dashboard or dry_run or invocation.settings.db.exists())
    readers = spawn_readers.start() if first else None
    with gc_paused():
        from ingest.cli.run_ingest import run

    role = Role.DASHBOARD if for_dashboard else Role.FOLLOW if follow else Role.INGEST
    return run(invocation, role, dry_run=dry_run, readers=readers)
