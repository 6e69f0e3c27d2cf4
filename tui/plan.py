"""The plan of a project as the tasks screen shows it. Pure; runs on a query thread.

A past revision of a plan is shown as tasks in their state at that time, with a sign for each change
before their texts.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.projects.git.read_repository import Git
from ingest.projects.graph.drawing import Drawing, draw
from ingest.projects.graph.layout import Layout, layout
from ingest.projects.tasks.filters import TaskFilter, filter_tasks
from ingest.projects.tasks.model import CLOSED, Edge, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.revisions import Revision, RevisionStep, StepChange, load_revisions
from ingest.projects.tasks.roadmap import roadmap
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import ID_CHARS, title_of
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from tui.filters import matches
from tui.widgets.graph import GraphPicture

MAX_BOXES: Final = 500
"""More boxes would not be readable. The table shows all tasks."""
LABEL_COLUMNS: Final = (24, 60)
"""Of the shortest and the longest labels in a graph."""
_CHANGE_SIGNS: Final = {
    StepChange.ADDED: "+",
    StepChange.REMOVED: "−",
    StepChange.REWORDED: "~",
    StepChange.MOVED: "↕",
    StepChange.STATUS: "*",
}
_STATES: Final = {"completed": TaskState.DONE, "in_progress": TaskState.IN_PROGRESS}


class PlanScope(StrEnum):
    """Which tasks the screen shows."""

    PROJECT = "project"
    BRANCH = "branch"
    SESSION = "session"
    EVERYTHING = "everything"


class PlanView(StrEnum):
    GRAPH = "graph"
    TREE = "tree"
    TABLE = "table"
    SESSIONS = "by session"


class PlanRequest(Struct, frozen=True):
    """What a person chose to see."""

    scope: PlanScope = PlanScope.PROJECT
    project: str | None = None
    """None for the most recently active one."""
    branch: str | None = None
    session: str | None = None
    task_filter: TaskFilter = TaskFilter.ALL
    words: str = ""
    """A filter text: see `tui.filters`."""
    view: PlanView = PlanView.GRAPH
    revision: int | None = None
    """Number of a revision of the plan of `revision_session`; None for the current state."""
    revision_session: str | None = None
    """The session of the task under the cursor."""
    order: tuple[str, ...] = ()
    """Order of the nodes in the last graph, so that they stay where they are."""
    columns: int = 80
    """The width that a graph has."""
    with_done: bool = False
    """Whether tasks are shown that need no further work."""
    ascii: bool = False


class PlanLayout(Struct, frozen=True):
    """The tasks, and how they are shown."""

    request: PlanRequest
    projects: list[str]
    project: str | None
    roadmap: Roadmap
    shown: Roadmap
    """The tasks that match the filter, or those of a past revision."""
    revisions: list[Revision]
    graph: GraphPicture | None
    hidden_count: int
    """Tasks that are not in the graph because it would be too large."""
    done_hidden: int = 0
    """Tasks that are not shown because they are done."""
    titles: Mapping[str, str] = MappingProxyType({})
    """Of the sessions of the tasks."""

    @property
    def revision(self) -> Revision | None:
        return _revision(self.request, self.revisions)

    def title(self, session: str) -> str:
        """The title of a session; without one, the beginning of its id."""
        return self.titles.get(session) or session[:ID_CHARS]


def _revision(request: PlanRequest, revisions: Sequence[Revision]) -> Revision | None:
    number = request.revision
    return revisions[number - 1] if number and number <= len(revisions) else None


def lay_out_plan(
    reader: NamedQueries, request: PlanRequest, now: Now, git: Git | None = None
) -> PlanLayout:
    """Runs git if tasks were closed on other branches: never call this on the UI thread."""
    projects = [row["project"] for row in reader.rows("tasks.projects")]
    project = request.project or next(iter(projects), None)
    current = roadmap(reader, _scope(request, project), now, git)
    revisions = load_revisions(reader, request.revision_session) if request.revision_session else []
    revision = _revision(request, revisions)
    shown = at_revision(revision, current.names) if revision else filter_roadmap(current, request)
    graph = draw_graph(shown, request) if request.view is PlanView.GRAPH else None
    hidden_count = max(0, len(shown.tasks) - MAX_BOXES) if graph else 0
    done_hidden = 0 if revision else hidden_done(current, request)
    names = load_titles(reader, current.tasks)
    return PlanLayout(
        request, projects, project, current, shown, revisions, graph, hidden_count, done_hidden,
        names,
    )  # fmt: skip


def load_titles(reader: NamedQueries, tasks: Sequence[Task]) -> dict[str, str]:
    """The titles of the sessions that list these tasks."""
    ids = sorted({session for task in tasks for session in task.sessions})
    rows = reader.rows("sessions.titles", ids=ids) if ids else []
    return {row["id"]: title for row in rows if (title := title_of(row["title"]))}


def hides_done(request: PlanRequest) -> bool:
    return not request.with_done and request.task_filter is TaskFilter.ALL and not request.words


def hidden_done(current: Roadmap, request: PlanRequest) -> int:
    """How many tasks are not shown because they are done."""
    if not hides_done(request):
        return 0
    return sum(task.current and task.state in CLOSED for task in current.tasks)


def group_by_session(tasks: Sequence[Task]) -> dict[str | None, list[Task]]:
    """The tasks by the session that first listed them, in the order of the tasks."""
    groups: dict[str | None, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.session, []).append(task)
    return groups


def _scope(request: PlanRequest, project: str | None) -> Scope:
    match request.scope:
        case PlanScope.EVERYTHING:
            return Scope()
        case PlanScope.BRANCH:
            return Scope(project=project, branch=request.branch)
        case PlanScope.SESSION:
            return Scope(project=project, session=request.session)
        case PlanScope.PROJECT:
            return Scope(project=project)


def filter_roadmap(current: Roadmap, request: PlanRequest) -> Roadmap:
    """The relevant tasks that match the filter, and the edges between them."""
    tasks = filter_tasks([task for task in current.tasks if task.current], request.task_filter)
    if hides_done(request):
        tasks = [task for task in tasks if task.state not in CLOSED]
    if request.words:
        tasks = [task for task in tasks if matches(task.text, request.words)]
    ids = {task.id for task in tasks}
    edges = [edge for edge in current.edges if edge.source in ids and edge.target in ids]
    return Roadmap(tasks, edges, current.refused, current.plan_tool_off)


def at_revision(revision: Revision, names: Mapping[str, str] = MappingProxyType({})) -> Roadmap:
    """The plan as of this revision, with the steps that it removed; `names`: the ids of tasks that
    other sessions listed first.
    """
    revision = replace(
        revision,
        steps=[replace(one, id=names.get(one.id, one.id)) for one in revision.steps],
        removed=[replace(one, id=names.get(one.id, one.id)) for one in revision.removed],
    )
    tasks = [_task_at(entry, revision.number) for entry in (*revision.steps, *revision.removed)]
    edges = [Edge(step.id, after.id, EdgeKind.ORDER) for step, after in pairwise(revision.steps)]
    return Roadmap(tasks, edges)


def _task_at(entry: RevisionStep, number: int) -> Task:
    signs = "".join(_CHANGE_SIGNS[change] for change in entry.changes)
    removed = StepChange.REMOVED in entry.changes
    state = TaskState.CANCELLED if removed else _STATES.get(entry.status, TaskState.PENDING)
    return Task(
        id=entry.id,
        text=f"{signs} {entry.text}" if signs else entry.text,
        state=state,
        derived_state=state,
        origin=Origin.PLAN,
        session=None,
        project="",
        branch=None,
        revision=number,
        notes=[f"Before: “{entry.text_before}”"] if entry.text_before else [],
        current=not removed,
    )


def draw_graph(shown: Roadmap, request: PlanRequest) -> GraphPicture:
    tasks = shown.tasks[:MAX_BOXES]
    ids = {task.id for task in tasks}
    drawn = [edge for edge in shown.edges if edge.source in ids and edge.target in ids]
    edges = [(edge.source, edge.target) for edge in drawn]
    hard = {(edge.source, edge.target) for edge in drawn if edge.kind is EdgeKind.DEPENDS}
    placed = layout([task.id for task in tasks], edges, request.order)
    labels = {task.id: label(task, ascii=request.ascii) for task in tasks}
    soft = set(edges) - hard
    drawing = _drawn_to_fit(placed, labels, soft, request)
    return GraphPicture(placed, drawing, {task.id: tone(task) for task in tasks})


def _drawn_to_fit(
    placed: Layout, labels: Mapping[str, str], soft: set[tuple[str, str]], request: PlanRequest
) -> Drawing:
    """With labels as long as they may be in the width that there is."""
    layers = 1 + max((place.layer for place in placed.places.values()), default=0)
    columns = LABEL_COLUMNS[1]
    while True:
        drawing = draw(placed, labels, soft, columns=columns, ascii=request.ascii)
        over = drawing.width - request.columns
        if over <= 0 or columns == LABEL_COLUMNS[0]:
            return drawing
        columns = max(LABEL_COLUMNS[0], columns - max(1, over // layers))


def label(task: Task, *, ascii: bool = False) -> str:
    style = STATE_STYLES.get(task.state, UNKNOWN)
    glyph = style.ascii if ascii else style.glyph
    edited = "!" if task.edited else ""
    kind = "" if task.origin in (Origin.PLAN, Origin.PERSON) else f" ({task.origin})"
    return f"{glyph}{edited} {task.text}{kind}"


def tone(task: Task) -> str:
    return STATE_STYLES.get(task.state, UNKNOWN).color


def flatten_tree(shown: Roadmap) -> list[tuple[int, Task]]:
    """The tasks as a tree: each with its depth, children after their parent."""
    children: dict[str, list[str]] = {}
    has_parent: set[str] = set()
    for edge in shown.edges:
        if edge.kind is EdgeKind.PART and edge.target not in has_parent:
            children.setdefault(edge.source, []).append(edge.target)
            has_parent.add(edge.target)
    by_id = {task.id: task for task in shown.tasks}
    tree: list[tuple[int, Task]] = []
    seen: set[str] = set()
    stack = [(0, task.id) for task in reversed(shown.tasks) if task.id not in has_parent]
    while stack:
        depth, name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        tree.append((depth, by_id[name]))
        stack += [(depth + 1, part) for part in reversed(children.get(name, []))]
    return tree + [(0, task) for task in shown.tasks if task.id not in seen]


def state_counts(tasks: Sequence[Task]) -> Mapping[TaskState, int]:
    """The number of tasks by state, in the order of the states."""
    return {
        state: number
        for state in TaskState
        if (number := sum(task.state is state for task in tasks))
    }


def step_revision(request: PlanRequest, plan: PlanLayout, step: int) -> PlanRequest:
    """The request for an older or newer revision; after the newest one, for the current state."""
    last = len(plan.revisions)
    number = (request.revision or last + 1) + step
    if number > last or not last:
        return replace(request, revision=None)
    return replace(request, revision=max(1, number))
