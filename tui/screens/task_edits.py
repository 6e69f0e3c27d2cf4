"""The commands that edit tasks. Each sends one `TaskEdit` to the database process, as the CLI does.

Keys and selection are in `tasks.py`.
"""

import uuid
from collections.abc import Callable
from typing import Final

from ingest.actions import current_user
from ingest.errors import ProjectError
from ingest.projects.tasks import validate_edit
from ingest.projects.tasks.edits import (
    Add,
    AddEvidence,
    Imported,
    Join,
    Link,
    Note,
    Owner,
    Part,
    Reset,
    Set,
    TaskEdit,
    Undo,
    Unlink,
    edit_action,
    last_edit,
)
from ingest.projects.tasks.model import EvidenceKind, Roadmap, Task, TaskState
from ingest.projects.tasks.plan import ID_CHARS
from ingest.projects.tasks.roadmap import recorded_edits
from ingest.text.sanitize import truncate
from tui import content
from tui.base_screen import BaseScreen
from tui.dialogs import ChoiceDialog, InputDialog
from tui.plan import PlanScope
from tui.widgets.plan_pane import PlanPane

_NAME_CHARS = 60
TASK_ACTIONS = (
    "complete", "block", "set", "owner", "link", "unlink", "evidence", "note", "reset_task",
)  # fmt: skip
"""Actions that need a task under the cursor, in its current state."""


