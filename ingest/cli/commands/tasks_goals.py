"""`tailboard tasks goal` and `milestone`: what people want of a project, beside its tasks."""

from typing import Final

import click

from ingest.cli.commands.tasks_actions import add_task, edit_task, task_id
from ingest.cli.group import Command, Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import project_option, reason_option
from ingest.errors import ProjectError
from ingest.projects.tasks.edits import Set
from ingest.projects.tasks.model import Origin, Task, TaskState


def _group(origin: Origin, purpose: str, example: str) -> Group:
    """The commands for goals, or for milestones."""

    def set_state(invocation: Invocation, id_: str, state: TaskState, reason: str | None) -> None:
        def edit_of(task: Task) -> Set:
            if task.origin is not origin:
                raise ProjectError(
                    f"{task.id} ({task.text}) is no {origin}.",
                    f"`tailboard tasks set {task.id} {state}` sets any task.",
                    code="other_origin",
                )
            return Set(state)

        edit_task(invocation, id_, edit_of, reason)

    @click.group(str(origin), cls=Group, help=f"{purpose}\n\nExample: tailboard tasks {example}")
    def group() -> None:
        pass

    @group.command(
        "add", cls=Command, help=f"Add a {origin}.\n\nExample: tailboard tasks {example}"
    )
    @click.argument("text", nargs=-1, required=True)
    @project_option
    @with_invocation
    def add(invocation: Invocation, text: tuple[str, ...], project: str | None) -> None:
        add_task(invocation, text, project, origin=origin)

    @group.command(
        "set",
        cls=Command,
        help=f"Set the state of a {origin}.\n\n"
        f"Example: tailboard tasks {origin} set 3fa9 in_progress",
    )
    @task_id
    @click.argument("state", type=click.Choice([state.value for state in TaskState]))
    @reason_option
    @with_invocation
    def set_(invocation: Invocation, id_: str, state: str, reason: str | None) -> None:
        set_state(invocation, id_, TaskState(state), reason)

    @group.command(
        "done",
        cls=Command,
        help=f"Mark a {origin} as reached.\n\nExample: tailboard tasks {origin} done 3fa9",
    )
    @task_id
    @reason_option
    @with_invocation
    def done(invocation: Invocation, id_: str, reason: str | None) -> None:
        set_state(invocation, id_, TaskState.DONE, reason)

    return group


GROUPS: Final = (
    _group(
        Origin.GOAL,
        "Goals that people state. A goal that Codex sets with the same text is the same one.",
        'goal add "Import bank statements"',
    ),
    _group(
        Origin.MILESTONE,
        "Milestones: what is reached when the tasks are done that they `link` to.",
        'milestone add "Release 0.2"',
    ),
)
