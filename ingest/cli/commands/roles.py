"""`tailboard roles`: the roles, what they run and wrote, and the summary that counts."""

import json
import shlex
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import click
from msgspec import Struct
from msgspec.structs import asdict

from ingest.actions import BatchAction, RequestRole
from ingest.batches.action import Selection, Verb
from ingest.batches.retry_policy import Mode
from ingest.batches.state import State
from ingest.cli.access import (
    is_owned,
    open_for_actions,
    open_for_reading,
    open_for_writing,
    write_tasks,
)
from ingest.cli.group import Command, ListGroup
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, filters, known
from ingest.cli.output import Column, Output, StyledCell
from ingest.cli.scope import find_project, moment, project_here, session_id
from ingest.db.query_reader import QueryReader, Row
from ingest.db.queue import rescue
from ingest.errors import NotFound, Refused
from ingest.exit_codes import Exit
from ingest.pipeline.run import RunSettings
from ingest.projects.roles.answer import answer_schema
from ingest.projects.roles.declared import all_roles, role_names
from ingest.projects.roles.job import (
    RoleJob,
    Spent,
    batch_id,
    command_line,
    run_command,
    spent_on,
)
from ingest.projects.roles.summaries import Consolidated, Written, consolidated, summary_action
from ingest.role_settings import Fact, Role
from ingest.text import times
from ingest.text.numbers import pluralize
from ingest.text.numbers import tokens as tokens_text
from ingest.text.times import ago

_POLL_SECONDS: Final = 0.2
_GRACE: Final = timedelta(seconds=30)
"""How much longer than its time limit a queued role is waited for."""
_RUNS: Final = 5
_UNFINISHED: Final = (State.PENDING, State.CLAIMED)
_COLUMNS: Final = (
    Column("ROLE"),
    Column("WHEN"),
    Column("LAST RUN", right=True),
    Column("WAITING", right=True, spare=2),
    Column("FAILED", right=True),
    Column("TODAY", right=True),
    Column("WRITES", least=8, spare=1),
)
_name = click.argument("name")


class ListedRole(Struct, frozen=True):
    """The fields of `roles list --json`, in their order."""

    name: str
    when: str
    last_run: datetime | None
    failed: int
    """Batches that failed or are dead."""
    pending: int
    spent: Spent
    """Today."""
    runs_per_day: int | None
    tokens_per_day: int | None
    scope: list[str]
    writes: list[str]


@click.group(cls=ListGroup)
def command() -> None:
    """A role is a command that gets facts of a session or a day as JSON, and answers with a
    summary, decisions or proposals as JSON. They are stored beside what follows from the logs, with
    where they came from. Presets run `codex exec`, without tools and only when you run them or
    switch them on: `[roles.historian]` with `when = "session idle"` in the settings file.

    Without a subcommand: list.
    """


@command.command("list")
@with_invocation
def listing(invocation: Invocation) -> None:
    """List the roles: when they run, what failed, and what they used today.

    Example: tailboard roles list
    """
    with open_for_reading(invocation) as access:
        spent = spent_on(access, invocation.now, invocation.zone)
        known_ = {row["role"]: row for row in access.rows("roles.overview")}
    roles = [
        _listed(role, known_.get(role.name), spent.get(role.name, Spent()))
        for role in all_roles(invocation.settings)
    ]

    def show(output: Output) -> None:
        output.table(
            _COLUMNS,
            [
                [
                    role.name,
                    role.when,
                    ago(role.last_run, invocation.now) if role.last_run else "never",
                    role.pending or "",
                    StyledCell(str(role.failed), "red") if role.failed else "",
                    _spent_text(role.spent),
                    ", ".join(role.writes),
                ]
                for role in roles
            ],
        )

    invocation.answer("roles", {"roles": roles}, show)


def _listed(role: Role, row: Row | None, spent: Spent) -> ListedRole:
    return ListedRole(
        role.name,
        role.when,
        row["last_run"] if row else None,
        row["failed"] if row else 0,
        row["pending"] if row else 0,
        spent,
        role.runs_per_day,
        role.tokens_per_day,
        [str(fact) for fact in role.scope],
        [str(output) for output in role.writes],
    )


def _spent_text(spent: Spent) -> str:
    used = f", {tokens_text(spent.tokens)} tokens" if spent.tokens else ""
    return f"{pluralize(spent.runs, 'run')}{used}" if spent.runs else ""