class TaskEdits(BaseScreen):
    def __init__(self) -> None:
        super().__init__()
        self.plan_pane = PlanPane()
        self._edit_with: Callable[[Task], TaskEdit] | None = None
        """Makes the edit once the other end of a dependency is picked."""
        self._picking_for: Task | None = None

    @property
    def roadmap(self) -> Roadmap:
        return self.plan_pane.plan.roadmap if self.plan_pane.plan else Roadmap()

    def _edit(self, task: str, edit: TaskEdit, reason: str | None = None) -> None:
        """Send an edit, and load the tasks again."""
        action = edit_action(task, edit, reason or None)
        name = edit.text if isinstance(edit, Add) else self._task_name(task)

        async def act() -> None:
            await self.dashboard.queries.act(action)
            if isinstance(edit, Add):
                self.plan_pane.expect_other_tasks()
            text = f"“{truncate(name, _NAME_CHARS)}” {_describe(edit)}. u undoes it."
            self.notify(content.line(text).plain, markup=False)

        self.run_command(act)

    def _task_name(self, task: str) -> str:
        return next((each.text for each in self.roadmap.tasks if each.id == task), task)

    def _edit_selected(self, edit: TaskEdit, reason: str | None = None) -> None:
        if self.plan_pane.selected is not None:
            self._edit(self.plan_pane.selected.id, edit, reason)

    def _ask_line(
        self, title: str, hint: str, done: Callable[[str], None], value: str = ""
    ) -> None:
        def answered(line: str | None) -> None:
            if line is not None:
                done(line)

        self.app.push_screen(InputDialog(title, [hint], value=value), answered)

    def action_complete(self) -> None:
        task = self.plan_pane.selected
        if task is not None and task.state is TaskState.DONE:
            self.notify("This task is done already.", markup=False)
        else:
            self._edit_selected(Set(TaskState.DONE))

    def action_block(self, why: str = "") -> None:
        if why:
            self._edit_selected(Set(TaskState.BLOCKED), why)
        else:
            self._ask_line(
                "Blocked",
                "Why? The reason may be empty.",
                lambda line: self._edit_selected(Set(TaskState.BLOCKED), line),
            )

    def action_set(self, state: str = "") -> None:
        if state in list(TaskState):
            self._edit_selected(Set(TaskState(state)))
            return

        def answered(name: str | None) -> None:
            if name is not None:
                self._edit_selected(Set(TaskState(name)))

        choices = [(one.value, content.state(one)) for one in TaskState]
        self.app.push_screen(ChoiceDialog("Set state", choices), answered)

    def action_owner(self, name: str = "") -> None:
        if name:
            self._edit_selected(Owner(name))
        else:
            before = self.plan_pane.selected.owner if self.plan_pane.selected else ""
            self._ask_line(
                "Owner",
                "Who owns the task. Empty for no one.",
                lambda line: self._edit_selected(Owner(line or None)),
                before or "",
            )

    def action_note(self, text: str = "") -> None:
        if text:
            self._edit_selected(Note(text))
        else:
            self._ask_line("Note", "The note is stored with the task.", self._add_note)

    def _add_note(self, line: str) -> None:
        if line:
            self._edit_selected(Note(line))

    def action_evidence(self, text: str = "") -> None:
        if text:
            self._add_evidence(text)
        else:
            self._ask_line(
                "Evidence",
                "Type command, file, commit or session, then which one.",
                self._add_evidence,
            )

    def _add_evidence(self, line: str) -> None:
        kind, _, ref = line.partition(" ")
        if kind in list(EvidenceKind) and ref.strip():
            self._edit_selected(AddEvidence(EvidenceKind(kind), ref.strip()))
        elif line:
            hint = "Example: commit 956a49e, or: file notes/parser.md"
            self.notify(hint, severity="warning", markup=False)

    def action_reset_task(self) -> None:
        self._edit_selected(Reset())

    def action_add(self, text: str = "") -> None:
        if text:
            self._add_task(text)
        else:
            self._ask_line("New task", "What needs to be done?", self._add_task)

    def _add_task(self, line: str) -> None:
        project = self.plan_pane.plan.project if self.plan_pane.plan else None
        if not project:
            self.notify("There is no project yet to add a task to.", markup=False)
            return
        request = self.plan_pane.request
        branch = request.branch if request.scope is PlanScope.BRANCH else None
        try:
            edit = validate_edit.add(line, project, branch)
        except ProjectError as error:
            self.show_error(error)
            return
        self._edit(uuid.uuid4().hex[:ID_CHARS], edit)

    def action_undo(self) -> None:
        self.run_command(self._undo)

    async def _undo(self) -> None:
        last = last_edit(await self.dashboard.queries.ask(recorded_edits), current_user())
        if last is None:
            self.notify("Nothing to undo.", markup=False)
            return
        await self.dashboard.queries.act(edit_action(last.task, Undo(last.id)))
        self.plan_pane.expect_other_tasks()
        name = truncate(self._task_name(last.task), _NAME_CHARS)
        text = content.line(f"Undone: “{name}” {_describe(last.edit)}").plain
        self.notify(text, markup=False)

    # ── dependencies ──────────────────────────────────────────────────────────────────────────────

    def action_link(self) -> None:
        task = self.plan_pane.selected
        if task is not None:
            self._start_picking(
                task, "depends on", lambda other: validate_edit.link(self.roadmap, task, other)
            )

    def action_unlink(self) -> None:
        task = self.plan_pane.selected
        if task is None:
            return
        by_id = {each.id: each for each in self.roadmap.tasks}
        if len(task.depends_on) == 1 and task.depends_on[0] in by_id:
            other = by_id[task.depends_on[0]]
            self._edit(task.id, validate_edit.unlink(self.roadmap, task, other))
            return
        self._start_picking(
            task,
            "no longer depends on",
            lambda other: validate_edit.unlink(self.roadmap, task, other),
        )

    @property
    def is_picking(self) -> bool:
        """Whether the next Enter picks the other end of a dependency."""
        return self._edit_with is not None

    def _start_picking(self, task: Task, verb: str, edit_with: Callable[[Task], TaskEdit]) -> None:
        self._edit_with, self._picking_for = edit_with, task
        self.plan_pane.picking = content.lines(
            content.row(content.line(task.text, "bold"), content.line(f"{verb} …", "yellow")),
            content.line("Go to the other task. Enter picks it, Esc cancels.", "yellow"),
        )
        self.plan_pane.update_status()

    def cancel_picking(self) -> None:
        self._edit_with, self._picking_for, self.plan_pane.picking = None, None, None
        self.plan_pane.update_status()

    def pick(self) -> None:
        edit_with, task, other = self._edit_with, self._picking_for, self.plan_pane.selected
        self.cancel_picking()
        if edit_with is None or task is None or other is None:
            return
        try:
            edit = edit_with(other)
        except ProjectError as error:
            self.show_error(error)
            return
        self._edit(task.id, edit)
        self.plan_pane.select(task.id)


_DONE: Final[dict[type[TaskEdit], str]] = {
    Add: "added",
    Link: "dependency added",
    Unlink: "dependency removed",
    AddEvidence: "evidence added",
    Note: "note added",
    Join: "joined",
    Part: "separated",
    Imported: "imported",
    Reset: "edits removed",
    Undo: "undone",
}


def _describe(edit: TaskEdit) -> str:
    match edit:
        case Set(state):
            return f"set to {state.replace('_', ' ')}"
        case Owner(name):
            return f"owner set to {name}" if name else "owner removed"
        case _:
            return _DONE[type(edit)]
