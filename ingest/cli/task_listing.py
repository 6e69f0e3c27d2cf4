"""What the task commands share: the scope, and how a task is listed."""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from ingest.cli.checkout_state import checkout_state
from ingest.cli.ids import resolve_prefix
from ingest.cli.invocation import Invocation
from ingest.cli.output import Cell, Column, Output, StyledCell
from ingest.db.query_reader import QueryReader
from ingest.projects.git.read_repository import Git
from ingest.projects.tasks.filters import LEAST_DIGITS
from ingest.projects.tasks.model import Edge, Roadmap, Task
from ingest.projects.tasks.plan_tool import hint
from ingest.projects.tasks.roadmap import roadmap
from ingest.sessions.scope import Scope
from ingest.sessions.session import ID_CHARS, short_length
from ingest.text.numbers import pluralize
from ingest.text.times import ago, duration

COLUMNS = (
    Column("ID"),
    Column("STATE"),
    Column("TASK", least=20),
    Column("FROM", spare=2),
    Column("PROJECT", least=8, spare=3),
    Column("BRANCH", least=6, spare=5),
    Column("OWNER", least=6, spare=4),
    Column("TIME", right=True, spare=1),
)
_IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
"""An agent without a name is called by the id of its session."""


class TaskListing(Struct, frozen=True):
    """The fields of a `tasks` document, in their order."""

    tasks: list[Task]
    edges: list[Edge]
    refused: list[str]
    plan_tool_off: bool

    def body(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


def everything(invocation: Invocation, access: QueryReader) -> Roadmap:
    """All tasks, with those of the state file of this checkout."""
    return roadmap_in(invocation, access, Scope())


def roadmap_in(
    invocation: Invocation, access: QueryReader, scope: Scope, *, remark: bool = False
) -> Roadmap:
    """The tasks in a scope, with those of the state file of this checkout. `remark`: print that
    the file was used."""
    file = checkout_state(invocation, access, scope.project)
    if remark and file is not None and file.remark:
        invocation.output.note(file.remark)
    git, more = Git(invocation.env), file.edits if file else []
    return roadmap(access, scope, invocation.judged, git, str(invocation.here), more)


def find_task(
    invocation: Invocation, access: QueryReader, id_: str, project: str | None = None
) -> tuple[Roadmap, Task]:
    """The only task with an id that begins like this, in a roadmap that has its project and all
    that it is linked with. That of all projects takes several times longer, and is not needed for
    the whole id of a task that is linked with none of another project."""
    if project is None:
        row = access.first_row("tasks.project_of_task", id=id_.lower())
        project = row["project"] if row else None
    if project is not None:
        plan = roadmap_in(invocation, access, Scope(project=project))
        task = next((one for one in plan.tasks if one.id == id_.lower()), None)
        if task is not None and task.id not in plan.linked_outside:
            return plan, task
    plan = everything(invocation, access)
    return plan, named(plan.tasks, id_)


def among(edges: list[Edge], tasks: list[Task]) -> list[Edge]:
    """The edges between these tasks."""
    ids = {task.id for task in tasks}
    return [edge for edge in edges if edge.source in ids and edge.target in ids]


def named(tasks: list[Task], prefix: str) -> Task:
    """The only task that has an id, or once had one, that begins with the prefix."""
    written = prefix.lower()
    matches = [
        task
        for task in tasks
        if written
        and any(name.startswith(written) for name in (task.id, *(a.id for a in task.appearances)))
    ]
    return resolve_prefix(
        matches,
        prefix,
        "task",
        "`tailboard tasks list --everywhere --all` lists them.",
        lambda task: f"{task.id}  {task.text}",
    )


def touching(task: Task, edges: list[Edge]) -> list[Edge]:
    return [edge for edge in edges if task.id in (edge.source, edge.target)]


def table(output: Output, tasks: list[Task], every: list[Task], owner_digits: int) -> None:
    """Print the tasks, one per line; ids are as short as possible but unique."""
    digits = short_length((task.id for task in every), LEAST_DIGITS)
    output.table(COLUMNS, [_cells(output, task, digits, owner_digits) for task in tasks])


def _cells(output: Output, task: Task, digits: int, owner_digits: int) -> list[Cell]:
    owner = task.owner or ""
    return [
        task.id[:digits],
        stated(output, task),
        task.text,
        task.origin,
        task.project,
        task.branch,
        owner[:owner_digits] if _IS_ID(owner) else owner,
        duration(task.seconds),
    ]


def stated(output: Output, task: Task) -> StyledCell:
    """The state; if a user set it, also the state by the log."""
    state = output.state(task.state)
    if task.derived_state in (None, task.state):
        return state
    return StyledCell(f"{state.text} (log: {task.derived_state.replace('_', ' ')})", state.color)


def left_by(task: Task, now: datetime) -> str:
    """The session that began the task, and when it ended."""
    ended = ago(task.left_at, now) if task.left_at else ""
    return f"{task.text}: begun in {(task.session or '')[:ID_CHARS]}, ended {ended}."


def remarks(output: Output, plan: TaskListing, homes: Iterable[Path]) -> None:
    """Notes that apply to the listed tasks."""
    for sentence in plan.refused:
        output.note(sentence)
    if plan.plan_tool_off and (advice := hint(homes)):
        output.note(advice)


def counted(tasks: list[Task]) -> str:
    ready = sum(task.ready for task in tasks)
    return f"{pluralize(len(tasks), 'task')}, {ready} ready."
