"""`tailboard tasks`: the tasks of a project over all its sessions."""

import click

from ingest.cli.access import open_for_reading
from ingest.cli.commands.tasks_actions import VERBS
from ingest.cli.commands.tasks_goals import GROUPS
from ingest.cli.commands.tasks_show import history, one
from ingest.cli.group import ListGroup
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import Filters, everywhere_option, filters
from ingest.cli.output import Output
from ingest.cli.scope import scope_here
from ingest.cli.task_listing import (
    TaskListing,
    among,
    counted,
    left_by,
    remarks,
    roadmap_in,
    table,
)
from ingest.db.query_reader import QueryReader
from ingest.exit_codes import Exit
from ingest.projects.tasks import drawing
from ingest.projects.tasks.filters import TaskFilter, filter_tasks, next_task, why_none_is_ready
from ingest.projects.tasks.model import Roadmap, Task, TaskState
from ingest.sessions.session import id_length

_SCOPE = ("project", "branch", "session", "since", "until", "limit", "offset")
_all = click.option(
    "--all", "all_", is_flag=True, help="Include steps that the latest plan dropped."
)


@click.group(cls=ListGroup)
def command() -> None:
    """Tasks are plan steps, goals, sub-agent assignments, open requests, proposals, and tasks,
    goals and milestones that you add. Without a subcommand: list.
    """


command.add_command(one)
command.add_command(history)
for _verb in (*VERBS, *GROUPS):
    command.add_command(_verb)


@command.command("list")
@click.option(
    "--state",
    type=click.Choice([state.value for state in TaskState]),
    multiple=True,
    help="Only tasks in this state; can be repeated.",
)
@click.option(
    "--ready",
    "choice",
    flag_value=TaskFilter.READY.value,
    help="Only tasks that can be started now.",
)
@click.option(
    "--blocked",
    "choice",
    flag_value=TaskFilter.BLOCKED.value,
    help="Only tasks that wait for other tasks.",
)
@click.option(
    "--stuck",
    "choice",
    flag_value=TaskFilter.STUCK.value,
    help="Only tasks that wait for you, stalled or failed.",
)
@click.option(
    "--done", "choice", flag_value=TaskFilter.DONE.value, help="Only tasks that are done."
)
@click.option(
    "--unproven",
    "choice",
    flag_value=TaskFilter.UNPROVEN.value,
    help="Only tasks marked done without evidence.",
)
@everywhere_option
@_all
@filters(*_SCOPE)
@with_invocation
def listing(
    invocation: Invocation,
    state: tuple[str, ...],
    choice: str | None,
    everywhere: bool,
    all_: bool,
    only: Filters,
) -> None:
    """List tasks, those of the most recently active session first.

    A task that a later session continues is listed only there; --json includes both.

    Example: tailboard tasks list --state failed --project parser
    """
    plan, digits = _read(invocation, only, everywhere=everywhere)
    tasks = plan.tasks if all_ else [task for task in plan.tasks if task.current]
    tasks = filter_tasks(tasks, TaskFilter(choice or TaskFilter.ALL))
    if state:
        tasks = [task for task in tasks if task.state in state]
    _answer(invocation, plan, digits, tasks, only, all_=all_)


@command.command("ready")
@everywhere_option
@filters(*_SCOPE)
@with_invocation
def ready(invocation: Invocation, everywhere: bool, only: Filters) -> None:
    """List tasks that can be worked on now: no open task blocks them, and no session is at them.
    If there are none, proposed and stalled ones are listed.

    Example: tailboard tasks ready --project parser
    """
    plan, digits = _read(invocation, only, everywhere=everywhere)
    _answer(invocation, plan, digits, filter_tasks(plan.tasks, TaskFilter.READY), only, ready=True)


@command.command("next")
@everywhere_option
@filters("project", "branch", "session")
@with_invocation
def following_one(invocation: Invocation, everywhere: bool, only: Filters) -> int:
    """Show the next task: what a session began and left comes first. Exits with 1, and says why,
    if no task is ready.

    Example: tailboard tasks next --branch main
    """
    plan, digits = _read(invocation, only, everywhere=everywhere)
    task = next_task(plan.tasks)
    _answer(invocation, plan, digits, [task] if task else [], Filters(), ready=True)
    return Exit.DONE if task else Exit.ATTENTION


@command.command("graph")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "dot", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--by",
    type=click.Choice([by.value for by in drawing.GroupBy]),
    help="Draw a tree from top to bottom, with a group for each session or goal.",
)
@everywhere_option
@_all
@filters(*_SCOPE)
@with_invocation
def graph(
    invocation: Invocation,
    form: str,
    by: str | None,
    everywhere: bool,
    all_: bool,
    only: Filters,
) -> None:
    """Draw how tasks depend on each other: dashed lines are plan order, solid lines your
    dependencies. What is too wide for the terminal is drawn as a tree.

    Example: tailboard tasks graph --format mermaid
    """
    with open_for_reading(invocation) as access:
        plan = _roadmap(invocation, access, only, everywhere=everywhere)
    tasks = only.page([task for task in plan.tasks if all_ or task.current])
    shown = Roadmap(tasks, among(plan.edges, tasks))

    def show(output: Output) -> None:
        match form:
            case "mermaid":
                output.text(drawing.mermaid(shown))
            case "dot":
                output.text(drawing.dot(shown))
            case _ if by:
                group = drawing.GroupBy(by)
                output.text(drawing.tree(shown, group, ascii=output.ascii, columns=output.columns))
            case _:
                output.text(drawing.text(shown, ascii=output.ascii, columns=output.columns))

    body = TaskListing(shown.tasks, shown.edges, plan.refused, plan.plan_tool_off).body()
    if form == "json":
        invocation.output.document("tasks", body)
    else:
        invocation.answer("tasks", body, show)


def _read(invocation: Invocation, only: Filters, *, everywhere: bool) -> tuple[Roadmap, int]:
    """The tasks, and how many characters of a session id distinguish owners without a name."""
    with open_for_reading(invocation) as access:
        plan = _roadmap(invocation, access, only, everywhere=everywhere)
        return plan, id_length(access, filter(None, (task.owner for task in plan.tasks)))


def _roadmap(
    invocation: Invocation, access: QueryReader, only: Filters, *, everywhere: bool
) -> Roadmap:
    scope = scope_here(invocation, access, only, everywhere=everywhere)
    return roadmap_in(invocation, access, scope, remark=True)


def _answer(
    invocation: Invocation,
    plan: Roadmap,
    digits: int,
    tasks: list[Task],
    only: Filters,
    *,
    all_: bool = False,
    ready: bool = False,
) -> None:
    shown = only.page(tasks)
    answer = TaskListing(shown, among(plan.edges, shown), plan.refused, plan.plan_tool_off)

    def show(output: Output) -> None:
        relevant = only.page([task for task in tasks if all_ or task.current])
        if relevant:
            table(output, relevant, plan.tasks, digits)
            for task in relevant if ready else ():
                if task.left_at is not None:
                    output.note(left_by(task, invocation.now))
            output.note(f"{counted(relevant)} `tailboard tasks show ID` shows one of them.")
        else:
            output.note(why_none_is_ready(plan.tasks) if ready else "No tasks.")
        remarks(output, answer, invocation.settings.codex_homes)

    invocation.answer("tasks", answer.body(), show)
