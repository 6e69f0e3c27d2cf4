"""The filters of a command as parameters of queries."""

import difflib
import os
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

import click

from ingest.cli.ids import resolve_prefix
from ingest.cli.invocation import Invocation
from ingest.cli.options import Filters
from ingest.db.query_reader import QueryReader
from ingest.errors import InvalidTime, NotFound
from ingest.pipeline.homes import storable
from ingest.sessions.scope import Scope
from ingest.text import times

_NAMED: Final = 8
"""The known projects, if none of them matches the name."""


def scope_of(invocation: Invocation, access: QueryReader, only: Filters) -> Scope:
    """The filters, with times as datetimes and the session by its full id."""
    return Scope(
        project=project_of(only.project),
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


def project_of(text: str | None) -> str | None:
    """A project as a query takes it: its name, or its full folder path."""
    # `.` or anything with a slash is a folder; everything else is the name of a project.
    if text is not None and (text in (".", "..") or os.sep in text):
        return storable(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111
    return text


def insist_on_project(access: QueryReader, only: Filters) -> None:
    """Called if nothing was found: refuses a project that is not known."""
    project = project_of(only.project)
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
