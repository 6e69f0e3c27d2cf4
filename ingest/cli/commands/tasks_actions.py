"""The edits of tasks, each a command of `tailboard tasks`."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import click

from ingest.actions import current_user
from ingest.cli.access import open_for_actions
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known, project_option, reason_option
from ingest.cli.output import Output
from ingest.cli.scope import find_project, insist_on_project, project_at, root_at, session_id
from ingest.cli.task_listing import everything, find_task, named, stated, touching
from ingest.db.query_reader import QueryReader
from ingest.errors import GitFailed, NotFound
from ingest.projects.tasks import validate_edit
from ingest.projects.tasks.edits import (
    AddEvidence,
    Note,
    Owner,
    Reset,
    Set,
    TaskEdit,
    edit_action,
    effective_edits,
)
from ingest.projects.tasks.model import Edge, EvidenceKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.plan import ID_CHARS
from ingest.projects.tasks.roadmap import recorded_edits

task_id = click.argument("id_", metavar="ID", shell_complete=known("task"))


@click.command("add", cls=Command)
@click.argument("text", nargs=-1, required=True)
@project_option
@click.option(
    "--branch",
    metavar="NAME",
    shell_complete=known("branch"),
    help="The branch, if the task belongs to only one.",
)
@with_invocation
def add(
    invocation: Invocation, text: tuple[str, ...], project: str | None, branch: str | None
) -> None:
    """Add a task.

    Example: tailboard tasks add "Write the changelog" --project parser
    """
    add_task(invocation, text, project, branch)


@click.command("set", cls=Command)
@task_id
@click.argument("state", type=click.Choice([state.value for state in TaskState]))
@reason_option
@with_invocation
def set_(invocation: Invocation, id_: str, state: str, reason: str | None) -> None:
    """Set the state of a task. It overrides the log until `reset` or `undo`.

    Example: tailboard tasks set 3fa9 cancelled --reason "not needed any more"
    """
    edit_task(invocation, id_, lambda _task: Set(TaskState(state)), reason)


@click.command("complete", cls=Command)
@task_id
@reason_option
@with_invocation
def complete(invocation: Invocation, id_: str, reason: str | None) -> None:
    """Mark a task as done.

    Example: tailboard tasks complete 3fa9
    """
    edit_task(invocation, id_, lambda _task: Set(TaskState.DONE), reason)


@click.command("block", cls=Command)
@task_id
@reason_option
@with_invocation
def block(invocation: Invocation, id_: str, reason: str | None) -> None:
    """Mark a task as blocked.

    Example: tailboard tasks block 3fa9 --reason "the server is down"
    """
    edit_task(invocation, id_, lambda _task: Set(TaskState.BLOCKED), reason)


@click.command("link", cls=Command)
@task_id
@click.argument("other", metavar="OTHER", shell_complete=known("task"))
@with_invocation
def link(invocation: Invocation, id_: str, other: str) -> None:
    """Make task ID depend on task OTHER. A dependency cycle is refused.

    Example: tailboard tasks link 3fa9 7c01
    """
    _edit_two(invocation, id_, other, validate_edit.link)


@click.command("unlink", cls=Command)
@task_id
@click.argument("other", metavar="OTHER", shell_complete=known("task"))
@with_invocation
def unlink(invocation: Invocation, id_: str, other: str) -> None:
    """Remove the dependency of task ID on task OTHER, even if it comes from the order of a plan.

    Example: tailboard tasks unlink 3fa9 7c01
    """
    _edit_two(invocation, id_, other, validate_edit.unlink)


@click.command("join", cls=Command)
@task_id
@click.argument("other", metavar="OTHER", shell_complete=known("task"))
@with_invocation
def join(invocation: Invocation, id_: str, other: str) -> None:
    """Make task ID and task OTHER one task, as if sessions had listed it with one text.

    Example: tailboard tasks join 3fa9 7c01
    """
    _edit_two(invocation, id_, other, validate_edit.join)


@click.command("part", cls=Command)
@task_id
@with_invocation
def part(invocation: Invocation, id_: str) -> None:
    """Make what a session lists as ID a task of its own, together with the sessions that listed it
    later. `history` shows the ids of a task.

    Example: tailboard tasks part 7c01
    """
    with open_for_actions(invocation) as database:
        _, task = find_task(invocation, database, id_)
        record(invocation, database, *validate_edit.part(task, id_))


@click.command("owner", cls=Command)
@task_id
@click.argument("name", required=False)
@with_invocation
def owner(invocation: Invocation, id_: str, name: str | None) -> None:
    """Set the owner of a task; without a name, remove it.

    Example: tailboard tasks owner 3fa9 ada
    """
    edit_task(invocation, id_, lambda _task: Owner(name))


@click.command("evidence", cls=Command)
@task_id
@click.argument("kind", type=click.Choice([kind.value for kind in EvidenceKind]))
@click.argument("ref")
@with_invocation
def evidence(invocation: Invocation, id_: str, kind: str, ref: str) -> None:
    """Record evidence that a task is done: a command, file, commit or session. A commit must exist
    in the repository of the task's project, if that can be read.

    Example: tailboard tasks evidence 3fa9 commit 956a49e
    """
    with open_for_actions(invocation) as database:
        if kind == EvidenceKind.SESSION:
            ref = session_id(database, ref)
        _, task = find_task(invocation, database, id_)
        if kind == EvidenceKind.COMMIT:
            ref = _commit(invocation, database, task.project, ref)
        record(invocation, database, task.id, AddEvidence(EvidenceKind(kind), ref))


@click.command("note", cls=Command)
@task_id
@click.argument("text", nargs=-1, required=True)
@with_invocation
def note(invocation: Invocation, id_: str, text: tuple[str, ...]) -> None:
    """Add a note to a task.

    Example: tailboard tasks note 3fa9 "Ask Grace about the encoding"
    """
    edit_task(invocation, id_, lambda _task: Note(" ".join(text)))


@click.command("reset", cls=Command)
@task_id
@with_invocation
def reset(invocation: Invocation, id_: str) -> None:
    """Remove all edits of a task, so that the log determines its state. `undo` restores them.

    Example: tailboard tasks reset 3fa9
    """
    with open_for_actions(invocation) as database:
        tasks = everything(invocation, database).tasks
        # Also of a task that is in no file any more: otherwise its edits could never be removed.
        known = {task.id for task in tasks}
        lost = {edit.task for edit in effective_edits(recorded_edits(database))} - known
        matches = [task for task in lost if id_ and task.startswith(id_.lower())]
        task = matches[0] if len(matches) == 1 else named(tasks, id_).id
        record(invocation, database, task, Reset())


@click.command("undo", cls=Command)
@with_invocation
def undo(invocation: Invocation) -> None:
    """Undo your last edit of any task that is not undone yet.

    Example: tailboard tasks undo
    """
    with open_for_actions(invocation) as database:
        last, edit = validate_edit.undo(recorded_edits(database), current_user())
        record(invocation, database, last.task, edit)


def add_task(
    invocation: Invocation,
    text: tuple[str, ...],
    project: str | None,
    branch: str | None = None,
    origin: Origin = Origin.PERSON,
) -> None:
    """Add a task, a goal or a milestone to a project; without a name, to that of the folder."""
    with open_for_actions(invocation) as database:
        if project is not None:
            insist_on_project(invocation, database, project)
            label = find_project(invocation, database, project)
        else:
            label = project_at(invocation, database, invocation.here)
        # A repository in which no session worked yet has no label: its folder stands for it.
        edit = validate_edit.add(" ".join(text), label or root_at(invocation.here), branch, origin)
        record(invocation, database, uuid.uuid4().hex[:ID_CHARS], edit)


def _commit(invocation: Invocation, database: QueryReader, project: str, name: str) -> str:
    """The id of a commit of the project; its name as it is if there is no repository to ask."""
    # Imported late: no other edit asks git.
    from ingest.projects.exports import project_folder
    from ingest.projects.git.read_repository import Git

    git, folder = Git(invocation.env), project_folder(database, project)
    try:
        root = git.root(str(folder) if folder else None)
        commit = git.commit(root, name) if root else name
    except GitFailed as error:
        invocation.output.note(f"Commit {name} was not checked: {error.message}")
        return name
    if commit is None:
        raise NotFound(
            f"The repository {root} has no commit {name!r}.", "`git log --oneline` lists them."
        )
    return commit


def edit_task(
    invocation: Invocation,
    prefix: str,
    edit_of: Callable[[Task], TaskEdit],
    reason: str | None = None,
) -> None:
    """Record an edit of the task with this id prefix."""
    with open_for_actions(invocation) as database:
        _, task = find_task(invocation, database, prefix)
        record(invocation, database, task.id, edit_of(task), reason, task.project)


def _edit_two(
    invocation: Invocation,
    prefix: str,
    other: str,
    edit_of: Callable[[Roadmap, Task, Task], TaskEdit],
) -> None:
    """Record an edit of the task with this id prefix about another one, of whatever project."""
    with open_for_actions(invocation) as database:
        plan = everything(invocation, database)
        task, to = named(plan.tasks, prefix), named(plan.tasks, other)
        record(invocation, database, task.id, edit_of(plan, task, to))


def record(
    invocation: Invocation,
    database: QueryReader,
    task: str,
    edit: TaskEdit,
    reason: str | None = None,
    project: str | None = None,
) -> None:
    """Record the edit, and show the task, which may be of this project, as it is now."""
    action = edit_action(task, edit, reason)
    database.act(action)
    now, edges = list[Task](), list[Edge]()
    with suppress(NotFound):
        plan, found = find_task(invocation, database, task, project)
        now, edges = [found], touching(found, plan.edges)

    def show(output: Output) -> None:
        for each in now:
            output.line(each.id, stated(output, each), each.text)
        if not now:
            output.note(f"Undone: task {task} no longer exists.")

    invocation.answer("tasks.edit", {"tasks": now, "edges": edges, "saying": action.id}, show)


VERBS: Final = (
    add,
    set_,
    complete,
    block,
    link,
    unlink,
    join,
    part,
    owner,
    evidence,
    note,
    reset,
    undo,
)
