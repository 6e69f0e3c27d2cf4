"""`tailboard standup`: the short form of the journal."""

from typing import Final

import click
from msgspec.structs import replace

from ingest.cli.access import open_for_reading
from ingest.cli.commands.journal import chosen_day, with_commits
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, everywhere_option, filters
from ingest.cli.scope import scope_here
from ingest.db.query_reader import QueryReader
from ingest.errors import NotFound
from ingest.projects.journal import build
from ingest.projects.journal.blocks import markdown
from ingest.projects.journal.page import standup_page
from ingest.projects.journal.summary import summaries
from ingest.projects.roles.declared import role_names
from ingest.projects.roles.summaries import Written, consolidated

LINES: Final = 40


@click.command(cls=Command)
@click.option("--day", metavar="DAY", help="Of this day: today, yesterday, 2026-11-21.")
@everywhere_option
@filters("project", "since")
@with_invocation
def command(invocation: Invocation, day: str | None, everywhere: bool, only: Filters) -> None:
    """What was done, what is open and what failed in the project of this folder, or in each
    project, in at most 40 lines of Markdown; by default on the last day with any activity.
    """
    if day and only.since:
        raise click.UsageError("--day names one day; leave out --since.")
    rules = build.journal_rules(invocation.zone, invocation.settings.journal_turns)
    with open_for_reading(invocation) as access:
        scope = scope_here(invocation, access, only, everywhere=everywhere)
        project = scope.project
        if scope.since is not None:
            period = scope.since, invocation.now
            journal = build.period_journal(access, period, rules, project)
        else:
            chosen = chosen_day(invocation, access, day, project)
            journal = build.day_journal(access, chosen, rules, project)
        names = {entry.project for entry in journal.entries}
        written = {name: _written(invocation, access, name) for name in names}
    if not journal.entries:
        raise NotFound(
            "No session was active in this time.", "`tailboard sessions` lists the sessions."
        )
    projects = [
        replace(each, summary=written[each.project])
        for each in summaries(with_commits(invocation, journal))
    ]
    title = journal.title.replace("Journal", "Standup", 1)
    text = markdown(standup_page(title, projects, LINES))
    invocation.answer("standup", {"projects": projects}, lambda output: output.text(text))


def _written(invocation: Invocation, access: QueryReader, project: str) -> Written | None:
    """The summary of the project that counts."""
    declared = role_names(invocation.settings)
    row = access.first_row("projects.labelled", label=project)
    return consolidated(access, declared, project=row["id"] if row else project).summary
