"""The lists of the tasks screen: a tree of goals and parts, a table, and the tasks by session.

The pane passes them the tasks of its last result; they have no queries of their own.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from ingest.db.query_reader import QueryReader
from ingest.projects.tasks.model import CLOSED, Task
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.times import duration
from tui.plan import PlanLayout, flatten_tree, group_by_session, label, tone
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import InMemoryListing
from tui.widgets.table import ListResult, Table


class SessionHead(NamedTuple):
    """The key of a row with the title of a session."""

    session: str | None


class TaskListing(InMemoryListing):
    """The tasks of the last result, as rows."""

    def __init__(
        self, columns: tuple[Column, ...], to_rows: Callable[[PlanLayout], list[ListRow]]
    ) -> None:
        super().__init__()
        self.columns, self.to_rows = columns, to_rows
        self.tasks: Sequence[ListRow] = ()

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        return self.tasks


TREE = (
    Column("task", "Task", 24, grow=1, sorts=False),
    Column("owner", "Owner", 12, drop_order=2, sorts=False),
    Column("time", "Time", 8, right=True, drop_order=1, sorts=False),
)
TABLE = (
    Column("state", "State", 13),
    Column("task", "Task", 20, grow=1),
    Column("session", "Session", 16, grow=1, drop_order=5),
    Column("origin", "Origin", 8, drop_order=3),
    Column("branch", "Branch", 12, drop_order=4),
    Column("owner", "Owner", 10, drop_order=2),
    Column("time", "Time", 8, right=True, drop_order=1),
)


def as_tree(plan: PlanLayout) -> list[ListRow]:
    return [_tree_row(depth, task) for depth, task in flatten_tree(plan.shown)]


def as_table(plan: PlanLayout) -> list[ListRow]:
    return [_table_row(task, plan) for task in plan.shown.tasks]


def by_session(plan: PlanLayout) -> list[ListRow]:
    """A head for each session, then its tasks."""
    rows: list[ListRow] = []
    for session, tasks in group_by_session(plan.shown.tasks).items():
        of_session = [
            task for task in plan.roadmap.tasks if task.current and task.session == session
        ]
        done = sum(task.state in CLOSED for task in of_session)
        head = SessionHead(session)
        title = plan.title(session) if session else "Added by hand"
        count = Styled(f"{done}/{len(of_session)}", "dim")
        rows.append(ListRow(head, (Styled(title, "title"), "", count), text=title, spans=True))
        rows += [_tree_row(1, task, head) for task in tasks]
    return rows


def _tree_row(depth: int, task: Task, parent: SessionHead | None = None) -> ListRow:
    return ListRow(
        task.id,
        (Styled("  " * depth + label(task), tone(task)), task.owner, duration(task.seconds)),
        text=task.text,
        id=task.id,
        parent=parent,
    )


def _table_row(task: Task, plan: PlanLayout) -> ListRow:
    style = STATE_STYLES.get(task.state, UNKNOWN)
    edited = "!" if task.edited else ""
    state = Styled(f"{style.glyph}{edited} {task.state.replace('_', ' ')}", style.color)
    title = plan.title(task.session) if task.session else ""
    cells = (
        state, task.text, Styled(title, "dim"), str(task.origin), task.branch, task.owner,
        duration(task.seconds),
    )  # fmt: skip
    return ListRow(task.id, cells, text=task.text, id=task.id)


class TaskTable(Table):
    """A table of tasks. The pane passes it the tasks; it has no query of its own."""

    def __init__(self, tasks: TaskListing, id: str) -> None:
        super().__init__(tasks, marks=False, id=id)
        self.tasks = tasks

    def show_plan(self, plan: PlanLayout) -> None:
        self.tasks.tasks = self.tasks.to_rows(plan)
        self.update_rows()
        self._update_old_rows(plan)

    def _update_old_rows(self, plan: PlanLayout) -> None:
        """Show the current state of tasks that are no longer in the list, but still shown."""
        listed = {row.key for row in self.tasks.tasks}
        old = set(self.all_keys()) - listed
        if old and plan.revision is None:
            everything = self.tasks.to_rows(replace(plan, shown=plan.roadmap))
            rows = {row.key: row for row in everything if row.key in old}
            self.add_rows(ListResult(self.listing, self.view, (), list(rows), rows))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # Here the key sets a state. A click on a title still sorts.
        return action != "sort" and super().check_action(action, parameters)

    def update_rows(self) -> None:
        """Show the same tasks in the current view."""
        rows = self.tasks.filter_and_sort(self.tasks.tasks, self.view)
        by_key = {row.key: row for row in rows}
        self.set_result(ListResult(self.listing, self.view, list(by_key), list(by_key), by_key))
