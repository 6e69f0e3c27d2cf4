"""What a person can say of tasks, each verb a command of `tailboard tasks`."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from ingest.cli.access import read_after_action
from ingest.cli.actions import ActionRunner, action_runner
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import reason_option
from ingest.cli.output import Output
from ingest.cli.scope import session_id
from ingest.cli.task_listing import everything, named, project_here, stated, touching
from ingest.pipeline.action_messages import actor
from ingest.pipeline.homes import storable
from ingest.projects.tasks import validate_edit
from ingest.projects.tasks.edits import (
    VERB,
    AddEvidence,
    Note,
    Owner,
    Reset,
    Set,
    TaskEdit,
    effective_edits,
    encode_edit,
)
from ingest.projects.tasks.model import EvidenceKind, Roadmap, Task, TaskState
from ingest.projects.tasks.plan import ID_CHARS
from ingest.projects.tasks.roadmap import recorded_edits

_id = click.argument("id_", metavar="ID")


@click.command("add", cls=Command)
@click.argument("text", nargs=-1, required=True)
@click.option("--project", metavar="NAME", help="Default: the project of this folder.")
@click.option("--branch", metavar="NAME", help="The branch, if the task belongs to only one.")
@with_invocation
def add(
    invocation: Invocation, text: tuple[str, ...], project: str | None, branch: str | None
) -> None:
    """Add a task.

    Example: tailboard tasks add "Write the changelog" --project parser
    """
    with action_runner(invocation) as orders:
        meant = project or project_here(orders.access) or storable(Path.cwd().name)
        edit = validate_edit.add(" ".join(text), meant, branch)
        task = uuid.uuid4().hex[:ID_CHARS]
        _say(invocation, orders, task, edit)


@click.command("set", cls=Command)
@_id
@click.argument("state", type=click.Choice([state.value for state in TaskState]))
@reason_option
@with_invocation
def set_(invocation: Invocation, id_: str, state: str, reason: str | None) -> None:
    """Set the state of a task. It overrides the log until `reset` or `undo`.

    Example: tailboard tasks set 3fa9 cancelled --reason "not needed any more"
    """
    _one(invocation, id_, lambda _plan, _task: Set(TaskState(state)), reason)


@click.command("complete", cls=Command)
@_id
@reason_option
@with_invocation
def complete(invocation: Invocation, id_: str, reason: str | None) -> None:
    """Mark a task as done.

    Example: tailboard tasks complete 3fa9
    """
    _one(invocation, id_, lambda _plan, _task: Set(TaskState.DONE), reason)


@click.command("block", cls=Command)
@_id
@reason_option
@with_invocation
def block(invocation: Invocation, id_: str, reason: str | None) -> None:
    """Mark a task as blocked.

    Example: tailboard tasks block 3fa9 --reason "the server is down"
    """
    _one(invocation, id_, lambda _plan, _task: Set(TaskState.BLOCKED), reason)


@click.command("link", cls=Command)
@_id
@click.argument("other", metavar="OTHER")
@with_invocation
def link(invocation: Invocation, id_: str, other: str) -> None:
    """Make task ID depend on task OTHER. A dependency cycle is refused.

    Example: tailboard tasks link 3fa9 7c01
    """
    _one(
        invocation, id_, lambda plan, task: validate_edit.link(plan, task, named(plan.tasks, other))
    )


@click.command("unlink", cls=Command)
@_id
@click.argument("other", metavar="OTHER")
@with_invocation
def unlink(invocation: Invocation, id_: str, other: str) -> None:
    """Remove the dependency of task ID on task OTHER, even if it comes from the order of a plan.

    Example: tailboard tasks unlink 3fa9 7c01
    """
    _one(
        invocation,
        id_,
        lambda plan, task: validate_edit.unlink(plan, task, named(plan.tasks, other)),
    )


@click.command("owner", cls=Command)
@_id
@click.argument("name", required=False)
@with_invocation
def owner(invocation: Invocation, id_: str, name: str | None) -> None:
    """Set the owner of a task; without a name, remove it.

    Example: tailboard tasks owner 3fa9 ada
    """
    _one(invocation, id_, lambda _plan, _task: Owner(name))


@click.command("evidence", cls=Command)
@_id
@click.argument("kind", type=click.Choice([kind.value for kind in EvidenceKind]))
@click.argument("ref")
@with_invocation
def evidence(invocation: Invocation, id_: str, kind: str, ref: str) -> None:
    """Record evidence that a task is done: a command, file, commit or session.

    Example: tailboard tasks evidence 3fa9 commit 956a49e
    """
    with action_runner(invocation) as orders:
        what = EvidenceKind(kind)
        shown = session_id(orders.access, ref) if what is EvidenceKind.SESSION else ref
        task = named(everything(invocation, orders.access).tasks, id_)
        _say(invocation, orders, task.id, AddEvidence(what, shown))


@click.command("note", cls=Command)
@_id
@click.argument("text", nargs=-1, required=True)
@with_invocation
def note(invocation: Invocation, id_: str, text: tuple[str, ...]) -> None:
    """Add a note to a task.

    Example: tailboard tasks note 3fa9 "Ask Grace about the encoding"
    """
    _one(invocation, id_, lambda _plan, _task: Note(" ".join(text)))


@click.command("reset", cls=Command)
@_id
@with_invocation
def reset(invocation: Invocation, id_: str) -> None:
    """Remove all edits of a task, so that the log determines its state. `undo` restores them.

    Example: tailboard tasks reset 3fa9
    """
    with action_runner(invocation) as orders:
        tasks = everything(invocation, orders.access).tasks
        # Also of a task that no file tells of any more: else it could never be forgotten.
        known = {task.id for task in tasks}
        lost = {one.task for one in effective_edits(recorded_edits(orders.access))} - known
        found = [name for name in lost if id_ and name.startswith(id_.lower())]
        name = found[0] if len(found) == 1 else named(tasks, id_).id
        _say(invocation, orders, name, Reset())


@click.command("undo", cls=Command)
@with_invocation
def undo(invocation: Invocation) -> None:
    """Undo your last edit of any task that is not undone yet.

    Example: tailboard tasks undo
    """
    with action_runner(invocation) as orders:
        last, edit = validate_edit.undo(recorded_edits(orders.access), actor())
        _say(invocation, orders, last.task, edit)


def _one(
    invocation: Invocation,
    prefix: str,
    wanted: Callable[[Roadmap, Task], TaskEdit],
    reason: str | None = None,
) -> None:
    """Say one thing of the task whose id begins so."""
    with action_runner(invocation) as orders:
        plan = everything(invocation, orders.access)
        task = named(plan.tasks, prefix)
        _say(invocation, orders, task.id, wanted(plan, task), reason)


def _say(
    invocation: Invocation,
    orders: ActionRunner,
    task: str,
    edit: TaskEdit,
    reason: str | None = None,
) -> None:
    """Write it down, and tell how the task stands now."""
    saying = orders.say(VERB, {"task": task}, encode_edit(edit), reason)
    plan = read_after_action(
        invocation, orders.access, lambda reader: everything(invocation, reader)
    )
    now = [one for one in plan.tasks if one.id == task]
    edges = touching(now[0], plan.edges) if now else []

    def show(output: Output) -> None:
        for one in now:
            output.line(one.id, stated(output, one), one.text)
        if not now:
            output.note(f"Undone: task {task} no longer exists.")

    invocation.answer("tasks", {"tasks": now, "edges": edges, "saying": saying}, show)


VERBS: Final = (add, set_, complete, block, link, unlink, owner, evidence, note, reset, undo)
