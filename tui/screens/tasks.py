"""The tasks of a project over all its sessions: views, filters, scopes and revisions.

The commands that edit tasks are in `task_edits.py`.
"""

from typing import Any, ClassVar

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from ingest.projects.tasks.filters import TaskFilter, why_none_is_ready
from tui.commands import bind
from tui.plan import PlanRequest, PlanScope, PlanView, step_revision
from tui.scope import Place
from tui.screens.task_edits import TASK_ACTIONS, TaskEdits
from tui.widgets.plan_pane import PlanPane
from tui.widgets.task_detail import TaskDetail

_FILTERS = [
    TaskFilter.ALL,
    TaskFilter.READY,
    TaskFilter.BLOCKED,
    TaskFilter.STUCK,
    TaskFilter.DONE,
    TaskFilter.UNPROVEN,
]


class TasksScreen(TaskEdits):
    TAB = "tasks"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind(
            "view", "show-all", "next-ready", "complete", "block", "set", "add", "undo", "owner",
            "link", "unlink", "evidence", "note", "reset-task", "choice", "narrow", "next-project",
            "filter",
            "previous-project", "previous-revision", "next-revision",
        ),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.detail = TaskDetail()
        self._came_from: Place | None = None

    def panes(self) -> ComposeResult:
        yield self.plan_pane
        yield self.detail

    def on_mount(self) -> None:
        super().on_mount()
        self._request(ascii=self.dashboard.options.ascii)

    def on_screen_resume(self) -> None:
        """Take the project along from the screen that was shown before."""
        super().on_screen_resume()
        place, before = self.dashboard.place, self._came_from
        self._came_from = place
        if place is not None and place != before:
            self._show_project(place.project)

    def scope_changed(self) -> None:
        project = self.dashboard.scope.project
        if project is None:
            self._request(scope=PlanScope.EVERYTHING, revision=None)
        else:
            self._show_project(project)

    def show_task(self, project: str, task: str) -> None:
        """Show a project with the cursor at one of its tasks."""
        self._came_from, self.plan_pane.next_id = self.dashboard.place, task
        self._request(with_done=True)
        self._show_project(project)

    def show_session(self, project: str, session: str) -> None:
        """Show the tasks of one session."""
        self._came_from = self.dashboard.place
        self._request(
            project=project, scope=PlanScope.SESSION, session=session, revision=None,
            revision_session=session, task_filter=TaskFilter.ALL, words="", with_done=True,
        )  # fmt: skip

    def _show_project(self, project: str) -> None:
        self._request(
            project=project, scope=PlanScope.PROJECT, revision=None, revision_session=None
        )

    # ── what is shown ─────────────────────────────────────────────────────────────────────────────

    def _request(self, **changes: Any) -> None:
        """Change what is shown, and load it."""
        picture = self.plan_pane.graph.picture
        order = picture.layout.order if picture else ()
        self.plan_pane.request = replace(self.plan_pane.request, order=order, **changes)
        self.load_now()

    @property
    def request(self) -> PlanRequest:
        return self.plan_pane.request

    @on(PlanPane.TaskSelected)
    def _task_selected(self) -> None:
        plan, task = self.plan_pane.plan, self.plan_pane.selected
        self.refresh_bindings()
        in_past = plan is not None and plan.revision is not None
        if plan is not None:
            shown = plan.shown if in_past else plan.roadmap
            self.detail.show_task(task, shown, plan.titles)
        if task is not None and not in_past and task.session != self.request.revision_session:
            self._request(revision_session=task.session)

    @on(PlanPane.TaskOpened)
    def _task_opened(self) -> None:
        session = self.plan_pane.selected_session
        if self.is_picking:
            self.pick()
        elif session is not None:
            self.run_command(lambda: self._open_session(session))
        else:
            self.focus_pane(self.detail)

    async def _open_session(self, session: str) -> None:
        home = await self.dashboard.queries.ask(
            lambda reader: reader.first_row("sessions.home_of", id=session)
        )
        if home is not None:
            self.dashboard.open_session(home["home"], session)

    def action_show_all(self) -> None:
        """Show also the tasks that need no further work, or hide them."""
        self.plan_pane.next_id = self.plan_pane.selected_id
        self._request(with_done=not self.request.with_done, revision=None)

    def action_view(self) -> None:
        views = list(PlanView)
        after = views[(views.index(self.request.view) + 1) % len(views)]
        self.plan_pane.next_id = self.plan_pane.selected_id
        self._request(view=after)
        self.call_after_refresh(self.plan_pane.current_view.focus)

    def action_choice(self) -> None:
        after = _FILTERS[(_FILTERS.index(self.request.task_filter) + 1) % len(_FILTERS)]
        self._request(task_filter=after, revision=None)

    def action_filter(self, words: str = "") -> None:
        if words:
            self._request(words=words, revision=None)
        else:
            self._ask_line(
                "Filter",
                "Words to find, !word to exclude. Empty shows all tasks.",
                lambda line: self._request(words=line, revision=None),
                self.request.words,
            )

    def action_narrow(self) -> None:
        """Show the project, branch or session of the task under the cursor, or everything."""
        task = self.plan_pane.selected
        scopes = list(PlanScope)
        scope = scopes[(scopes.index(self.request.scope) + 1) % len(scopes)]
        if scope is PlanScope.BRANCH and not (task and task.branch):
            scope = PlanScope.SESSION
        if scope is PlanScope.SESSION and not (task and task.session):
            scope = PlanScope.EVERYTHING
        changes: dict[str, Any] = {"scope": scope, "revision": None}
        if task is not None:
            changes |= {"project": task.project, "branch": task.branch, "session": task.session}
        self._request(**changes)

    def action_next_project(self) -> None:
        self._go_to_project(1)

    def action_previous_project(self) -> None:
        self._go_to_project(-1)

    def _go_to_project(self, step: int) -> None:
        plan = self.plan_pane.plan
        if plan is None or not plan.projects:
            return
        index = plan.projects.index(plan.project) if plan.project in plan.projects else 0
        self._show_project(plan.projects[(index + step) % len(plan.projects)])

    def action_previous_revision(self) -> None:
        self._step_revision(-1)

    def action_next_revision(self) -> None:
        self._step_revision(1)

    def _step_revision(self, step: int) -> None:
        if self.plan_pane.plan is not None:
            self._request(revision=step_revision(self.request, self.plan_pane.plan, step).revision)

    def action_next_ready(self) -> None:
        """Go to the next ready task after the cursor; at the end, start from the top."""
        tasks = self.plan_pane.plan.shown.tasks if self.plan_pane.plan else []
        ids = [task.id for task in tasks]
        start = (
            ids.index(self.plan_pane.selected_id) + 1 if self.plan_pane.selected_id in ids else 0
        )
        after = next((task for task in tasks[start:] + tasks[:start] if task.ready), None)
        if after is None:
            self.notify(why_none_is_ready(tasks), markup=False)
        else:
            self.plan_pane.select(after.id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            changed = self.request.revision is not None or bool(self.request.words)
            return changed or self.is_picking or self.current_pane is self.detail
        if action in TASK_ACTIONS:
            return self.request.revision is None and self.plan_pane.selected is not None
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        if self.request.revision is not None:
            return "this is an older plan. Esc shows the current one."
        return super().why_not(action)

    def action_back(self) -> None:
        if self.is_picking:
            self.cancel_picking()
        elif self.current_pane is self.detail:
            self.focus_pane(self.plan_pane)
        elif self.request.revision is not None:
            self._request(revision=None)
        elif self.request.words:
            self._request(words="")
