"""The pane of the tasks screen that shows the tasks as a graph, a tree or a table.

One query serves all three. The screen sets the `PlanRequest`: which view, and which tasks.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from ingest.db.query_reader import QueryReader
from ingest.projects.tasks.model import Roadmap, Task
from ingest.projects.tasks.plan_tool import hint
from ingest.text.numbers import pluralize
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.times import duration
from tui import content
from tui.plan import (
    PlanLayout,
    PlanRequest,
    PlanScope,
    PlanView,
    flatten_tree,
    label,
    lay_out_plan,
    state_counts,
    tone,
)
from tui.query_runner import Query
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.graph import Graph
from tui.widgets.list_pane import pending_text
from tui.widgets.listing import InMemoryListing
from tui.widgets.pane import Pane
from tui.widgets.table import ListResult, Table


class TaskListing(InMemoryListing):
    """The tasks of the last result, as rows."""

    def __init__(
        self, columns: tuple[Column, ...], to_rows: Callable[[Roadmap], list[ListRow]]
    ) -> None:
        super().__init__()
        self.columns, self.to_rows = columns, to_rows
        self.tasks: Sequence[ListRow] = ()

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        return self.tasks


_TREE = (
    Column("task", "Task", 24, grow=1, sorts=False),
    Column("owner", "Owner", 12, drop_order=2, sorts=False),
    Column("time", "Time", 8, right=True, drop_order=1, sorts=False),
)
_TABLE = (
    Column("state", "State", 13),
    Column("task", "Task", 20, grow=1),
    Column("origin", "Origin", 8, drop_order=3),
    Column("branch", "Branch", 12, drop_order=4),
    Column("owner", "Owner", 10, drop_order=2),
    Column("time", "Time", 8, right=True, drop_order=1),
)


def _as_tree(shown: Roadmap) -> list[ListRow]:
    return [_tree_row(depth, task) for depth, task in flatten_tree(shown)]


def _as_table(shown: Roadmap) -> list[ListRow]:
    return [_table_row(task) for task in shown.tasks]


def _tree_row(depth: int, task: Task) -> ListRow:
    return ListRow(
        task.id,
        (Styled("  " * depth + label(task), tone(task)), task.owner, duration(task.seconds)),
        text=task.text,
        id=task.id,
    )


def _table_row(task: Task) -> ListRow:
    style = STATE_STYLES.get(task.state, UNKNOWN)
    edited = "!" if task.edited else ""
    state = Styled(f"{style.glyph}{edited} {task.state.replace('_', ' ')}", style.color)
    cells = (state, task.text, str(task.origin), task.branch, task.owner, duration(task.seconds))
    return ListRow(task.id, cells, text=task.text, id=task.id)


class TaskTable(Table):
    """A table of tasks. The pane passes it the tasks; it has no query of its own."""

    def __init__(self, tasks: TaskListing, id: str) -> None:
        super().__init__(tasks, marks=False, id=id)
        self.tasks = tasks

    def show_plan(self, plan: PlanLayout) -> None:
        self.tasks.tasks = self.tasks.to_rows(plan.shown)
        self.update_rows()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # Here the key sets a state. A click on a title still sorts.
        return action != "sort" and super().check_action(action, parameters)

    def update_rows(self) -> None:
        """Show the same tasks in the current view."""
        rows = self.tasks.filter_and_sort(self.tasks.tasks, self.view)
        by_key = {row.key: row for row in rows}
        self.set_result(ListResult(self.listing, self.view, list(by_key), list(by_key), by_key))


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
        self.tree_table = TaskTable(TaskListing(_TREE, _as_tree), id="tree")
        self.table = TaskTable(TaskListing(_TABLE, _as_table), id="table")
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
        yield Static(classes="empty")

    # ── the query ─────────────────────────────────────────────────────────────────────────────────

    def build_query(self) -> Query[PlanLayout]:
        request, now, git = self.request, self.dashboard.now, self.dashboard.git
        return lambda reader: lay_out_plan(reader, request, now, git)

    def show_result(self, result: Any) -> None:
        if not isinstance(result, PlanLayout) or result.request != self.request:
            self.screen.load_now()  # type: ignore[attr-defined]
            return
        self.plan = result
        if self.request.project is None:
            # Stay with this project, even when another one becomes the most recently active.
            self.request = replace(self.request, project=result.project)
        self._show_plan(result)
        self.update_status()

    def _show_plan(self, plan: PlanLayout) -> None:
        empty = not plan.shown.tasks
        selected, self.next_id = self.next_id or self.selected_id, None
        for widget in (self.graph, self.tree_table, self.table):
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

    @property
    def selected_id(self) -> str | None:
        view = self.current_view
        return view.node if isinstance(view, Graph) else view.key

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
                where += f" · session {(request.session or '')[:8]}"
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
                content.line(f"show {request.task_filter}", "dim"),
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
