"""`tailboard team share`, `unshare`, `preview`, `push` and `pause`: what leaves this machine."""

import re
import time
from collections import Counter
from typing import Final

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.actions import BatchAction
from ingest.batches.action import Selection, Verb
from ingest.batches.state import State
from ingest.cli.access import (
    open_for_actions,
    open_for_reading,
    open_for_writing,
    write_tasks,
)
from ingest.cli.confirm import confirmed, yes_option
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known
from ingest.cli.output import Output
from ingest.cli.team_store import membership, own_project, shared, team_file
from ingest.db.actions import execute_action
from ingest.db.query_reader import QueryReader, allow_for_load
from ingest.db.queue import rescue
from ingest.errors import NotFound, Refused
from ingest.exit_codes import Exit
from ingest.pipeline.run import RunSettings
from ingest.projects.tasks.writer import TasksWriter
from ingest.server import owner_file
from ingest.server.owner_file import Role
from ingest.team.build import build, find_changes
from ingest.team.membership import Level, Membership, SharedProject, Sharing
from ingest.team.postgres import require_client
from ingest.team.rows import NOUNS, Changes, Portion
from ingest.team.share_job import ShareJob
from ingest.team.status import ProjectStatus, project_statuses
from ingest.text.numbers import pluralize
from ingest.text.times import utc_now

_MASKED: Final = re.compile(r"\[secret: ([a-z-]{1,40})\]|\[(private)\]")
_SHOWN: Final = 3
_WAIT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.2
_VALUE_CHARS: Final = 300
_project = click.argument("project", shell_complete=known("project"))
_level = click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    help="figures: states, counts, tokens, durations. plan: also titles, branches, tasks and "
    "journals. text: also messages, commands and their output.",
)


class PreviewedRow(Struct, frozen=True):
    table: str
    row: object


class Preview(Struct, frozen=True, kw_only=True):
    """What would leave of one project."""

    project: str
    level: str
    units: int
    """Sessions, and the list of tasks."""
    rows: dict[str, int]
    masked: dict[str, int]
    """How many secrets of each kind are masked in it."""
    gone: int
    """Sessions that would be deleted there."""
    records: list[PreviewedRow]


def _preview(
    invocation: Invocation, access: QueryReader, project: SharedProject, changes: Changes
) -> Preview:
    turns = invocation.settings.journal_turns
    portion = build(access, project, changes.units, invocation.zone, turns)
    return Preview(
        project=project.label,
        level=project.level.value,
        units=changes.total,
        rows={noun: len(rows) for noun, rows in portion.rows.items() if rows},
        masked=_masked(portion),
        gone=len(changes.gone),
        records=[PreviewedRow(noun, built.row) for noun in NOUNS for built in portion.rows[noun]],
    )


def _masked(portion: Portion) -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for rows in portion.rows.values():
        for built in rows:
            text = msgspec.json.encode(built.row).decode()
            kinds.update(kind or private for kind, private in _MASKED.findall(text))
    return dict(sorted(kinds.items()))


def _show_preview(output: Output, preview: Preview, limit: int) -> None:
    counts = ", ".join(f"{count} {noun}" for noun, count in preview.rows.items()) or "nothing"
    output.line(f"{preview.project} at level {preview.level}: {counts}.")
    if preview.gone:
        output.line(f"{pluralize(preview.gone, 'session')} would be deleted there.")
    masked = ", ".join(f"{count} {kind}" for kind, count in preview.masked.items())
    output.line(f"Masked in it: {masked or 'nothing'}.")
    for noun in NOUNS:
        rows = [record.row for record in preview.records if record.table == noun]
        for row in rows[:limit]:
            output.line()
            output.line(noun)
            values = msgspec.to_builtins(row)
            output.fields(
                [
                    (f"  {name}", _short(value))
                    for name, value in values.items()
                    if value is not None
                ]
            )
        if limit and len(rows) > limit:
            output.line(f"and {len(rows) - limit} more; --limit or --json shows them.")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _VALUE_CHARS else f"{text[:_VALUE_CHARS]}… ({len(text)} characters)"


@click.command("preview", cls=Command)
@click.argument("project", required=False, shell_complete=known("project"))
@_level
@click.option("--limit", default=_SHOWN, show_default=True, type=click.IntRange(min=0),
              help="Print at most N rows of each table; --json prints all.")  # fmt: skip
