"""`tailboard team`: a store on PostgreSQL that a team shares: setting it up, joining, status."""

from typing import Final

import click

from ingest.batches.state import State
from ingest.cli.access import open_for_reading
from ingest.cli.commands.team_read import report, search, sessions, tasks
from ingest.cli.commands.team_share import pause, preview, push, share, unshare
from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Cell, Column, Output
from ingest.cli.team_store import membership, team_file
from ingest.errors import TeamError
from ingest.exit_codes import Exit
from ingest.team import schema
from ingest.team.membership import usual_machine
from ingest.team.postgres import Address, Store, require_client
from ingest.team.seed import remove_samples, seed
from ingest.team.status import ProjectStatus, project_statuses
from ingest.text.numbers import pluralize
from ingest.text.times import ago

_url = click.argument("url", metavar="URL")
_STATUS_COLUMNS: Final = (
    Column("PROJECT", least=12),
    Column("LEVEL"),
    Column("STATE"),
    Column("SESSIONS", right=True),
    Column("ROWS", right=True),
    Column("BEHIND", right=True),
    Column("SENT", right=True),
)


@click.group(cls=Group)
def command() -> None:
    """Nothing leaves this machine before `team share`. Needs the optional part `tailboard[team]`,
    and a PostgreSQL server, version 15 or newer, that the team can reach.
    """


for _command in (share, unshare, preview, push, pause, sessions, tasks, search, report):
    command.add_command(_command)


@command.command("init")
@_url
@with_invocation
def init(invocation: Invocation, url: str) -> None:
    """Create the schema in a database, and print how to let people in. It may be repeated.

    Example: tailboard team init postgresql://admin@db.example.org/team
    """
    require_client()
    applied = _migrate(url)
    grants = [
        f"create role anna login password '…' in role {schema.ROLE};",
        f"grant {schema.ROLE} to bert;  -- a role that exists already",
    ]

    def show(output: Output) -> None:
        output.line("Created the schema." if applied else "The schema is up to date.")
        output.line("Let each person in with a role of their own:")
        for grant in grants:
            output.line(grant, indent="    ")

    body = {"applied": applied, "version": schema.newest(), "grants": grants}
    invocation.answer("team.init", body, show)


@command.command("migrate")
@click.argument("url", metavar="[URL]", required=False)
@click.option("--print", "printed", is_flag=True, help="Print the SQL; change nothing.")
@with_invocation
def migrate(invocation: Invocation, url: str | None, printed: bool) -> None:
    """Bring the schema up to date. Without a URL: that of the team this installation has joined.

    Example: tailboard team migrate --print
    """
    if printed:
        body = {"version": schema.newest(), "sql": schema.script()}
        invocation.answer("team.migrate", body, lambda output: output.text(schema.script()))
        return
    require_client()
    applied = _migrate(url or membership(invocation).address)

    def show(output: Output) -> None:
        done = f"Applied {', '.join(applied)}." if applied else "The schema is up to date."
        output.line(done)

    invocation.answer("team.migrate", {"applied": applied, "version": schema.newest()}, show)


def _migrate(url: str) -> list[str]:
    with Store(Address(url)) as store:
        return schema.migrate(store)


@command.command("join")
@_url
@click.option("--name", metavar="NAME", help="Your name, for others. Default: that of your role.")
@click.option("--machine", metavar="NAME", help="The name of this machine, for others.")
@with_invocation
def join(invocation: Invocation, url: str, name: str | None, machine: str | None) -> None:
    """Register this installation in the team's store. Shares nothing yet.

    Example: tailboard team join postgresql://anna@db.example.org/team --name Anna
    """
    require_client()
    address, file = Address(url), team_file(invocation)
    machine = machine or usual_machine()
    with Store(address) as store, store.transaction():
        schema.check(store)
        name = name or store.user
        team = file.join(address.public, name, machine, invocation.now)
        store.run("members.join", id=team.installation, name=name, machine=machine)
        encrypted = store.is_encrypted
    output = invocation.output
    if address.has_password:
        output.note("The password is not stored: put it into ~/.pgpass, for when data is sent.")
    if not encrypted:
        output.note("The connection is not encrypted: add ?sslmode=verify-full to the URL.")
    body = {"installation": team.installation, "name": name, "machine": machine}
    invocation.answer(
        "team.join",
        {**body, "address": team.address},
        lambda output: output.line(
            f"Joined as {name} on {machine}. Nothing is shared before `tailboard team share`."
        ),
    )


@command.command("status")
@with_invocation
def status(invocation: Invocation) -> int:
    """Show what is shared, how far it was sent, and whether the store can be reached.

    Example: tailboard team status
    """
    require_client()
    team = membership(invocation)
    with open_for_reading(invocation) as access:
        found = project_statuses(access, team)
    problem: TeamError | None = None
    members = 0
    try:
        with Store(Address(team.address)) as store, store.transaction():
            schema.check(store)
            members = len(store.rows("members.everybody"))
    except TeamError as error:
        problem = error

    def show(output: Output) -> None:
        output.line(f"{team.name} on {team.machine}, {team.address}")
        if problem is not None:
            output.line(output.state("problem"), problem.message, problem.hint)
        else:
            output.line(output.state("ok"), f"Reached; {pluralize(members, 'installation')}.")
        if team.paused:
            output.line("Paused: nothing is sent. `tailboard team pause --off` ends that.")
        if found:
            output.table(_STATUS_COLUMNS, [_cells(output, one, invocation) for one in found])
            for one in found:
                if one.error:
                    output.line(f"{one.project}: {one.error} {one.hint or ''}")
        else:
            output.note("Nothing is shared. `tailboard team preview` shows what would leave.")

    body = {
        "address": team.address,
        "installation": team.installation,
        "name": team.name,
        "machine": team.machine,
        "paused": team.paused,
        "reached": problem is None,
        "problem": problem.message if problem else None,
        "installations": members,
        "projects": found,
    }
    invocation.answer("team", body, show)
    unwell = problem is not None or any(one.error for one in found)
    return Exit.ATTENTION if unwell else Exit.DONE


def _cells(output: Output, one: ProjectStatus, invocation: Invocation) -> list[Cell]:
    return [
        one.project,
        one.level,
        output.state(one.state) if one.state in tuple(State) else one.state,
        one.sessions,
        one.rows,
        one.behind,
        ago(one.pushed_at, invocation.now) if one.pushed_at else "never",
    ]


@command.command("seed")
@click.option("--installations", default=2, show_default=True, type=click.IntRange(1, 100))
@click.option("--sessions", "count", default=40, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--remove", is_flag=True, help="Remove them again.")
@with_invocation
def seed_command(invocation: Invocation, installations: int, count: int, remove: bool) -> None:
    """Store made-up sessions of made-up machines in the team's store, to try it.

    Example: tailboard team seed --sessions 20
    """
    require_client()
    with Store(Address(membership(invocation).address)) as store:
        if remove:
            rows = remove_samples(store)
        else:
            rows = seed(store, installations, count, invocation.now)
    done = "Removed" if remove else "Stored"
    invocation.answer(
        "team.seed", {"rows": rows}, lambda output: output.line(f"{done} {pluralize(rows, 'row')}.")
    )
