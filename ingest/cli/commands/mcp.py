"""`tailboard mcp`: the MCP server on standard input and output."""

import gc

import click

from ingest.cli.agents.extra import require_agents
from ingest.cli.agents.late_package import import_late
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.gc_scheduler import freeze_loaded


@click.command(cls=Command)
@with_invocation
def command(invocation: Invocation) -> None:
    """For agents; `tailboard setup codex --print` shows how Codex gets it. It offers the tools
    project_resume, project_tasks, project_task_update, history_search, history_get and
    project_journal, for the project of the folder that a call names, or else of the current folder.
    Needs the optional part
    `tailboard[agents]`. Ends with its standard input.
    """
    require_agents()
    _ = invocation.settings  # A mistake in the settings file is reported at once.
    gc.disable()
    import_late("mcp")
    import_late("mcp.server")
    # Imported here: slow, and not installed everywhere.
    import anyio

    from ingest.cli.agents.mcp_server import serve_stdio

    freeze_loaded()
    anyio.run(serve_stdio, invocation)