@with_invocation
def preview(invocation: Invocation, project: str | None, level: str | None, limit: int) -> None:
    """Show exactly what would leave this machine of a project, or of all that are shared, as if
    nothing had been sent yet. Sends nothing, and needs no server.

    Example: tailboard team preview parser --level plan
    """
    team = team_file(invocation).read()
    _write_tasks(invocation)
    with open_for_reading(invocation) as access:
        if project is not None:
            chosen = [_candidate(invocation, access, team, project, level)]
        else:
            chosen = [
                replace(one, level=Level(level)) if level else one
                for one in (team.projects if team else ())
                if one.sharing is Sharing.ON
            ]
        stranger = _stranger(invocation)
        found = [
            _preview(invocation, access, one, replace(find_changes(access, stranger, one), gone=[]))
            for one in chosen
        ]
    if not found:
        raise NotFound("Nothing is shared.", "Name a project: `tailboard project list` lists them.")

    def show(output: Output) -> None:
        for one in found:
            _show_preview(output, one, limit)

    invocation.answer("team.preview", {"projects": found}, show)


def _stranger(invocation: Invocation) -> Membership:
    """A membership of which nothing was sent yet."""
    return Membership("", "", "", "", invocation.now)


def _candidate(
    invocation: Invocation,
    access: QueryReader,
    team: Membership | None,
    text: str,
    level: str | None,
    private: bool | None = None,
) -> SharedProject:
    id_, label = own_project(invocation, access, text)
    old = team.project(id_) if team is not None else None
    chosen = Level(level) if level else old.level if old else Level.FIGURES
    hidden = private if private is not None else old is not None and old.private
    return SharedProject(id_, label, chosen, utc_now(), private=hidden)


@click.command("share", cls=Command)
@_project
@_level
@click.option("--private/--no-private", default=None,
              help="Let only yourself read it there, on all your machines.")  # fmt: skip
@yes_option
@with_invocation
def share(
    invocation: Invocation, project: str, level: str | None, private: bool | None, yes: bool
) -> int:
    """Share a project with the team, from now on and at this level, after showing what would leave.
    Without --level: figures.

    Example: tailboard team share parser --level plan
    """
    require_client()
    team = membership(invocation)
    _write_tasks(invocation)
    with open_for_reading(invocation) as access:
        one = _candidate(invocation, access, team, project, level, private)
        everything = replace(find_changes(access, _stranger(invocation), one), gone=[])
        found = _preview(invocation, access, one, everything)
    if not invocation.options.json:
        _show_preview(invocation.output, found, 0)
    seen_by = ", for yourself only" if one.private else ""
    question = f"Share {one.label} at level {one.level}{seen_by}?"
    if not confirmed(invocation.output, question, yes=yes):
        return Exit.ATTENTION
    team_file(invocation).share(replace(one, since=invocation.now))
    invocation.answer(
        "team.share",
        {"projects": [replace(found, records=[])]},
        lambda output: output.line(
            "Shared. A running dashboard or `ingest --follow` sends it, or `tailboard team push`."
        ),
    )
    return Exit.DONE


@click.command("unshare", cls=Command)
@_project
@click.option("--withdraw", is_flag=True, help="Also delete what this installation stored of it.")
@with_invocation
def unshare(invocation: Invocation, project: str, withdraw: bool) -> int:
    """Stop sharing a project. What was sent stays, unless --withdraw deletes it.

    Example: tailboard team unshare parser --withdraw
    """
    require_client()
    team = membership(invocation)
    with open_for_reading(invocation) as access:
        one = shared(team, invocation, access, project)
    sharing = Sharing.WITHDRAWING if withdraw else Sharing.STOPPED
    team_file(invocation).share(replace(one, sharing=sharing))
    left: list[ProjectStatus] = []
    if withdraw:
        left = [each for each in _send(invocation, {one.id}) if each.project == one.label]

    def show(output: Output) -> None:
        if not withdraw:
            output.line(f"{one.label} is not shared any more; what was sent stays there.")
        elif left:
            output.line(f"{one.label} is not shared any more, and is deleted there once possible.")
            output.line(left[0].error, left[0].hint)
        else:
            output.line(f"{one.label} is not shared any more, and nothing of it is left there.")

    invocation.answer("team.unshare", {"projects": left, "withdrawn": withdraw and not left}, show)
    return Exit.ATTENTION if left else Exit.DONE


