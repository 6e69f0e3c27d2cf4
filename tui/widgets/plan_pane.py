"""The pane of the tasks screen that shows the tasks as a graph, a tree, a table or by session.

One query serves all of them. The screen sets the `PlanRequest`: which view, and which tasks.
"""

from typing import Any, Final

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from ingest.projects.tasks.model import Task
from ingest.projects.tasks.plan_tool import hint
from ingest.text.numbers import pluralize
from tui import content
from tui.plan import PlanLayout, PlanRequest, PlanScope, PlanView, lay_out_plan, state_counts
from tui.query_runner import Query
from tui.widgets.graph import Graph
from tui.widgets.list_pane import pending_text
from tui.widgets.pane import Pane
from tui.widgets.table import Table
from tui.widgets.task_lists import (
    TABLE,
    TREE,
    SessionHead,
    TaskListing,
    TaskTable,
    as_table,
    as_tree,
    by_session,
)

_GRAPH_MARGIN: Final = 2
"""Columns beside the graph: its scrollbar and a gap."""


def _asked(request: PlanRequest) -> PlanRequest:
    """What the person asked to see, without what follows from the window and the cursor."""
    return replace(request, columns=0, order=(), revision_session=None)


class PlanPane(Pane):
    TITLE = "Tasks"
    DEFAULT_CSS = """
    PlanPane {
        width: 2fr;
        & > .status { height: auto; max-height: 3; padding: 0 1; }
        & > .remarks { display: none; height: auto; max-height: 4; padding: 0 1; }
        & > .empty { display: none; height: 1fr; padding: 1 2; }
        & > Graph, & > Table { display: none; }
        & > .-shown { display: block; }
    }
    """

    class TaskSelected(Message):
        """Another task is under the cursor."""

    class TaskOpened(Message):
        """Enter on a task."""

    def __init__(self) -> None:
        super().__init__()
        self.request = PlanRequest()
        self.plan: PlanLayout | None = None
        self.graph = Graph()
        self.tree_table = TaskTable(TaskListing(TREE, as_tree), id="tree")
        self.table = TaskTable(TaskListing(TABLE, as_table), id="table")
        self.session_table = TaskTable(TaskListing(TREE, by_session), id="sessions")
        self.next_id: str | None = None
        """The task that the cursor goes to with the next result."""
        self.picking: Content | None = None
        """Shown while the next Enter picks the other end of a dependency."""

    def compose(self) -> ComposeResult:
        yield Static(classes="status")
        yield Static(classes="remarks")
        yield self.graph
        yield self.tree_table
        yield self.table
        yield self.session_table
        yield Static(classes="empty")

    # ── the query ─────────────────────────────────────────────────────────────────────────────────

    def build_query(self) -> Query[PlanLayout]:
        request, now, git = self.request, self.dashboard.now, self.dashboard.git
        return lambda reader: lay_out_plan(reader, request, now, git)

    def show_result(self, result: Any) -> None:
        if not isinstance(result, PlanLayout) or result.request != self.request:
            self.screen.load_now()  # type: ignore[attr-defined]
            return
        if self.plan is None or _asked(self.plan.request) != _asked(result.request):
            self.expect_other_tasks()
        self.plan = result
        if self.request.project is None:
            # Stay with this project, even when another one becomes the most recently active.
            self.request = replace(self.request, project=result.project)
        self._show_plan(result)
        self.update_status()

    def expect_other_tasks(self) -> None:
        """Show everything in the next result, whatever moves: the person asked for it."""
        for table in (self.tree_table, self.table, self.session_table):
            table.expect_other_rows()

    def _show_plan(self, plan: PlanLayout) -> None:
        empty = not plan.shown.tasks
        selected, self.next_id = self.next_id or self.selected_id, None
        for widget in (self.graph, self.tree_table, self.table, self.session_table):
            widget.set_class(widget is self.current_view and not empty, "-shown")
        self.query_exactly_one(".empty", Static).display = empty
        if empty:
            self.query_exactly_one(".empty", Static).update(self.empty_text())
        elif plan.graph is not None:
            self.graph.set_picture(plan.graph)
            if selected in plan.graph.drawing.boxes and selected != self.graph.node:
                self.graph.go_to(selected)
        elif isinstance(table := self.current_view, TaskTable):
            table.show_plan(plan)
            table.move_to(selected)
        if not empty and self.screen.focused is None:
            self.current_view.focus()
        self.post_message(self.TaskSelected())

    @on(Table.RowsNeeded)
    def _rows_needed(self, message: Table.RowsNeeded) -> None:
        message.stop()
        if isinstance(message.table, TaskTable):
            message.table.update_rows()

    @on(Table.StateChanged)
    def _state_changed(self, message: Table.StateChanged) -> None:
        message.stop()
        self.update_status()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("copy", "copy_id"):
            return self.failure is not None or self.selected is not None
        return super().check_action(action, parameters)

    # ── the selected task ─────────────────────────────────────────────────────────────────────────

    @property
    def current_view(self) -> Graph | TaskTable:
        match self.request.view:
            case PlanView.GRAPH:
                return self.graph
            case PlanView.TREE:
                return self.tree_table
            case PlanView.TABLE:
                return self.table
            case PlanView.SESSIONS:
                return self.session_table

    @property
    def selected_id(self) -> str | None:
        view = self.current_view
        key = view.node if isinstance(view, Graph) else view.key
        return key if isinstance(key, str) else None

    @property
    def selected_session(self) -> str | None:
        """The session whose head is under the cursor."""
        view = self.current_view
        key = None if isinstance(view, Graph) else view.key
        return key.session if isinstance(key, SessionHead) else None

    def on_resize(self) -> None:
        columns = self.scrollable_content_region.width - _GRAPH_MARGIN
        if columns != self.request.columns:
            self.request = replace(self.request, columns=columns)
            if self.plan is not None and self.request.view is PlanView.GRAPH:
                self.screen.load_now()  # type: ignore[attr-defined]

    @property
    def selected(self) -> Task | None:
        tasks = self.plan.shown.tasks if self.plan else []
        return next((task for task in tasks if task.id == self.selected_id), None)

    def select(self, task: str) -> None:
        view = self.current_view
        if isinstance(view, Graph):
            view.go_to(task)
        else:
            view.move_to(task)

    @on(Graph.CursorMoved)
    @on(Table.CursorMoved)
    def _cursor_moved(self, message: Message) -> None:
        message.stop()
        self.post_message(self.TaskSelected())

    @on(Graph.NodeOpened)
    @on(Table.RowOpened)
    def _opened(self, message: Message) -> None:
        message.stop()
        self.post_message(self.TaskOpened())

    # ── the lines above ───────────────────────────────────────────────────────────────────────────

    def update_status(self) -> None:
        plan = self.plan
        if plan is None:
            return
        self.query_exactly_one(".status", Static).update(self.picking or self._status(plan))
        remarks = [content.line(f"✗ {sentence}", "red") for sentence in plan.roadmap.refused]
        if plan.roadmap.plan_tool_off and (how := hint(self.dashboard.settings.codex_homes)):
            remarks.append(content.line(how, "yellow"))
        if plan.revision is not None:
            remarks.append(
                content.line("+ added  − removed  ~ reworded  ↕ moved  * state changed", "dim")
            )
        if plan.hidden_count:
            more = (
                f"{pluralize(plan.hidden_count, 'more task')} not in the graph. v shows the table."
            )
            remarks.append(content.line(more, "dim"))
        shown = self.query_exactly_one(".remarks", Static)
        shown.display = bool(remarks)
        shown.update(content.lines(*remarks))

    def _status(self, plan: PlanLayout) -> Content:
        request = plan.request
        tasks = [task for task in plan.roadmap.tasks if task.current]
        where = plan.project or "no project"
        match request.scope:
            case PlanScope.EVERYTHING:
                where = "everything"
            case PlanScope.BRANCH:
                where += f" · {request.branch}"
            case PlanScope.SESSION:
                where += f" · session {plan.title(request.session or '')}"
        head = [content.line(where, "title"), content.line(pluralize(len(tasks), "task"))]
        states = list(state_counts(tasks).items())
        parts = [content.state(state, number) for state, number in states]
        # If it does not fit, shorten the states to their glyphs, from the right.
        for i in reversed(range(len(parts))):
            if content.row(*head, *parts).cell_length <= self.size.width - 2:
                break
            parts[i] = content.row(content.glyph(states[i][0]), f"{states[i][1]}", gap=" ")
        view = self.current_view
        return content.lines(
            content.row(*head, *parts),
            content.row(
                content.line(f"view {request.view}", "dim"),
                content.line(f"show {request.task_filter}", "dim")
                if not plan.done_hidden
                else content.line(f"A shows {plan.done_hidden:,} done", "dim"),
                content.line(f"filter: {request.words}", "yellow") if request.words else None,
                self._revision_text(plan),
                pending_text(view) if isinstance(view, Table) else None,
            ),
        )

    def _revision_text(self, plan: PlanLayout) -> Content | None:
        last = len(plan.revisions)
        if not last:
            return None
        revision = plan.revision
        if revision is None:
            return content.line(f"revision {last}/{last}  [ ] older, newer", "dim")
        return content.row(
            content.line(f"revision {revision.number}/{last}", "yellow"),
            f"{revision.at:%H:%M:%S}" if revision.at else "",
            content.line(revision.explanation, "dim"),
        )

    def empty_text(self) -> Content:
        plan = self.plan
        if plan is None:
            return content.line("")
        if plan.request.words:
            return content.line(f"No match for “{plan.request.words}”. Esc shows all.", "dim")
        if plan.done_hidden:
            done = f"All of {pluralize(plan.done_hidden, 'task')} are done. A shows them."
            return content.line(done, "dim")
        if plan.roadmap.tasks:
            return content.line(f"No task is {plan.request.task_filter}. F shows others.", "dim")
        return content.lines(
            "No tasks yet.",
            "They come from Codex's plans, goals and sub-agents. Press a to add one yourself.",
        )

    def text_to_copy(self) -> str:
        return self.selected.text if self.selected else ""

    def id_to_copy(self) -> str:
        return self.selected.id if self.selected else ""