@command.command("show", cls=Command)
@_name
@with_invocation
def show(invocation: Invocation, name: str) -> None:
    """Show what a role runs, with its prompt, the schema of its answer, and its last runs.

    Example: tailboard roles show historian
    """
    role = _role(invocation, name)
    with open_for_reading(invocation) as access:
        runs = access.rows("roles.runs", role=role.name, limit=_RUNS)
    schema, line = answer_schema(role), command_line(role, "SCHEMA_FILE")

    def print_(output: Output) -> None:
        output.line(StyledCell("Command", "bold"))
        output.text(shlex.join(line), "  ")
        pairs = [
            (key, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value))
            for key, value in asdict(role).items()
            if key not in ("name", "command", "prompt") and value not in (None, ())
        ]
        output.line()
        output.fields(pairs)
        output.line()
        output.line(StyledCell("Answer", "bold"), "must be JSON of this schema:")
        output.text(json.dumps(schema, indent=2), "  ")
        for run in runs:
            output.line(
                ago(run["started_at"], invocation.now),
                run["error_code"] or "answered",
                f"{run['seconds']:.1f} s, batch {run['batch'][:8]}",
            )

    body = {"role": role, "command": line, "json_schema": schema, "runs": runs}
    invocation.answer("roles.show", body, print_)


@command.command("run", cls=Command)
@_name
@click.option(
    "--day", metavar="DAY", help="A role about days: today, yesterday, 2026-11-21. Default: today."
)
@filters("project", "session")
@with_invocation
def run(invocation: Invocation, name: str, day: str | None, only: Filters) -> int:
    """Run a role now: on a session, by default the last one of the project of this folder, or on a
    day of a project. If the input is the same as before, nothing is run again.

    Example: tailboard roles run historian --session 019a3f
    """
    role = _role(invocation, name)
    with open_for_reading(invocation) as access:
        found = _unit(invocation, access, role, only, day)
        spent = spent_on(access, invocation.now, invocation.zone).get(role.name, Spent())
    if spent.exceeds(role):
        raise Refused(
            f"The budget of {role.name} for today is used up: {_spent_text(spent)}.",
            "Raise `runs_per_day` or `tokens_per_day` of the role, or run it tomorrow.",
        )
    if Fact.TASKS in role.scope:
        write_tasks(invocation)
    batch = batch_id(role.name, found)
    with open_for_actions(invocation) as database:
        _request(database, role, batch, found)
    _run_or_wait(invocation, role, batch)
    with open_for_reading(invocation) as access:
        row = access.first_row("queue.batch", id=batch)
        written = _consolidated(invocation, access, found)
    return _answer_run(invocation, role, batch, row or {}, written)


def _unit(
    invocation: Invocation, access: QueryReader, role: Role, only: Filters, day: str | None
) -> Row:
    """What the role is run on: a row like those of `roles.session_idle`."""
    if only.session and (only.project or day or role.is_about_a_day):
        raise click.UsageError(f"{role.name} is about a day: leave out --session.")
    project = find_project(invocation, access, only.project)
    if role.is_about_a_day:
        label = project or project_here(invocation, access)
        at = moment(invocation, day, "--day", times.since) or invocation.now
        on = times.local_day(at, invocation.zone)
        found = access.first_row("roles.day_unit", project=label, day=on.isoformat())
        if found is None:
            raise NotFound(
                f"There is no project {label!r}.", "`tailboard project list` lists them."
            )
        return found
    if day:
        raise click.UsageError(f"{role.name} is about sessions: leave out --day.")
    if only.session:
        session = session_id(access, only.session)
    else:
        label = project or project_here(invocation, access)
        row = access.first_row("roles.last_session", project=label)
        if row is None:
            raise NotFound(f"No session of {label!r}.", "`tailboard sessions` lists the sessions.")
        session = row["id"]
    found = access.first_row("roles.session_unit", session=session)
    if found is None:
        raise NotFound(f"The session {session} has no file.", "`tailboard sessions` lists them.")
    return {**found, "project": None, "day": None}


def _request(database: QueryReader, role: Role, batch: str, found: Row) -> None:
    row = database.first_row("queue.batch", id=batch)
    if row is None:
        names = RequestRole.__struct_fields__
        values = {name: value for name, value in found.items() if name in names}
        database.act(RequestRole(role=role.name, batch=batch, **values))
    elif row["state"] not in _UNFINISHED:
        selection = Selection(ids=(batch,))
        database.act(BatchAction(verb=Verb.RETRY, selection=selection, reason="roles run"))


def _run_or_wait(invocation: Invocation, role: Role, batch: str) -> None:
    """Run what is queued, or wait until the process that has the database open has run it."""
    until = time.monotonic() + role.timeout_seconds + _GRACE.total_seconds()
    while time.monotonic() < until:
        if not is_owned(invocation):
            _run_here(invocation)
            return
        with open_for_reading(invocation) as access:
            row = access.first_row("queue.batch", id=batch)
        if row is None or row["state"] not in _UNFINISHED:
            return
        time.sleep(_POLL_SECONDS)


