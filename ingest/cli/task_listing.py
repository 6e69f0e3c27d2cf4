"""What the task commands share: the scope, and how a task is listed."""

import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from ingest.cli.ids import resolve_prefix
from ingest.cli.invocation import Invocation
from ingest.cli.output import Cell, Column, Output, StyledCell
from ingest.db.query_reader import QueryReader
from ingest.projects.tasks.model import Edge, Roadmap, Task
from ingest.projects.tasks.plan_tool import hint
from ingest.projects.tasks.roadmap import roadmap
from ingest.sessions.scope import Scope
from ingest.sessions.session import short_length
from ingest.text.numbers import pluralize
from ingest.text.times import duration

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
_LEAST_DIGITS = 4
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
    return roadmap(access, Scope(), invocation.judged)


def named(tasks: list[Task], prefix: str) -> Task:
    """The only task whose id begins with the prefix."""
    matches = [task for task in tasks if task.id.startswith(prefix.lower())] if prefix else []
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
    digits = short_length((task.id for task in every), _LEAST_DIGITS)
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


def remarks(output: Output, plan: TaskListing, homes: Iterable[Path]) -> None:
    """Notes that apply to the listed tasks."""
    for sentence in plan.refused:
        output.note(sentence)
    if plan.plan_tool_off and (advice := hint(homes)):
        output.note(advice)


def counted(tasks: list[Task]) -> str:
    ready = sum(task.ready for task in tasks)
    return f"{pluralize(len(tasks), 'task')}, {ready} ready."
