"""`tailboard rebuild`: derives again what is derived from the facts."""

import time

import click

from ingest.actions import Rebuild
from ingest.cli.access import connect_if_it_stays, open_for_writing
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output
from ingest.cli.progress import Narration

_DONE = "The search index is built again."
_BACKGROUND = (
    "The search index is being built again in the background; `tailboard status` shows how far it "
    "is behind."
)


@click.command(cls=Command)
@click.argument("what", type=click.Choice(["search"]))
@with_invocation
def command(invocation: Invocation, what: str) -> None:
    """Build the search index again from the database. Codex's files are not read. A missing or
    damaged index is built again without this command.
    """
    client = connect_if_it_stays(invocation.settings.db)
    if client is not None:
        with client:
            client.act(Rebuild())
    else:
        _rebuild(invocation)
    body = {"what": what, "background": client is not None}

    def show(output: Output) -> None:
        output.line(_BACKGROUND if client is not None else _DONE)

    invocation.answer("rebuild", body, show)


def _rebuild(invocation: Invocation) -> None:
    # Imported here: a client of the owner needs no engine of its own.
    from ingest.sessions.search.indexer import rebuild

    progress = Narration(
        invocation.output, "Indexed", time.monotonic, wanted=not invocation.options.json
    )
    with open_for_writing(invocation) as database:
        rebuild(database, progress.at)
    progress.clear()