@click.command("pause", cls=Command)
@click.option("--off", is_flag=True, help="Send again.")
@with_invocation
def pause(invocation: Invocation, off: bool) -> None:
    """Stop sending until `team pause --off`. What is shared stays decided.

    Example: tailboard team pause
    """
    team = team_file(invocation).pause(not off)
    message = "Nothing is sent any more." if team.paused else "What is shared is sent again."
    invocation.answer("team.pause", {"paused": team.paused}, lambda output: output.line(message))


@click.command("push", cls=Command)
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send nothing.")
@with_invocation
def push(invocation: Invocation, dry_run: bool) -> int:
    """Send now what is shared and changed. The process that has the database open does it, if there
    is one that follows.

    Example: tailboard team push --dry-run
    """
    require_client()
    team = membership(invocation)
    if dry_run:
        _print_dry_run(invocation, team)
        return Exit.DONE
    if team.paused:
        raise Refused("Sending is paused.", "`tailboard team pause --off` ends that.")
    found = _send(invocation, {one.id for one in team.projects})

    def show(output: Output) -> None:
        for one in found:
            if one.error:
                output.line(output.state("failed"), f"{one.project}: {one.error}", one.hint)
            elif one.behind:
                output.line(output.state("pending"), f"{one.project}: {one.behind} still to send.")
            else:
                output.line(
                    output.state("ok"), f"{one.project}: {pluralize(one.rows, 'row')} sent."
                )
        if not found:
            output.note("Nothing is shared. `tailboard team share PROJECT` shares a project.")

    invocation.answer("team.push", {"projects": found}, show)
    return Exit.ATTENTION if any(one.error or one.behind for one in found) else Exit.DONE


def _write_tasks(invocation: Invocation) -> None:
    """Tasks are sent as they are stored, which an owner keeps up to date by itself."""
    if invocation.settings.memory_enabled:
        write_tasks(invocation)


def _print_dry_run(invocation: Invocation, team: Membership) -> None:
    _write_tasks(invocation)
    with open_for_reading(invocation) as access:
        found = [
            _preview(invocation, access, one, find_changes(access, team, one))
            for one in team.projects
            if one.sharing is Sharing.ON
        ]
    found = [replace(one, records=[]) for one in found]

    def show(output: Output) -> None:
        for one in found:
            _show_preview(output, one, 0)
        if not found:
            output.note("Nothing is shared.")

    invocation.answer("team.push", {"dry_run": True, "projects": found}, show)


# ── sending ─────────────────────────────────────────────────────────────────────────────────────


def _send(invocation: Invocation, projects: set[str]) -> list[ProjectStatus]:
    """Send these projects now; return how far each came."""
    owner = owner_file.read(invocation.settings.db)
    if owner is not None and owner.role in (Role.FOLLOW, Role.DASHBOARD):
        return _let_the_owner_send(invocation, projects)
    return _send_here(invocation, projects)


def _retry(invocation: Invocation, projects: set[str]) -> BatchAction:
    """Also what failed, or was given up, is due again."""
    team = membership(invocation)
    ids = tuple(one.batch_id for one in team.projects if one.id in projects)
    return BatchAction(verb=Verb.RETRY, selection=Selection(ids=ids), reason="team push")


def _send_here(invocation: Invocation, projects: set[str]) -> list[ProjectStatus]:
    settings = invocation.settings
    with open_for_writing(invocation) as database:
        job = ShareJob(
            database,
            team_file(invocation),
            turns=settings.journal_turns,
            zone=invocation.zone,
            tuning=RunSettings(max_attempts=settings.max_attempts),
            clock=lambda: invocation.now,
        )
        if settings.memory_enabled:
            TasksWriter(database, lambda: invocation.judged).run(job.stop)
        rescue(database, invocation.now)
        execute_action(
            database, _retry(invocation, projects), invocation.now, settings.max_attempts
        )
        job.run(projects)
        return project_statuses(database, membership(invocation))


def _let_the_owner_send(invocation: Invocation, projects: set[str]) -> list[ProjectStatus]:
    """Ask the owner to do it now, and wait until it did, or failed."""
    deadline = time.monotonic() + allow_for_load(_WAIT_SECONDS)
    with open_for_actions(invocation) as database:
        database.act(_retry(invocation, projects))
        while True:
            found = project_statuses(database, membership(invocation))
            waiting = any(
                one.error is None
                and (one.state in (Sharing.WITHDRAWING, *_AT_WORK) or one.behind > 0)
                for one in found
            )
            if not waiting or time.monotonic() >= deadline:
                return found
            time.sleep(_POLL_SECONDS)


_AT_WORK: Final = (State.PENDING, State.CLAIMED)
