"""`tailboard rebuild`: derives again what is derived from the facts."""

import time
from threading import Event

import click

from ingest.actions import REBUILDABLE, Rebuild, Rebuilt
from ingest.cli.access import connect_if_it_stays, open_for_writing
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output
from ingest.cli.progress import Narration
from ingest.text.numbers import pluralize
from ingest.text.times import duration

_NAMES = {
    "sessions": "rows of sessions",
    "usage": "rows of usage, turns and commands",
    "tasks": "tasks of sessions",
    "search": "texts in the search index",
}


@click.command(cls=Command)
@click.argument("what", type=click.Choice(REBUILDABLE), required=False)
@with_invocation
def command(invocation: Invocation, what: str | None) -> None:
    """Derive everything, or one part, again from the stored facts. Codex's files are not read. What
    is damaged, missing or of another version is derived again without this command.
    """
    chosen = [what] if what else list(REBUILDABLE)
    client = connect_if_it_stays(invocation.settings.db)
    if client is not None:
        with client:
            rebuilt = client.act(Rebuild(chosen))
    else:
        rebuilt = _rebuild(invocation, chosen)
    body = {"what": what, "background": client is not None, "rebuilt": rebuilt}

    def show(output: Output) -> None:
        for part in rebuilt:
            output.line(_sentence(part))

    invocation.answer("rebuild", body, show)


def _sentence(part: Rebuilt) -> str:
    if part.rows is None:
        return (
            f"The {_NAMES[part.what]} are derived again in the background; `tailboard status` "
            "shows how far that is behind."
        )
    took = duration(part.seconds or 0)
    return f"Derived {pluralize(part.rows, 'row')} again in {took}: {_NAMES[part.what]}."


def _rebuild(invocation: Invocation, chosen: list[str]) -> list[Rebuilt]:
    # Imported here: a client of the owner needs no engine of its own.
    from ingest.db import derived_rows
    from ingest.pipeline.rows_writer import RowsWriter
    from ingest.projects.tasks.writer import TasksWriter
    from ingest.sessions.search.indexer import rebuild

    rebuilt = []
    with open_for_writing(invocation) as database:
        for what in chosen:
            began = time.monotonic()
            progress = Narration(
                invocation.output, what, time.monotonic, wanted=not invocation.options.json
            )
            match what:
                case "search":
                    rows = rebuild(database, progress.at)
                case "tasks":
                    with database.transaction():
                        database.run("tasks.mark_outdated")
                        database.run("tasks.unmark_projects")
                    TasksWriter(database, lambda: invocation.judged).run(Event(), progress.at)
                    rows = database.rows("tasks.stored_count")[0]["count"]
                case _:
                    name = derived_rows.DERIVATIONS[what]
                    derived_rows.mark_outdated(database, name)
                    RowsWriter(database).run(Event(), progress.at)
                    rows = derived_rows.count(database, name)
            progress.clear()
            rebuilt.append(Rebuilt(what, rows, round(time.monotonic() - began, 3)))
    return rebuilt
