"""Tasks: the plan of a whole project over all its sessions, and what of it is looked at.

What a person says of it is for `tasks_deeds.py`.
"""

from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType

from ingest.projects.tasks.filters import TaskFilter
from tui.commands import bind
from tui.plan import PlanRequest, View, Within, stepped
from tui.screens.task_edits import OF_A_TASK, TaskEdits
from tui.widgets.plan_pane import PlanPane
from tui.widgets.task_detail import TaskDetail

_SHOWN = [
    TaskFilter.ALL,
    TaskFilter.READY,
    TaskFilter.BLOCKED,
    TaskFilter.STUCK,
    TaskFilter.DONE,
    TaskFilter.UNPROVEN,
]
_LABELS = ((160, 34), (110, 24), (0, 20))
"""How wide the words of a box may be, by how wide the window is at least."""


class TasksScreen(TaskEdits):
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
        self.detail = TaskDetail()

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
    def wish(self) -> PlanRequest:
        return self.plan.wish

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
        if self.picks:
            self.picked()
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
            return asked or self.picks or self.pane is self.detail
        if action in OF_A_TASK:
            return self.wish.revision is None and self.plan.chosen is not None
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        if self.picks:
            self.leave_picking()
        elif self.pane is self.detail:
            self.choose(self.plan)
        elif self.wish.revision is not None:
            self._want(revision=None)
        elif self.wish.words:
            self._want(words="")
