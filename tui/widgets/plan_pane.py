"""The pane of the tasks screen that shows the plan: as a graph, a tree or a table.

One look is taken for all three; which of them is seen, and what of the plan, is the screen's wish.
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
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.units import duration, pluralize
from tui import content
from tui.plan import PlanLayout, PlanRequest, View, counts, label, lay_out_plan, nested, tone
from tui.query_runner import Question
from tui.widgets.column import Column, Line, Styled
from tui.widgets.graph import Graph
from tui.widgets.list_pane import waits
from tui.widgets.listing import InMemoryListing
from tui.widgets.pane import Pane
from tui.widgets.table import RowsNeeded, Table


class Tasks(InMemoryListing):
    """The tasks of the last look, as lines."""

    def __init__(self, columns: tuple[Column, ...], drawn: Callable[[Roadmap], list[Line]]) -> None:
        super().__init__()
        self.columns, self.drawn = columns, drawn
        self.found: Sequence[Line] = ()

    def all(self, reading: QueryReader) -> Sequence[Line]:
        return self.found


_TREE = (
    Column("task", "Task", 24, grow=1, sorts=False),
    Column("owner", "Owner", 12, spare=2, sorts=False),
    Column("time", "Time", 8, right=True, spare=1, sorts=False),
)
_TABLE = (
    Column("state", "State", 13),
    Column("task", "Task", 20, grow=1),
    Column("from", "From", 8, spare=3),
    Column("branch", "Branch", 12, spare=4),
    Column("owner", "Owner", 10, spare=2),
    Column("time", "Time", 8, right=True, spare=1),
)


def _as_tree(shown: Roadmap) -> list[Line]:
    return [_tree_line(depth, task) for depth, task in nested(shown)]


def _as_table(shown: Roadmap) -> list[Line]:
    return [_table_line(task) for task in shown.tasks]


def _tree_line(depth: int, task: Task) -> Line:
    return Line(
        task.id,
        (Styled("  " * depth + label(task), tone(task)), task.owner, duration(task.seconds)),
        text=task.text,
        id=task.id,
    )


def _table_line(task: Task) -> Line:
    look_ = STATE_STYLES.get(task.state, UNKNOWN)
    said = "!" if task.edited else ""
    state = Styled(f"{look_.glyph}{said} {task.state.replace('_', ' ')}", look_.color)
    cells = (state, task.text, str(task.origin), task.branch, task.owner, duration(task.seconds))
    return Line(task.id, cells, text=task.text, id=task.id)


class TaskTable(Table):
    """A table of tasks, filled by the pane instead of asking by itself."""

    def __init__(self, tasks: Tasks, id: str) -> None:
        super().__init__(tasks, marks=False, id=id)
        self.tasks = tasks

    def fill(self, found: PlanLayout) -> None:
        self.tasks.found = self.tasks.drawn(found.shown)
        self.again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # The key sets a state here; a click on a title sorts.
        return action != "sort" and super().check_action(action, parameters)

    def again(self) -> None:
        """The same tasks, as the view has them now."""
        lines = self.tasks.arranged(self.tasks.found, self.view)
        by_key = {line.key: line for line in lines}
        self.take(RowsNeeded(self.listing, self.view, list(by_key), list(by_key), by_key))


class PlanPane(Pane):
    DEFAULT_CSS = """
    PlanPane {
        width: 2fr;
        & > .said { height: auto; max-height: 3; padding: 0 1; }
        & > .remarks { display: none; height: auto; max-height: 4; padding: 0 1; }
        & > .empty { display: none; height: 1fr; padding: 1 2; }
        & > Graph, & > Table { display: none; }
        & > .-seen { display: block; }
    }
    """

    class Chosen(Message):
        """Another task is under the cursor."""

    class Opened(Message):
        """Enter on a task."""

    def __init__(self) -> None:
        super().__init__()
        self.wish = PlanRequest()
        self.found: PlanLayout | None = None
        self.graph = Graph()
        self.nested = TaskTable(Tasks(_TREE, _as_tree), id="tree")
        self.table = TaskTable(Tasks(_TABLE, _as_table), id="table")
        self.wanted: str | None = None
        """Who is to be under the cursor in the next look."""
        self.picking: Content | None = None
        """What the next Enter is for, where it is for something else."""

    def compose(self) -> ComposeResult:
        yield Static(classes="said")
        yield Static(classes="remarks")
        yield self.graph
        yield self.nested
        yield self.table
        yield Static(classes="empty")

    # ── what is asked ───────────────────────────────────────────────────────────────────────────

    def question(self) -> Question[PlanLayout]:
        wish, now = self.wish, self.dashboard.now
        return lambda reading: lay_out_plan(reading, wish, now)

    def show(self, found: Any) -> None:
        if not isinstance(found, PlanLayout) or found.wish != self.wish:
            self.screen.ask()  # type: ignore[attr-defined]
            return
        self.found = found
        if self.wish.project is None:
            # The one that moved last, once; it stays although others move.
            self.wish = replace(self.wish, project=found.project)
        self._fill(found)
        self.say()

    def _fill(self, found: PlanLayout) -> None:
        nothing = not found.shown.tasks
        meant, self.wanted = self.wanted or self.chosen_id, None
        for widget in (self.graph, self.nested, self.table):
            widget.set_class(widget is self.showing and not nothing, "-seen")
        self.query_exactly_one(".empty", Static).display = nothing
        if nothing:
            self.query_exactly_one(".empty", Static).update(self.empty())
        elif found.picture is not None:
            self.graph.take(found.picture)
            if meant in found.picture.drawing.boxes and meant != self.graph.node:
                self.graph.go(meant)
        elif isinstance(table := self.showing, TaskTable):
            table.fill(found)
            table.select(meant)
        if not nothing and self.screen.focused is None:
            self.showing.focus()
        self.post_message(self.Chosen())

    @on(Table.Wanting)
    def _wanting(self, message: Table.Wanting) -> None:
        message.stop()
        if isinstance(message.table, TaskTable):
            message.table.again()

    @on(Table.Stood)
    def _stood(self, message: Table.Stood) -> None:
        message.stop()
        self.say()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("copy", "copy_id"):
            return self.failure is not None or self.chosen is not None
        return super().check_action(action, parameters)

    # ── which task ──────────────────────────────────────────────────────────────────────────────

    @property
    def showing(self) -> Graph | TaskTable:
        match self.wish.view:
            case View.GRAPH:
                return self.graph
            case View.TREE:
                return self.nested
            case View.TABLE:
                return self.table

    @property
    def chosen_id(self) -> str | None:
        showing = self.showing
        return showing.node if isinstance(showing, Graph) else showing.key

    @property
    def chosen(self) -> Task | None:
        name = self.chosen_id
        tasks = self.found.shown.tasks if self.found else []
        return next((task for task in tasks if task.id == name), None)

    def choose(self, name: str) -> None:
        showing = self.showing
        if isinstance(showing, Graph):
            showing.go(name)
        else:
            showing.select(name)

    @on(Graph.Moved)
    @on(Table.Moved)
    def _moved(self, message: Message) -> None:
        message.stop()
        self.post_message(self.Chosen())

    @on(Graph.Opened)
    @on(Table.Opened)
    def _opened(self, message: Message) -> None:
        message.stop()
        self.post_message(self.Opened())

    # ── what stands above it ────────────────────────────────────────────────────────────────────

    def say(self) -> None:
        found = self.found
        if found is None:
            return
        self.query_exactly_one(".said", Static).update(self.picking or self._stands(found))
        remarks = [content.line(f"✗ {sentence}", "red") for sentence in found.roadmap.refused]
        if found.roadmap.plan_tool_off and (how := hint(self.dashboard.settings.codex_homes)):
            remarks.append(content.line(how, "yellow"))
        if found.revision is not None:
            remarks.append(content.line("+ new  − gone  ~ reworded  ↕ moved  * state", "dim"))
        if found.left_out:
            left = (
                f"{pluralize(found.left_out, 'task')} more than a picture holds; v shows the table."
            )
            remarks.append(content.line(left, "dim"))
        shown = self.query_exactly_one(".remarks", Static)
        shown.display = bool(remarks)
        shown.update(content.lines(*remarks))

    def _stands(self, found: PlanLayout) -> Content:
        wish = found.wish
        tasks = [task for task in found.roadmap.tasks if task.relevant]
        where = found.project or "no project"
        if wish.within.value == "everything":
            where = "everything"
        elif wish.within.value == "branch":
            where += f" · {wish.branch}"
        elif wish.within.value == "session":
            where += f" · session {(wish.session or '')[:8]}"
        head = [content.line(where, "title"), content.line(pluralize(len(tasks), "task"))]
        states = list(counts(tasks).items())
        parts = [content.state(state, number) for state, number in states]
        # From the right, where the signs need their words the least.
        for at in reversed(range(len(parts))):
            if content.row(*head, *parts).cell_length <= self.size.width - 2:
                break
            parts[at] = content.row(content.glyph(states[at][0]), f"{states[at][1]}", gap=" ")
        said = content.row(*head, *parts)
        how = [content.line(f"view {wish.view}", "dim"), content.line(f"show {wish.choice}", "dim")]
        if wish.words:
            how.append(content.line(f"filter: {wish.words}", "yellow"))
        held = waits(self.showing) if isinstance(self.showing, Table) else None
        return content.lines(said, content.row(*how, self._revised(found), held))

    def _revised(self, found: PlanLayout) -> Content:
        last = len(found.revisions)
        if not last:
            return content.line("")
        revision = found.revision
        if revision is None:
            return content.line(f"rev {last}/{last}  [ ] to move in time", "dim")
        at = f"{revision.at:%H:%M:%S}" if revision.at else ""
        return content.row(
            content.line(f"rev {revision.number}/{last}", "yellow"),
            at,
            content.line(revision.explanation, "dim"),
        )

    def empty(self) -> Content:
        found = self.found
        if found is None:
            return content.line("")
        if found.wish.words:
            return content.line(f"Nothing says “{found.wish.words}” here. Esc shows all.", "dim")
        if found.roadmap.tasks:
            return content.line(f"No task is {found.wish.choice} here. f shows others.", "dim")
        return content.lines(
            "No tasks yet.",
            "They come from Codex's plans, goals and sub-agents. Press a to add one of yours.",
        )

    def copied(self) -> str:
        return self.chosen.text if self.chosen else ""

    def copied_id(self) -> str:
        return self.chosen.id if self.chosen else ""
