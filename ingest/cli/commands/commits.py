"""`tailboard commits`: which session made which commit."""

from typing import Final

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, everywhere_option, filters
from ingest.cli.output import Column, Output
from ingest.cli.scope import scope_here
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.projects.commits import SessionCommit, session_commits
from ingest.projects.git.read_repository import Git
from ingest.sessions.scope import Scope
from ingest.sessions.session import id_length, list_sessions
from ingest.text.numbers import pluralize
from ingest.text.redact import mask
from ingest.text.times import clock_time

DIGITS: Final = 10
_COLUMNS: Final = (
    Column("COMMIT"),
    Column("MADE"),
    Column("SUBJECT", least=20),
    Column("SESSION"),
    Column("TITLE", least=16),
)


@click.command(cls=Command)
@everywhere_option
@filters("project", "branch", "session", "since", "until", "limit", "offset")
@with_invocation
def command(invocation: Invocation, everywhere: bool, only: Filters) -> None:
    """The commits that sessions of the project of this folder made, the newest first: those that
    their output names, and those made while they ran on a branch that contains them.
    `tailboard state commits` lists those that no session made.
    """
    with open_for_reading(invocation) as access:
        scope = scope_here(invocation, access, only, everywhere=everywhere)
        # All sessions, because one that a filter leaves out may have made a commit.
        sessions = list_sessions(access, Scope(project=scope.project), invocation.judged)
        found, unread = session_commits(access, sessions, Git(invocation.env), mask)
        made = [commit for commit in found if _matches(commit, scope)]
        shown = only.page(made)
        digits = id_length(access, {commit.session for commit in shown})
    for why in unread:
        invocation.output.note(why)

    def show(output: Output) -> None:
        if shown:
            output.table(
                _COLUMNS,
                [
                    [
                        commit.id[:DIGITS],
                        clock_time(commit.at, invocation.now, invocation.zone),
                        commit.subject,
                        commit.session[:digits],
                        commit.title,
                    ]
                    for commit in shown
                ],
            )
        output.note(f"{pluralize(len(made), 'commit')} of sessions.")

    invocation.answer("commits", {"commits": shown}, show)


def _matches(commit: SessionCommit, scope: Scope) -> bool:
    return (
        scope.session in (None, commit.session)
        and scope.branch in (None, commit.branch)
        and (scope.since is None or commit.at >= scope.since)
        and (scope.until is None or commit.at < scope.until)
    )


def maker_of(invocation: Invocation, access: QueryReader, commit: str) -> str:
    """The id of the session that made the commit whose id begins so."""
    sessions = list_sessions(access, Scope(), invocation.judged)
    found, _ = session_commits(access, sessions, Git(invocation.env), mask)
    makers = {one.id: one.session for one in found if one.id.startswith(commit.lower())}
    if len(makers) != 1:
        many = "Several commits begin" if makers else "No session made a commit that begins"
        raise NotFound(
            f"{many} with {commit!r}.",
            "`tailboard commits --everywhere` lists those of sessions, `tailboard state commits` "
            "the others.",
        )
    return next(iter(makers.values()))
