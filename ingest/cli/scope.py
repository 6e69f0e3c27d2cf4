"""The filters of a command as parameters of queries."""

import difflib
import os
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace

from ingest.cli.ids import resolve_prefix
from ingest.cli.invocation import Invocation
from ingest.cli.options import Filters
from ingest.db.query_reader import QueryReader
from ingest.errors import Ambiguous, InvalidTime, NotFound
from ingest.pipeline.homes import storable
from ingest.projects.exports import repository_at
from ingest.projects.names import ProjectNames
from ingest.projects.state.checkout import state_folder
from ingest.sessions.scope import Scope
from ingest.text import times

_NAMED: Final = 8
"""The known projects, if none of them matches the name."""
NAME_ONE: Final = "`--project NAME` names a project; `tailboard sessions` lists them."
ASK_FOR_ALL: Final = f"`--everywhere` asks for all projects. {NAME_ONE}"


def scope_of(invocation: Invocation, access: QueryReader, only: Filters) -> Scope:
    """The filters, with times as datetimes and the session by its full id."""
    return Scope(
        project=find_project(invocation, access, only.project),
        branch=only.branch,
        session=session_id(access, only.session) if only.session else None,
        since=moment(invocation, only.since, "--since", times.since),
        until=moment(invocation, only.until, "--until", times.until),
        limit=only.limit,
        offset=only.offset,
    )


def session_id(access: QueryReader, prefix: str) -> str:
    """The id of the only session whose id begins with the prefix."""
    matches: list[str] = [
        row["id"] for row in access.rows("sessions.starting_with", prefix=prefix.lower())
    ]
    if prefix.lower() in matches:
        return prefix.lower()
    return resolve_prefix(matches, prefix, "session", "`tailboard sessions` lists them.")


def scope_here(
    invocation: Invocation, access: QueryReader, only: Filters, *, everywhere: bool | None = None
) -> Scope:
    """The filters; without a project or a session, those of the project of the current folder.

    `everywhere` is the option of that name: None if the command has none.
    """
    scope = scope_of(invocation, access, only)
    if everywhere or scope.project is not None or scope.session is not None:
        return scope
    if access.first_row("tasks.projects") is None and _clone_at(invocation.here) is None:
        return scope  # Nothing was read yet.
    hint = NAME_ONE if everywhere is None else ASK_FOR_ALL
    return replace(scope, project=project_here(invocation, access, hint))


def project_here(invocation: Invocation, access: QueryReader, hint: str = NAME_ONE) -> str:
    """The label of the current folder's project. Raises `NotFound` if it has none: no command may
    answer for another project."""
    project = project_at(invocation, access, invocation.here) or _clone_at(invocation.here)
    if project is None:
        raise NotFound(f"No session has worked in {invocation.here} or its repository yet.", hint)
    return project


def find_project(invocation: Invocation, access: QueryReader, text: str | None) -> str | None:
    """The label of the project that a name, an id or a folder stands for.

    A text that stands for none is returned as it is, and a folder in full: nothing will be found.
    """
    if text is None:
        return None
    labels = ProjectNames(access).find(text)
    # `.` or anything with a slash is a folder; everything else is the name of a project.
    if not labels and (text in (".", "..") or os.sep in text):
        folder = Path(os.path.abspath(invocation.here / os.path.expanduser(text)))  # noqa: PTH100, PTH111
        return project_at(invocation, access, folder) or storable(str(folder))
    if len(labels) > 1:
        raise Ambiguous(
            f"{len(labels)} projects are called {text!r}: {', '.join(labels)}.",
            "Name one of them like this, or by its folder.",
        )
    return labels[0] if labels else text


def project_at(invocation: Invocation, access: QueryReader, folder: Path) -> str | None:
    """The label of the project of a folder: that of its repository, or of a folder above it in
    there. A worktree or a clone in which no session worked yet is recognised by its repository."""
    above = (folder, *folder.parents)
    root = repository_at(folder)
    inside = [storable(str(one)) for one in above if one == (root or folder) or root in one.parents]
    if row := access.first_row("projects.here", folders=inside):
        return str(row["label"])
    # Sessions whose folder was not looked up yet.
    if access.first_row("tasks.folder_known", folders=inside) is not None:
        row = access.first_row("tasks.project_here", folders=inside)
        return row["project"] if row else None
    if root is not None:
        # Imported here: in the usual case the folder is known.
        from ingest.projects.find_projects import project_of_repository

        label = project_of_repository(access, invocation.env, str(root))
        if label is not None:
            return label
    row = access.first_row("projects.planned", folders=inside)
    return row["project"] if row else None


def _clone_at(here: Path) -> str | None:
    """What stands for the project of a clone in which no session worked yet, if it has a state
    file."""
    return root_at(here) if state_folder(here) else None


def root_at(here: Path) -> str:
    """The folder, or the repository that contains it."""
    return storable(str(repository_at(here) or here))


def insist_on_project(invocation: Invocation, access: QueryReader, text: str | None) -> None:
    """Called if nothing was found: refuses a project that is not known."""
    project = find_project(invocation, access, text)
    known = [row["project"] for row in access.rows("tasks.projects")]
    if project is None or not known or project in known:
        return
    if access.first_row("tasks.folder_known", folders=[project]) is not None:
        return
    near = difflib.get_close_matches(project, known, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known[:_NAMED])}."
    raise NotFound(f"There is no project {project!r}.", hint)


def moment(
    invocation: Invocation,
    text: str | None,
    option: str,
    parse: Callable[[str, datetime, tzinfo | None], datetime],
) -> datetime | None:
    if text is None:
        return None
    try:
        return parse(text, invocation.aware_now, invocation.zone)
    except InvalidTime as error:
        raise click.BadParameter(str(error), param_hint=option) from error
