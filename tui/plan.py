"""The plan of a project as the tasks screen shows it: what is asked for, and how it is laid out.

Pure, and made beside the loop. What a revision held is shown as tasks of that moment, with what it
changed in front of their words.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.projects.graph.drawing import draw
from ingest.projects.graph.layout import layout
from ingest.projects.tasks.filters import TaskFilter, filter_tasks
from ingest.projects.tasks.model import Edge, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.revisions import Change, Revision, RevisionStep, load_revisions
from ingest.projects.tasks.roadmap import roadmap
from ingest.sessions.scope import Now, Scope
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from tui.widgets.column import Line
from tui.widgets.graph import Picture
from tui.widgets.listing import matches

MOST: Final = 500
"""Boxes that are drawn; more are no picture any more, and the table has them all."""
_SIGNS: Final = {
    Change.ADDED: "+",
    Change.REMOVED: "−",
    Change.REWORDED: "~",
    Change.MOVED: "↕",
    Change.STATUS: "*",
}
_THEN: Final = {"completed": TaskState.DONE, "in_progress": TaskState.IN_PROGRESS}


class Within(StrEnum):
    """How far the screen looks."""

    PROJECT = "project"
    BRANCH = "branch"
    SESSION = "session"
    EVERYTHING = "everything"


class View(StrEnum):
    GRAPH = "graph"
    TREE = "tree"
    TABLE = "table"


class PlanRequest(Struct, frozen=True):
    """What a person wants to see."""

    within: Within = Within.PROJECT
    project: str | None = None
    """The one that moved last, where none was chosen."""
    branch: str | None = None
    session: str | None = None
    choice: TaskFilter = TaskFilter.ALL
    words: str = ""
    """What a task must say to be shown; not, behind a `!`."""
    view: View = View.GRAPH
    revision: int | None = None
    """Which one of the plan of `revised`; None for how everything stands now."""
    revised: str | None = None
    """The session whose plan is stepped through: that of the task under the cursor."""
    order: tuple[str, ...] = ()
    """Of the last picture, so that nothing jumps."""
    columns: int = 24
    ascii: bool = False


class PlanLayout(Struct, frozen=True):
    """What was found, and how it is shown."""

    wish: PlanRequest
    projects: list[str]
    project: str | None
    roadmap: Roadmap
    shown: Roadmap
    """What of it the filter lets through; or the plan as it was."""
    revisions: list[Revision]
    picture: Picture | None
    left_out: int
    """Tasks that there was no room for in the picture."""

    @property
    def revision(self) -> Revision | None:
        at = self.wish.revision
        return self.revisions[at - 1] if at and at <= len(self.revisions) else None


def lay_out_plan(rows: NamedQueries, wish: PlanRequest, now: Now) -> PlanLayout:
    projects = [row["project"] for row in rows.rows("tasks.projects")]
    project = wish.project or next(iter(projects), None)
    found = roadmap(rows, _scope(wish, project), now)
    course = load_revisions(rows, wish.revised) if wish.revised else []
    then = wish.revision and wish.revision <= len(course)
    shown = at_revision(course[wish.revision - 1]) if then and wish.revision else among(found, wish)
    picture = pictured(shown, wish) if wish.view is View.GRAPH else None
    left_out = max(0, len(shown.tasks) - MOST) if picture else 0
    return PlanLayout(wish, projects, project, found, shown, course, picture, left_out)


def _scope(wish: PlanRequest, project: str | None) -> Scope:
    match wish.within:
        case Within.EVERYTHING:
            return Scope()
        case Within.BRANCH:
            return Scope(project=project, branch=wish.branch)
        case Within.SESSION:
            return Scope(project=project, session=wish.session)
        case Within.PROJECT:
            return Scope(project=project)


def among(found: Roadmap, wish: PlanRequest) -> Roadmap:
    """What the filter lets through, of what is still looked for here."""
    tasks = filter_tasks([task for task in found.tasks if task.relevant], wish.choice)
    if wish.words:
        tasks = [task for task in tasks if matches(Line(task.id, (task.text,)), wish.words)]
    ids = {task.id for task in tasks}
    edges = [edge for edge in found.edges if edge.source in ids and edge.target in ids]
    return Roadmap(tasks, edges, found.refused, found.plan_tool_off)


def at_revision(revision: Revision) -> Roadmap:
    """The plan as it was, and what this revision took away."""
    tasks = [_then(entry, revision.number) for entry in (*revision.steps, *revision.removed)]
    edges = [Edge(one.id, other.id, EdgeKind.ORDER) for one, other in pairwise(revision.steps)]
    return Roadmap(tasks, edges)


def _then(entry: RevisionStep, number: int) -> Task:
    signs = "".join(_SIGNS[change] for change in entry.changes)
    gone = Change.REMOVED in entry.changes
    state = TaskState.CANCELLED if gone else _THEN.get(entry.status, TaskState.PENDING)
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
        notes=[f"It was “{entry.text_before}”."] if entry.text_before else [],
        current=not gone,
    )


def pictured(shown: Roadmap, wish: PlanRequest) -> Picture:
    tasks = shown.tasks[:MOST]
    ids = {task.id for task in tasks}
    drawn = [edge for edge in shown.edges if edge.source in ids and edge.target in ids]
    edges = [(edge.source, edge.target) for edge in drawn]
    hard = {(edge.source, edge.target) for edge in drawn if edge.kind is EdgeKind.DEPENDS}
    placed = layout([task.id for task in tasks], edges, wish.order)
    labels = {task.id: label(task, ascii=wish.ascii) for task in tasks}
    drawing = draw(placed, labels, set(edges) - hard, columns=wish.columns, ascii=wish.ascii)
    return Picture(placed, drawing, {task.id: tone(task) for task in tasks})


def label(task: Task, *, ascii: bool = False) -> str:
    look_ = STATE_STYLES.get(task.state, UNKNOWN)
    sign = look_.ascii if ascii else look_.glyph
    said = "!" if task.edited else ""
    kind = "" if task.origin in (Origin.PLAN, Origin.PERSON) else f" ({task.origin})"
    return f"{sign}{said} {task.text}{kind}"


def tone(task: Task) -> str:
    return STATE_STYLES.get(task.state, UNKNOWN).color


def nested(shown: Roadmap) -> list[tuple[int, Task]]:
    """The tasks with what is a part of them below them, and how deep each stands."""
    parts: dict[str, list[str]] = {}
    has_whole: set[str] = set()
    for edge in shown.edges:
        if edge.kind is EdgeKind.PART and edge.target not in has_whole:
            parts.setdefault(edge.source, []).append(edge.target)
            has_whole.add(edge.target)
    by_id = {task.id: task for task in shown.tasks}
    found: list[tuple[int, Task]] = []
    seen: set[str] = set()
    waiting = [(0, task.id) for task in reversed(shown.tasks) if task.id not in has_whole]
    while waiting:
        depth, name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        found.append((depth, by_id[name]))
        waiting += [(depth + 1, part) for part in reversed(parts.get(name, []))]
    return found + [(0, task) for task in shown.tasks if task.id not in seen]


def counts(tasks: Sequence[Task]) -> Mapping[TaskState, int]:
    """How many tasks stand in each state, in the order of the states."""
    return {
        state: number
        for state in TaskState
        if (number := sum(task.state is state for task in tasks))
    }


def stepped(wish: PlanRequest, found: PlanLayout, by: int) -> PlanRequest:
    """One revision back or on; past the newest one is now again."""
    last = len(found.revisions)
    at = (wish.revision or last + 1) + by
    if at > last or not last:
        return replace(wish, revision=None)
    return replace(wish, revision=max(1, at))
