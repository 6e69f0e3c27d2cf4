"""`tailboard tag`: words that name what a session is about, for `tailboard search tag:WORD`.

Folders, languages and tools follow from what a session did, so they need no step of their own for
sessions that were read before; people add others.
"""

import re
from typing import Final

import click

from ingest.actions import RecordEdit
from ingest.cli.access import open_for_actions, open_for_reading
from ingest.cli.group import Command, ListGroup
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters, known
from ingest.cli.output import Column, Output
from ingest.cli.scope import session_id

VERB: Final = "tag"
_TAG: Final = re.compile(r"[\w+#.-]{1,40}").fullmatch
_COLUMNS = (Column("TAG", least=8), Column("FROM"), Column("SESSIONS", right=True))
_session = click.argument("session", metavar="SESSION", shell_complete=known("session"))
_tags = click.argument("tags", metavar="TAG...", nargs=-1, required=True)


@click.group(cls=ListGroup)
def command() -> None:
    """A tag is a top folder of changed files, a language, a tool, or a word that you added.

    Without a subcommand: list.
    """


@command.command("list")
@filters("session", "limit", "offset")
@with_invocation
def listing(invocation: Invocation, only: Filters) -> None:
    """List all tags with the number of their sessions, or the tags of one session.

    Example: tailboard tag list --session 019a3f
    """
    with open_for_reading(invocation) as access:
        if only.session:
            session = session_id(access, only.session)
            rows = access.rows("tags.of_session", session=session)
        else:
            rows = access.rows("tags.counted", limit=only.limit, offset=only.offset)

    def show(output: Output) -> None:
        if not rows:
            output.note("No tags.")
            return
        cells = [[row["tag"], ", ".join(row["origins"]), row.get("sessions", 1)] for row in rows]
        output.table(_COLUMNS, cells)

    tags = [
        {"tag": row["tag"], "origins": row["origins"], "sessions": row.get("sessions", 1)}
        for row in rows
    ]
    invocation.answer("tag", {"tags": tags}, show)


@command.command("add", cls=Command)
@_session
@_tags
@with_invocation
def add(invocation: Invocation, session: str, tags: tuple[str, ...]) -> None:
    """Add tags to a session.

    Example: tailboard tag add 019a3f release urgent
    """
    _edit(invocation, session, tags, "add")


@command.command("remove", cls=Command)
@_session
@_tags
@with_invocation
def remove(invocation: Invocation, session: str, tags: tuple[str, ...]) -> None:
    """Remove tags that people added. Those that follow from the session's work stay.

    Example: tailboard tag remove 019a3f urgent
    """
    _edit(invocation, session, tags, "remove")


def _edit(invocation: Invocation, session: str, tags: tuple[str, ...], do: str) -> None:
    for tag in tags:
        if not _TAG(tag):
            raise click.UsageError(f"{tag!r} is not a tag; use up to 40 letters, digits, -+.#_")
    with open_for_actions(invocation) as database:
        session = session_id(database, session)
        for tag in dict.fromkeys(tag.lower() for tag in tags):
            arguments = {"do": do, "tag": tag}
            database.act(RecordEdit(verb=VERB, about={"session": session}, arguments=arguments))
        rows = database.rows("tags.of_session", session=session)
    now = [row["tag"] for row in rows if "person" in row["origins"]]
    invocation.answer(
        "tag.edit",
        {"session": session, "tags": now},
        lambda output: output.line(session, " ".join(now)),
    )