def _run_here(invocation: Invocation) -> None:
    settings, began = invocation.settings, time.monotonic()

    def clock() -> datetime:
        return invocation.now + timedelta(seconds=time.monotonic() - began)

    with open_for_writing(invocation) as database:
        rescue(database, invocation.now)
        job = RoleJob(
            database,
            all_roles(settings),
            partial(run_command, folder=database.spool, env=invocation.env),
            zone=invocation.zone,
            tuning=RunSettings(retry=Mode(settings.retry), max_attempts=settings.max_attempts),
            clock=clock,
        )
        job.run_pending()


def _answer_run(
    invocation: Invocation, role: Role, batch: str, row: Row, written: Consolidated
) -> int:
    state = row.get("state", State.PENDING)
    body = {
        "role": role.name,
        "batch": batch,
        "state": state,
        "reason": row.get("reason"),
        "error": {"code": row["error_code"], "message": row["error_message"]}
        if row.get("error_code") and state in (State.FAILED, State.DEAD)
        else None,
        **_body(written),
    }

    def print_(output: Output) -> None:
        output.line(role.name, output.state(state), row.get("reason"))
        if body["error"]:
            output.line(f"{row['error_code']}: {row['error_message']}")
            output.line(row["error_hint"])
        elif state in _UNFINISHED:
            output.note(f"It is in the queue: `tailboard batches show {batch[:8]}`")
        _print(output, written, invocation)

    invocation.answer("roles.run", body, print_)
    done = state in (State.COMPLETED, State.COMPLETED_EMPTY)
    return Exit.DONE if done else Exit.ATTENTION


@command.command("summary", cls=Command)
@click.argument("session", metavar="[SESSION]", required=False, shell_complete=known("session"))
@click.option(
    "--project",
    metavar="NAME",
    shell_complete=known("project"),
    help="Of this project. Default: the project of this folder.",
)
@click.option("--set", "text", metavar="TEXT", help="Write the summary yourself: yours counts.")
@with_invocation
def summary(
    invocation: Invocation, session: str | None, project: str | None, text: str | None
) -> None:
    """Show the summary of a session or a project that counts, and what else roles wrote. What a
    person wrote counts first, then roles in the order of the settings file.

    Example: tailboard roles summary 019a3f --set "Parser fixed; changelog open."
    """
    if session and project:
        raise click.UsageError("Give a session or --project, not both.")
    text = " ".join((text or "").split())
    with open_for_actions(invocation) if text else open_for_reading(invocation) as access:
        about: dict[str, Any] = {"session": "", "project": ""}
        if session:
            about["session"] = session_id(access, session)
        else:
            label = find_project(invocation, access, project) or project_here(invocation, access)
            row = access.first_row("projects.labelled", label=label)
            about["project"] = row["id"] if row else label
        if text:
            access.act(summary_action(text, **about))
        written = _consolidated(invocation, access, about)
    invocation.answer(
        "roles.summary", _body(written), lambda output: _print(output, written, invocation)
    )


def _consolidated(invocation: Invocation, access: QueryReader, about: Row) -> Consolidated:
    declared = role_names(invocation.settings)
    return consolidated(
        access, declared, session=about["session"] or "", project=about["project"] or ""
    )


def _body(written: Consolidated) -> dict[str, object]:
    return {name: getattr(written, name) for name in written.__struct_fields__}


def _print(output: Output, written: Consolidated, invocation: Invocation) -> None:
    if written.summary is None and not written.written:
        output.note("No role and no person wrote anything about it.")
        return
    if written.summary is not None:
        _print_one(output, written.summary, invocation, "Summary")
    for one in written.others:
        _print_one(output, one, invocation, "Also")
    for one in written.written:
        _print_one(output, one, invocation, (one.kind or "note").capitalize())


def _print_one(output: Output, one: Written, invocation: Invocation, title: str) -> None:
    batch = f"batch {one.batch[:8]}" if one.batch else ""
    output.line(
        StyledCell(title, "bold"),
        ", ".join(filter(None, [one.by, ago(one.at, invocation.now), batch])),
    )
    output.text(one.text, "  ")


def _role(invocation: Invocation, name: str) -> Role:
    roles = all_roles(invocation.settings)
    for role in roles:
        if role.name == name:
            return role
    names = ", ".join(role.name for role in roles)
    raise NotFound(f"There is no role {name!r}.", f"There are {names}.")
