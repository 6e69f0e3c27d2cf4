"""`tailboard project`: the projects, and edits of what git cannot know about them."""

import os
from datetime import datetime
from pathlib import Path

import click
from msgspec import Struct

from ingest.actions import current_user
from ingest.cli.access import open_for_actions, open_for_reading
from ingest.cli.group import Command, ListGroup
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import reason_option
from ingest.cli.output import Column, Output
from ingest.cli.scope import find_project, insist_on_project
from ingest.db.query_reader import QueryReader, Row
from ingest.errors import NotFound, Refused
from ingest.pipeline.homes import storable
from ingest.projects import project_edits
from ingest.projects.find_projects import planned_projects
from ingest.projects.identity import Project, is_remote
from ingest.projects.project_edits import Merge, ProjectEdit, Rename, Split, Undo
from ingest.text.numbers import pluralize
from ingest.text.times import ago

_COLUMNS = (
    Column("PROJECT", least=10),
    Column("SESSIONS", right=True),
    Column("LAST", right=True),
    Column("FOLDER", least=12, end=True),
    Column("REMOTE", least=12, spare=1),
)
_name = click.argument("name")


class ListedProject(Struct, frozen=True):
    """The fields of `project --json`, in their order."""

    id: str
    label: str
    name: str
    folder: str
    remotes: list[str]
    folders: list[str]
    sessions: int
    last_at: datetime | None


@click.group(cls=ListGroup)
def command() -> None:
    """A project is a git repository with its worktrees, clones and subfolders, else a folder.

    Where git does not know better, you can rename, merge and split projects, and undo it. Without a
    subcommand: list.
    """


def listed_projects(access: QueryReader) -> list[ListedProject]:
    """All projects, most recently active first."""
    return [_listed(row) for row in access.rows("projects.listed")]


@command.command("list")
@with_invocation
def listing(invocation: Invocation) -> None:
    """List the projects, most recently active first.

    Example: tailboard project list
    """
    with open_for_reading(invocation) as access:
        projects = listed_projects(access)

    def show(output: Output) -> None:
        if not projects:
            output.note("No projects.")
            return
        output.table(
            _COLUMNS,
            [
                [
                    one.label,
                    one.sessions,
                    ago(one.last_at, invocation.now),
                    one.folder,
                    ", ".join(one.remotes),
                ]
                for one in projects
            ],
        )
        output.note(f"{pluralize(len(projects), 'project')}.")

    invocation.answer("project", {"projects": projects}, show)


@command.command("show", cls=Command)
@_name
@with_invocation
def show(invocation: Invocation, name: str) -> None:
    """Show one project, with its folders and remotes.

    Example: tailboard project show parser
    """
    with open_for_reading(invocation) as access:
        id_ = _stored(invocation, access, name)["id"]
        row = next(row for row in access.rows("projects.listed") if row["id"] == id_)
    project = _listed(row)

    def print_(output: Output) -> None:
        output.line(f"{project.label}: {pluralize(project.sessions, 'session')}")
        for title, lines in (("Remotes", project.remotes), ("Folders", project.folders)):
            if lines:
                output.line(f"{title}:")
            for line in lines:
                output.line(f"  {line}")

    invocation.answer("project", {"projects": [project]}, print_)


@command.command("rename", cls=Command)
@_name
@click.argument("new")
@reason_option
@with_invocation
def rename(invocation: Invocation, name: str, new: str, reason: str | None) -> None:
    """Give a project another name.

    Example: tailboard project rename parser lexer
    """
    new = " ".join(new.split())
    if not new or os.sep in new:
        raise Refused("A name is not empty and has no slash.", "Choose another name.")
    with open_for_actions(invocation) as database:
        project = _stored(invocation, database, name)
        _record(invocation, database, Rename(project["id"], new), reason)


@command.command("merge", cls=Command)
@_name
@click.argument("into")
@reason_option
@with_invocation
def merge(invocation: Invocation, name: str, into: str, reason: str | None) -> None:
    """Make the project NAME a part of the project INTO, with its name.

    Example: tailboard project merge parser-old parser
    """
    with open_for_actions(invocation) as database:
        project, other = _stored(invocation, database, name), _stored(invocation, database, into)
        if project["id"] == other["id"]:
            raise Refused(f"Both are the project {project['label']}.", "Name two projects.")
        edit = Merge(project["id"], other["id"], other["name"])
        _record(invocation, database, edit, reason)


@command.command("split", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@reason_option
@with_invocation
def split(invocation: Invocation, folder: Path, reason: str | None) -> None:
    """Make a folder of a repository, with what is in it, a project of its own.

    Example: tailboard project split services/api
    """
    path = storable(os.path.abspath(folder.expanduser()))  # noqa: PTH100
    with open_for_actions(invocation) as database:
        _record(invocation, database, Split(path), reason)


@command.command("undo", cls=Command)
@with_invocation
def undo(invocation: Invocation) -> None:
    """Undo your last edit of a project.

    Example: tailboard project undo
    """
    with open_for_actions(invocation) as database:
        last = project_edits.undo(project_edits.recorded_project_edits(database), current_user())
        _record(invocation, database, Undo(last.id), None)


def _record(
    invocation: Invocation, database: QueryReader, edit: ProjectEdit, reason: str | None
) -> None:
    """Record the edit, and show the projects that are different with it."""
    before = {row["id"]: row for row in database.rows("projects.all")}
    after = planned_projects(database, edit)
    changed = [
        one
        for one in after
        if one.id not in before or _shown(before[one.id]) != (one.label, one.name, len(one.keys))
    ]
    gone = sorted({row["label"] for row in before.values()} - {one.label for one in after})
    if not (changed or gone or isinstance(edit, Undo)):
        raise NotFound("This would change nothing.", "`tailboard project list` shows the projects.")
    database.act(project_edits.edit_action(edit, reason))

    def print_(output: Output) -> None:
        for one in changed:
            output.line(f"{one.label}: {pluralize(len(one.folders), 'folder')}")
        for label in gone:
            output.line(f"{label}: no longer a project of this name")

    body = {"projects": [_changed(one) for one in changed], "gone": gone}
    invocation.answer("project.edit", body, print_)


def _changed(project: Project) -> dict[str, object]:
    return {
        "id": project.id,
        "label": project.label,
        "name": project.name,
        "folder": project.folder,
        "remotes": [key for key in project.keys if is_remote(key)],
        "folders": sorted({folder.path for folder in project.folders}),
    }


def _shown(row: Row) -> tuple[str, str, int]:
    return row["label"], row["name"], len(row["keys"])


def _stored(invocation: Invocation, access: QueryReader, name: str) -> Row:
    label = find_project(invocation, access, name)
    row = access.first_row("projects.labelled", label=label)
    if row is None:
        insist_on_project(invocation, access, name)
        raise NotFound(f"There is no project {name!r}.", "`tailboard project list` shows them.")
    return row


def _listed(row: Row) -> ListedProject:
    return ListedProject(
        row["id"], row["label"], row["name"], row["folder"],
        [key for key in row["keys"] if is_remote(key)], row["folders"] or [], row["sessions"],
        row["last_at"],
    )  # fmt: skip
