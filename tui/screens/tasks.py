"""Tasks: the plan of a whole project over all its sessions, to look at and to correct.

What a person says here is written down as the CLI does it, and shown beside what the log says.
"""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType

from ingest.memory.errors import Problem
from ingest.memory.tasks import wish as wishes
from ingest.memory.tasks.choice import Choice
from ingest.memory.tasks.deeds import (
    VERB,
    Deed,
    Note,
    Owner,
    Prove,
    Reset,
    Set,
    arguments,
)
from ingest.memory.tasks.plan import ID_CHARS
from ingest.memory.tasks.roadmap import sayings
from ingest.memory.tasks.task import EvidenceKind, Roadmap, Task, TaskState
from ingest.worker.ordered import actor
from tui import safe
from tui.commands import bind
from tui.dialogs import Ask, Choose
from tui.feed import failure_of
from tui.frame import Frame
from tui.orders import Orders
from tui.plan import View, Wish, Within, stepped
from tui.widgets.plan_pane import PlanPane
from tui.widgets.task_detail import TaskDetail

_SHOWN = [Choice.ALL, Choice.READY, Choice.BLOCKED, Choice.STUCK, Choice.DONE, Choice.UNPROVEN]
_LABELS = ((160, 34), (110, 24), (0, 20))
"""How wide the words of a box may be, by how wide the window is at least."""
_OF_A_TASK = (
    "complete", "block", "set", "owner", "link", "unlink", "evidence", "note", "reset_task",
)  # fmt: skip


