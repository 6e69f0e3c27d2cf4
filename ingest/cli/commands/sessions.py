"""`tailboard sessions`: lists the sessions, most recently active first."""

import click

from ingest.cli.access import open_for_reading
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters
from ingest.cli.output import Cell, Column, Output
from ingest.cli.scope import insist_on_project, scope_of
from ingest.sessions.session import Session, id_length, label, list_sessions
from ingest.text.numbers import pluralize, tokens
from ingest.text.times import ago

_COLUMNS = (
    Column("ID"),
    Column("STATE"),
    Column("TITLE", least=16),
    Column("PROJECT", least=8),
    Column("BRANCH", least=6, spare=3),
    Column("PLAN", right=True),
    Column("TURNS", right=True, spare=1),
    Column("COMMANDS", right=True, spare=2),
    Column("TOKENS", right=True),
    Column("LAST", right=True),
)


@click.command(cls=Command)
@filters("project", "branch", "session", "since", "until", "limit", "offset")
@with_invocation
def command(invocation: Invocation, only: Filters) -> None:
    """The state of a session follows from its last turn and the time: running, waiting (for you),
    stalled, idle (no line for `idle_hours`), done, failed, interrupted or unknown.
    """
    with open_for_reading(invocation) as access:
        sessions = list_sessions(access, scope_of(invocation, access, only), invocation.judged)
        if not sessions:
            insist_on_project(invocation, access, only.project)
        digits = id_length(access, (session.id for session in sessions))

    def show(output: Output) -> None:
        if not sessions:
            output.note("No sessions.")
            return
        output.table(
            _COLUMNS, [_cells(output, session, digits, invocation) for session in sessions]
        )
        output.note(
            f"{pluralize(len(sessions), 'session')}. `tailboard show ID` shows one of them."
        )

    invocation.answer("sessions", {"sessions": sessions}, show)


def _cells(output: Output, session: Session, digits: int, invocation: Invocation) -> list[Cell]:
    failed = f", {session.failed_commands} failed" if session.failed_commands else ""
    return [
        session.id[:digits],
        output.state(session.state_text),
        label(session),
        session.project,
        session.branch,
        f"{session.plan_done}/{session.plan_total}" if session.plan_total else "",
        session.turns,
        f"{session.commands}{failed}",
        tokens(session.tokens.total),
        ago(session.last_at, invocation.now),
    ]
