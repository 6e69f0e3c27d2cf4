"""What a person says of tasks at the keyboard: a deed an action, its words asked for first.

It is written down as the CLI does it, and shown beside what the log says. The keys, and which task
is looked at, are for the screen.
"""

import uuid
from collections.abc import Callable

from ingest.errors import ProjectError
from ingest.pipeline.action_messages import actor
from ingest.projects.tasks import validate_edit as wishes
from ingest.projects.tasks.edits import (
    VERB,
    AddEvidence,
    Note,
    Owner,
    Reset,
    Set,
    TaskEdit,
    encode_edit,
)
from ingest.projects.tasks.model import EvidenceKind, Roadmap, Task, TaskState
from ingest.projects.tasks.plan import ID_CHARS
from ingest.projects.tasks.roadmap import recorded_edits
from tui import content
from tui.actions_runner import ActionRunner
from tui.base_screen import BaseScreen
from tui.dialogs import Ask, Choose
from tui.plan import Within
from tui.widgets.plan_pane import PlanPane

OF_A_TASK = (
    "complete", "block", "set", "owner", "link", "unlink", "evidence", "note", "reset_task",
)  # fmt: skip
"""The actions that need a task under the cursor, as it stands now."""


class TaskEdits(BaseScreen):
    def __init__(self) -> None:
        super().__init__()
        self.plan = PlanPane()
        self._pick: Callable[[Task], TaskEdit] | None = None
        self._picked_for: Task | None = None

    @property
    def roadmap(self) -> Roadmap:
        return self.plan.found.roadmap if self.plan.found else Roadmap()

    def _say(self, task: str, deed: TaskEdit, reason: str | None = None) -> None:
        """Write it down, and show what comes of it."""

        about, words = {"task": task}, encode_edit(deed)
        orders = ActionRunner(self.dashboard.feed)
        self.order(lambda: orders.say(VERB, about, words, reason or None))

    def _of_chosen(self, deed: TaskEdit, reason: str | None = None) -> None:
        if self.plan.chosen is not None:
            self._say(self.plan.chosen.id, deed, reason)

    def _ask_line(
        self, title: str, hint: str, done: Callable[[str], None], value: str = ""
    ) -> None:
        def answered(line: str | None) -> None:
            if line is not None:
                done(line)

        self.app.push_screen(Ask(title, [hint], value=value), answered)

    def action_complete(self) -> None:
        self._of_chosen(Set(TaskState.DONE))

    def action_block(self, why: str = "") -> None:
        if why:
            self._of_chosen(Set(TaskState.BLOCKED), why)
        else:
            self._ask_line(
                "Blocked",
                "Why? Enter alone says no reason.",
                lambda line: self._of_chosen(Set(TaskState.BLOCKED), line),
            )

    def action_set(self, state: str = "") -> None:
        if state in list(TaskState):
            self._of_chosen(Set(TaskState(state)))
            return

        def answered(name: str | None) -> None:
            if name is not None:
                self._of_chosen(Set(TaskState(name)))

        choices = [(one.value, content.state(one)) for one in TaskState]
        self.app.push_screen(Choose("How it stands", choices), answered)

    def action_owner(self, name: str = "") -> None:
        if name:
            self._of_chosen(Owner(name))
        else:
            before = self.plan.chosen.owner if self.plan.chosen else ""
            self._ask_line(
                "Owner",
                "Whose task it is; nothing for nobody's.",
                lambda line: self._of_chosen(Owner(line or None)),
                before or "",
            )

    def action_note(self, text: str = "") -> None:
        if text:
            self._of_chosen(Note(text))
        else:
            self._ask_line("Note", "Kept at this task.", self._noted)

    def _noted(self, line: str) -> None:
        if line:
            self._of_chosen(Note(line))

    def action_evidence(self, said: str = "") -> None:
        if said:
            self._proved(said)
        else:
            self._ask_line(
                "Evidence", "command, file, commit or session; then which one.", self._proved
            )

    def _proved(self, line: str) -> None:
        kind, _, ref = line.partition(" ")
        if kind in list(EvidenceKind) and ref.strip():
            self._of_chosen(AddEvidence(EvidenceKind(kind), ref.strip()))
        elif line:
            hint = "Like this: commit 956a49e, or: file notes/parser.md"
            self.notify(hint, severity="warning", markup=False)

    def action_reset_task(self) -> None:
        self._of_chosen(Reset())

    def action_add(self, text: str = "") -> None:
        if text:
            self._added(text)
        else:
            self._ask_line("New task", "What is to be done?", self._added)

    def _added(self, line: str) -> None:
        found = self.plan.found
        project = found.project if found else None
        if not project:
            self.notify("There is no project yet to add it to.", markup=False)
            return
        wish = self.plan.wish
        branch = wish.branch if wish.within is Within.BRANCH else None
        try:
            deed = wishes.add(line, project, branch)
        except ProjectError as error:
            self.complain(error)
            return
        name = uuid.uuid4().hex[:ID_CHARS]
        self._say(name, deed)

    def action_undo(self) -> None:
        self.order(self._undo)

    async def _undo(self) -> None:
        last, deed = wishes.undo(await self.dashboard.feed.ask(recorded_edits), actor())
        await ActionRunner(self.dashboard.feed).say(VERB, {"task": last.task}, encode_edit(deed))
        what = str(encode_edit(last.edit)["do"])
        self.notify(f"Taken back: {what} of {last.task}.", markup=False)

    # ── the other end of an edge ────────────────────────────────────────────────────────────────

    def action_link(self) -> None:
        task = self.plan.chosen
        if task is not None:
            self._start_picking(
                task, "waits for", lambda other: wishes.link(self.roadmap, task, other)
            )

    def action_unlink(self) -> None:
        task = self.plan.chosen
        if task is None:
            return
        by_id = {one.id: one for one in self.roadmap.tasks}
        if len(task.depends_on) == 1 and task.depends_on[0] in by_id:
            other = by_id[task.depends_on[0]]
            self._say(task.id, wishes.unlink(self.roadmap, task, other))
            return
        self._start_picking(
            task, "does not wait for", lambda other: wishes.unlink(self.roadmap, task, other)
        )

    @property
    def picks(self) -> bool:
        """Whether the next Enter is for the other end."""
        return self._pick is not None

    def _start_picking(self, task: Task, verb: str, pick: Callable[[Task], TaskEdit]) -> None:
        self._pick, self._picked_for = pick, task
        self.plan.picking = content.lines(
            content.row(content.line(task.text, "bold"), content.line(f"{verb} …", "yellow")),
            content.line("Go to the other task; Enter takes it, Esc leaves.", "yellow"),
        )
        self.plan.say()

    def leave_picking(self) -> None:
        self._pick, self._picked_for, self.plan.picking = None, None, None
        self.plan.say()

    def picked(self) -> None:
        pick, task, other = self._pick, self._picked_for, self.plan.chosen
        self.leave_picking()
        if pick is None or task is None or other is None:
            return
        try:
            deed = pick(other)
        except ProjectError as error:
            self.complain(error)
            return
        self._say(task.id, deed)
        self.plan.choose(task.id)