class TasksScreen(Frame):
    PLACE = "tasks"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind(
            "view", "next-ready", "complete", "block", "set", "add", "undo", "owner", "link",
            "unlink", "evidence", "note", "reset-task", "choice", "scope", "next-project",
            "filter",
            "previous-project", "revision-before", "revision-after",
        ),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.plan = PlanPane()
        self.detail = TaskDetail()
        self._pick: Callable[[Task], Deed] | None = None
        self._picked_for: Task | None = None

    def panes(self) -> ComposeResult:
        yield self.plan
        yield self.detail

    def on_mount(self) -> None:
        super().on_mount()
        self._want(ascii=self.dashboard.manner.ascii)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        columns = next(room for least, room in _LABELS if event.size.width >= least)
        if columns != self.wish.columns:
            self._want(columns=columns)

    # ── what is seen ────────────────────────────────────────────────────────────────────────────

    def _want(self, **said: Any) -> None:
        """Another wish, and its answer at once."""
        picture = self.plan.graph.picture
        order = picture.layout.order if picture else ()
        self.plan.wish = replace(self.plan.wish, order=order, **said)
        self.ask()

    @property
    def wish(self) -> Wish:
        return self.plan.wish

    @property
    def roadmap(self) -> Roadmap:
        return self.plan.found.roadmap if self.plan.found else Roadmap()

    @on(PlanPane.Chosen)
    def _chosen(self) -> None:
        found, task = self.plan.found, self.plan.chosen
        self.refresh_bindings()
        self.detail.tell(task, found.shown if found and found.revision else self.roadmap)
        if task is None or (found and found.revision):
            return
        if task.session != self.wish.revised:
            self._want(revised=task.session)

    @on(PlanPane.Opened)
    def _opened(self) -> None:
        if self._pick is not None:
            self._picked()
        else:
            self.choose(self.detail)

    def action_view(self) -> None:
        views = list(View)
        after = views[(views.index(self.wish.view) + 1) % len(views)]
        self.plan.wanted = self.plan.chosen_id
        self._want(view=after)
        self.call_after_refresh(self.plan.showing.focus)

    def action_choice(self) -> None:
        after = _SHOWN[(_SHOWN.index(self.wish.choice) + 1) % len(_SHOWN)]
        self._want(choice=after, revision=None)

    def action_filter(self, words: str = "") -> None:
        if words:
            self._want(words=words, revision=None)
        else:
            self._ask_line(
                "Filter",
                "Words that a task must say; !word leaves out. Nothing shows all.",
                lambda line: self._want(words=line, revision=None),
                self.wish.words,
            )

    def action_scope(self) -> None:
        """Wider and wider around the task under the cursor, then narrow again."""
        task = self.plan.chosen
        ways = list(Within)
        within = ways[(ways.index(self.wish.within) + 1) % len(ways)]
        if within is Within.BRANCH and not (task and task.branch):
            within = Within.SESSION
        if within is Within.SESSION and not (task and task.session):
            within = Within.EVERYTHING
        said: dict[str, Any] = {"within": within, "revision": None}
        if task is not None:
            said |= {"project": task.project, "branch": task.branch, "session": task.session}
        self._want(**said)

    def action_next_project(self) -> None:
        self._project(1)

    def action_previous_project(self) -> None:
        self._project(-1)

    def _project(self, by: int) -> None:
        found = self.plan.found
        if found is None or not found.projects:
            return
        at = found.projects.index(found.project) if found.project in found.projects else 0
        project = found.projects[(at + by) % len(found.projects)]
        self._want(project=project, within=Within.PROJECT, revision=None, revised=None)

    def action_revision_before(self) -> None:
        self._step_revision(-1)

    def action_revision_after(self) -> None:
        self._step_revision(1)

    def _step_revision(self, by: int) -> None:
        if self.plan.found is not None:
            self._want(revision=stepped(self.wish, self.plan.found, by).revision)

    def action_next_ready(self) -> None:
        """The next one behind the cursor, and round again."""
        tasks = self.plan.found.shown.tasks if self.plan.found else []
        names = [task.id for task in tasks]
        at = names.index(self.plan.chosen_id) + 1 if self.plan.chosen_id in names else 0
        after = next((task for task in tasks[at:] + tasks[:at] if task.ready), None)
        if after is None:
            self.notify("No task is ready here.", markup=False)
        else:
            self.plan.choose(after.id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            asked = self.wish.revision is not None or bool(self.wish.words)
            return asked or self._pick is not None or self.pane is self.detail
        if action in _OF_A_TASK:
            return self.wish.revision is None and self.plan.chosen is not None
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        if self._pick is not None:
            self._leave_picking()
        elif self.pane is self.detail:
            self.choose(self.plan)
        elif self.wish.revision is not None:
            self._want(revision=None)
        elif self.wish.words:
            self._want(words="")

    # ── what a person says ──────────────────────────────────────────────────────────────────────

    def _say(self, task: str, deed: Deed, reason: str | None = None) -> None:
        """Write it down, and show what comes of it."""

        async def say() -> None:
            orders = Orders(self.dashboard.feed)
            try:
                await orders.say(VERB, {"task": task}, arguments(deed), reason or None)
            except Exception as error:  # noqa: BLE001 - told to who pressed the key
                self._refuse(error)
            self.ask()

        self.run_worker(say(), group="say", exit_on_error=False)

    def _refuse(self, error: Exception) -> None:
        failure = failure_of(error)
        self.notify(
            safe.lines(safe.line(failure.message), safe.line(failure.hint)).plain,
            severity="warning",
            timeout=12,
            markup=False,
        )

    def _of_chosen(self, deed: Deed, reason: str | None = None) -> None:
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

        choices = [(one.value, safe.state(one)) for one in TaskState]
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
            self._of_chosen(Prove(EvidenceKind(kind), ref.strip()))
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
        branch = self.wish.branch if self.wish.within is Within.BRANCH else None
        try:
            deed = wishes.add(line, project, branch)
        except Problem as error:
            self._refuse(error)
            return
        name = uuid.uuid4().hex[:ID_CHARS]
        self._say(name, deed)

    def action_undo(self) -> None:
        async def undo() -> None:
            try:
                last, deed = wishes.undo(await self.dashboard.feed.ask(sayings), actor())
            except Exception as error:  # noqa: BLE001 - told to who pressed the key
                self._refuse(error)
                return
            self._say(last.task, deed)
            what = str(arguments(last.deed)["do"])
            self.notify(f"Taken back: {what} of {last.task}.", markup=False)

        self.run_worker(undo(), group="undo", exit_on_error=False)

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

    def _start_picking(self, task: Task, verb: str, pick: Callable[[Task], Deed]) -> None:
        self._pick, self._picked_for = pick, task
        self.plan.picking = safe.lines(
            safe.row(safe.line(task.text, "bold"), safe.line(f"{verb} …", "yellow")),
            safe.line("Go to the other task; Enter takes it, Esc leaves.", "yellow"),
        )
        self.plan.say()

    def _leave_picking(self) -> None:
        self._pick, self._picked_for, self.plan.picking = None, None, None
        self.plan.say()

    def _picked(self) -> None:
        pick, task, other = self._pick, self._picked_for, self.plan.chosen
        self._leave_picking()
        if pick is None or task is None or other is None:
            return
        try:
            deed = pick(other)
        except Problem as error:
            self._refuse(error)
            return
        self._say(task.id, deed)
        self.plan.choose(task.id)
