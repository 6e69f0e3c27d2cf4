"""Completes sessions, projects, branches, tasks, batches, rejected lines and filters of a search
when a shell asks.

Never waits long, prints nothing, and completes nothing if there is no database to read.
"""

from collections.abc import Iterable
from typing import Final

from click.shell_completion import CompletionItem

from ingest import log
from ingest.cli.invocation import Invocation
from ingest.cli.task_listing import everything
from ingest.db.query_reader import QueryReader
from ingest.errors import TailboardError
from ingest.pipeline.bootstrap import open_reader
from ingest.sessions.search.completion import filter_words
from ingest.text.sanitize import one_line, truncate

_TIMEOUT: Final = 2.0
"""Seconds to wait for a process that has just locked the database."""
_MOST: Final = 50
_HELP_WIDTH: Final = 60


def completions(invocation: Invocation, kind: str, prefix: str) -> list[CompletionItem]:
    """The known values of this kind that begin with the prefix, each with a description."""
    if kind == "filter":
        return _items(filter_words(prefix))
    with log.suppress(f"Completing a {kind}", TailboardError):
        path = invocation.settings.db
        if path.exists():
            reader = open_reader(path, invocation.now, _TIMEOUT)
            try:
                return _items(_find(invocation, reader, kind, prefix))
            finally:
                reader.close()
    return []


def _find(
    invocation: Invocation, reader: QueryReader, kind: str, prefix: str
) -> Iterable[tuple[str, str]]:
    if kind == "task":
        tasks = everything(invocation, reader).tasks
        found = ((task.id, task.text) for task in tasks if task.id.startswith(prefix.lower()))
        return list(found)[:_MOST]
    rows = reader.rows(f"completion.{kind}", prefix=prefix, limit=_MOST)
    return ((row["value"], row["help"] or "") for row in rows)


def _items(found: Iterable[tuple[str, str]]) -> list[CompletionItem]:
    return [
        CompletionItem(value, help=truncate(one_line(text), _HELP_WIDTH))
        for value, text in found
        if value == one_line(value)  # No name can control the terminal.
    ]
