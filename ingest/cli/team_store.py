"""What the commands of `tailboard team` have in common: the store, and the names in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingest.cli.invocation import Invocation
from ingest.cli.scope import find_project
from ingest.db.query_reader import QueryReader
from ingest.errors import Ambiguous, NotFound
from ingest.team import schema
from ingest.team.membership import Membership, SharedProject, TeamFile
from ingest.team.postgres import Address, Store, require_client


def team_file(invocation: Invocation) -> TeamFile:
    return TeamFile(invocation.settings.db)


def membership(invocation: Invocation) -> Membership:
    return team_file(invocation).require()


@contextmanager
def open_store(invocation: Invocation) -> Iterator[Store]:
    """The team's store, with a transaction to read in."""
    require_client()
    with Store(Address(membership(invocation).address)) as store, store.transaction():
        schema.check(store)
        yield store


def shared_project_id(store: Store, text: str | None) -> Any:
    """The id of the shared project with this name."""
    if text is None:
        return None
    rows = store.rows("read.projects")
    ids = {row["id"] for row in rows if row["name"].casefold() == text.casefold()}
    if len(ids) == 1:
        return ids.pop()
    if ids:
        raise Ambiguous(f"{len(ids)} shared projects are called {text!r}.", "Leave out --project.")
    names = ", ".join(sorted({row["name"] for row in rows})[:8])
    raise NotFound(
        f"Nobody shares a project {text!r}.", f"There are {names}." if names else "There is none."
    )


def own_project(invocation: Invocation, access: QueryReader, text: str) -> tuple[str, str]:
    """Id and label of a project of this machine."""
    label = find_project(invocation, access, text)
    row = access.first_row("projects.labelled", label=label)
    if row is None:
        raise NotFound(f"There is no project {text!r}.", "`tailboard project list` lists them.")
    return row["id"], row["label"]


def shared(
    team: Membership, invocation: Invocation, access: QueryReader, text: str
) -> SharedProject:
    """A project that is shared, by its name; also if no session of it is left here."""
    label = find_project(invocation, access, text)
    for one in team.projects:
        if text in (one.id, one.label) or label == one.label:
            return one
    raise NotFound(f"{text!r} is not shared.", "`tailboard team status` lists what is shared.")
