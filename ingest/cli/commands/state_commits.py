"""`tailboard state commits`: lists commits that were made while no session ran."""

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Column, Output
from ingest.cli.scope import scope_here
from ingest.errors import NotFound
from ingest.projects.git.read_repository import Git
from ingest.projects.uncovered_commits import UncoveredCommits, uncovered_commits
from ingest.text.numbers import pluralize
from ingest.text.redact import mask

_DIGITS = 10
_COLUMNS = (
    Column("COMMIT"),
    Column("TIME"),
    Column("BY", least=6, spare=1),
    Column("SUBJECT", least=20),
)


@click.command("commits", cls=Command)
@filters("project", "branch", "since", "until", "limit", "offset")
@with_invocation
def commits(invocation: Invocation, only: Filters) -> None:
    """List commits of a project that no session covers: made by hand, or by others.

    Checks the current branch since the first session there started. A session covers the commits
    between its first line and its last.

    Example: tailboard state commits --project parser --since 7d
    """
    with open_for_reading(invocation) as access:
        scope = scope_here(invocation, access, only)
        commits_found, unread = uncovered_commits(
            access, scope, invocation.judged, Git(invocation.env), mask
        )
    for why in unread:
        invocation.output.note(why)
    if commits_found is None:
        raise NotFound(
            f"No repository of project {scope.project} can be read.",
            "`tailboard resume --project NAME` says why.",
        )
    shown = only.page(commits_found)

    def show(output: Output) -> None:
        if shown:
            output.table(_COLUMNS, [_cells(span) for span in shown])
        output.note(f"{pluralize(len(commits_found), 'commit')} that no session covers.")

    invocation.answer("state.commits", {"paths": [], "changes": [], "commits": shown}, show)


def _cells(span: UncoveredCommits) -> list[str]:
    return [span.id[:_DIGITS], f"{span.at:%Y-%m-%d %H:%M}", span.author, span.subject]
