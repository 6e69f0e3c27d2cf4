"""`tailboard resume`: what is needed to go on with a project."""

import sys

import click

from ingest.cli.access import open_for_reading
from ingest.cli.checkout_state import checkout_state
from ingest.cli.clipboard import copy
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Output
from ingest.cli.scope import scope_here
from ingest.errors import NotFound
from ingest.pipeline.homes import storable
from ingest.projects.git.read_repository import Git
from ingest.projects.resume.brief import LEAST, WORDS
from ingest.projects.resume.build import resume
from ingest.projects.roles.declared import role_names
from ingest.text.redact import mask


@click.command(cls=Command)
@click.option(
    "--copy", "wants_copy", is_flag=True, help="Copy the brief to the terminal's clipboard."
)
@click.option(
    "--words",
    type=click.IntRange(min=LEAST),
    default=WORDS,
    metavar="N",
    show_default=True,
    help="Use at most N words.",
)
@click.option(
    "--hook", "as_hook", is_flag=True, help="Answer as a hook of Codex at the start of a session."
)
@click.option("--everywhere", is_flag=True, help="The most recently active project.")
@filters("project", "branch", "session", "since", "until")
@with_invocation
def command(
    invocation: Invocation,
    wants_copy: bool,
    words: int,
    as_hook: bool,
    everywhere: bool,
    only: Filters,
) -> None:
    """For the project of this folder and its current branch, unless you name others: objective,
    what is done and what is open, decisions, failures, what is not committed, files, and the
    session that fits best. Prints the command that resumes it, but does not run it.
    """
    if as_hook:
        # Imported late: only a hook needs it.
        from ingest.cli.agents.session_hook import answer

        invocation.out.write(answer(invocation, sys.stdin) + "\n")
        return
    # Not by the table of commands: a hook never fails.
    invocation.require_memory()
    with open_for_reading(invocation) as access:
        scope = scope_here(invocation, access, only, everywhere=everywhere)
        file = checkout_state(invocation, access, scope.project)
        brief = resume(
            access,
            scope,
            invocation.judged,
            Git(invocation.env),
            mask,
            folder=storable(str(invocation.here)),
            words=words,
            file=file.brief_input() if file else None,
            roles=role_names(invocation.settings),
        )
    if brief is None:
        raise NotFound("There is no session to resume.", "`tailboard sessions` lists all sessions.")
    body = {name: getattr(brief, name) for name in brief.__struct_fields__}

    def show(output: Output) -> None:
        output.text(brief.brief)

    invocation.answer("resume", body, show)
    if wants_copy:
        copy(brief.brief, invocation.out, invocation.err, invocation.output)
