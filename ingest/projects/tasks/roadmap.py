"""The roadmap of a project: the tasks of all its sessions and their current state.

What each session contributes is stored (`session_tasks.py`); the roadmap is made from that, from
people's edits and from the clock on every read. The whole project is loaded even for a smaller
scope, because work continues across sessions and branches; tasks outside the scope are dropped at
the end.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.projects.git.reachability import Reached
from ingest.projects.git.read_repository import Git
from ingest.projects.names import ProjectNames
from ingest.projects.tasks import apply_edits, cycles
from ingest.projects.tasks.derive import Derived, derive
from ingest.projects.tasks.edits import Add, Imported, Link, RecordedEdit, decode_edit
from ingest.projects.tasks.lines_of_work import LinesOfWork
from ingest.projects.tasks.listed import ListedTask
from ingest.projects.tasks.load import LoadedTasks, load_project, load_sessions
from ingest.projects.tasks.model import CLOSED, Edge, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.plan_tool import SessionEvidence, is_enabled
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session


def roadmap(
    rows: NamedQueries,
    scope: Scope,
    now: Now,
    git: Git | None = None,
    folder: str | None = None,
    more: Iterable[RecordedEdit] = (),
    every: list[Session] | None = None,
) -> Roadmap:
    """The tasks in this scope; the caller applies `limit` and `offset`. With `git`, what was done
    on other branches only counts if it is part of what is checked out, in `folder` if it is in the
    project's repository. Runs git: then never call this on the UI thread. `more` are edits that are
    not recorded: those of a state file. `every`: all sessions of the project, if they are known.
    """
    loaded = load_scope(rows, scope, now) if every is None else load_sessions(rows, every)
    sessions = [item.session for item in loaded]
    reached = LinesOfWork(rows, sessions, git, folder).reached if git else None
    return roadmap_of(rows, loaded, [*recorded_edits(rows), *more], scope, now, reached)


def roadmap_of(
    rows: NamedQueries,
    loaded: list[LoadedTasks],
    edits: list[RecordedEdit],
    scope: Scope,
    now: Now,
    reached: Callable[[ListedTask], Reached] | None = None,
) -> Roadmap:
    """The tasks of loaded sessions, with these edits in any order."""
    every = in_order(edits)
    plan = build_roadmap(loaded, every, scope, now, reached=reached)
    if plan.elsewhere and (scope.project is not None or scope.session is not None):
        # A task that waits for one of another project waits in every scope.
        projects = {item.session.project for item in loaded}
        plan = build_roadmap(load_project(rows, None, now), every, scope, now, projects, reached)
    return plan


def load_scope(rows: NamedQueries, scope: Scope, now: Now) -> list[LoadedTasks]:
    """The facts of the project's sessions, most recently active first."""
    project = scope.project
    if project is None and scope.session is not None:
        # Its work may continue in other sessions of the project.
        named = rows.first_row("tasks.project_of", session=scope.session)
        project = named["project"] if named else None
    return load_project(rows, project, now)


def recorded_edits(rows: NamedQueries) -> list[RecordedEdit]:
    """All task edits, in the order they were made."""
    recorded = rows.rows("tasks.sayings")
    edits = [edit for row in recorded if (edit := decode_edit(row)) is not None]
    if any('"at"' in row["about"] for row in recorded):
        edits = in_order(edits)  # Some were made on other machines, and imported later.
    if not any(isinstance(one.edit, Add | Imported) for one in edits):
        return edits
    names = ProjectNames(rows)
    return [
        replace(one, edit=replace(one.edit, project=names.recorded(one.edit.project, one.at)))
        if isinstance(one.edit, Add | Imported)
        else one
        for one in edits
    ]


def in_order(every: list[RecordedEdit]) -> list[RecordedEdit]:
    """The edits in the order in which people made them, on whatever machine."""
    return sorted(every, key=lambda one: one.at)


def build_roadmap(
    loaded: list[LoadedTasks],
    every: list[RecordedEdit],
    scope: Scope,
    now: Now,
    projects: set[str] | None = None,
    reached: Callable[[ListedTask], Reached] | None = None,
) -> Roadmap:
    """The tasks of these sessions; of those of `projects`, if more were loaded."""
    names = {item.session.project for item in loaded} | (
        {scope.project} if scope.project else set()
    )
    added = [
        item
        for item in apply_edits.added_tasks(every)
        if scope.project is None or item.task.project in names
    ]
    derived = derive(loaded, now, added, apply_edits.identity_edits(every), reached)
    _add_edges(derived, apply_edits.imported_edges(every, derived.names))
    every = apply_edits.rename_tasks(every, derived.names)
    tool_off = _without_plan_tool(loaded)
    _set_open_states(derived, set(), tool_off)
    for task in derived.tasks:
        if task.derived_state is not None:
            task.derived_state = task.state
    refused = _apply_edits(derived, every, scope, tool_off)
    elsewhere_sessions = [item.session for item in added if item.session is not None]
    in_scope = _ScopeFilter(scope, [*(item.session for item in loaded), *elsewhere_sessions], every)
    everything = {task.id for task in derived.tasks}
    elsewhere = {to for task in derived.tasks for to in task.depends_on} - everything
    tasks = [
        task
        for task in derived.tasks
        if (projects is None or task.project in projects) and in_scope(task)
    ]
    ids = {task.id for task in tasks}
    edges = [edge for edge in derived.edges if edge.source in ids and edge.target in ids]
    outside = _linked_outside(every, ids)
    tool_is_off = _plan_tool_off(loaded)
    return Roadmap(tasks, edges, refused, tool_is_off, derived.names, elsewhere, outside)


def _linked_outside(every: Iterable[RecordedEdit], ids: set[str]) -> set[str]:
    links = ({one.task, one.edit.to} for one in every if isinstance(one.edit, Link))
    return {end for ends in links if not ends <= ids for end in ends & ids}


def _add_edges(derived: Derived, edges: Iterable[Edge]) -> None:
    ids = {task.id for task in derived.tasks}
    known = [
        edge
        for edge in edges
        if edge.source in ids and edge.target in ids and edge.source != edge.target
    ]
    derived.edges = list(dict.fromkeys([*derived.edges, *known]))


def _apply_edits(
    derived: Derived, every: list[RecordedEdit], scope: Scope, tool_off: set[str]
) -> list[str]:
    """Apply the edits; returns the refused ones, as sentences."""
    if not every:
        return []
    whole = scope.project is None and scope.session is None
    refused, states = apply_edits.apply_edits(derived, every, whole=whole)
    _set_open_states(derived, states, tool_off)
    return refused


_OPEN = (TaskState.PENDING, TaskState.READY)
_LEFT = (TaskState.IN_PROGRESS, TaskState.STALLED, TaskState.FAILED)


def _set_open_states(derived: Derived, states: set[str], tool_off: set[str]) -> None:
    """Decide what is ready and what is blocked; `states` are the tasks whose state a person set,
    `tool_off` the projects without plans, where proposals take their place.
    """
    hard = [edge for edge in derived.edges if edge.kind is EdgeKind.DEPENDS]
    soft = [edge for edge in derived.edges if edge.kind is EdgeKind.ORDER]
    acyclic = set(cycles.without_cycles(hard, soft))
    derived.edges = [
        edge for edge in derived.edges if edge.kind is not EdgeKind.ORDER or edge in acyclic
    ]
    by_id = {task.id: task for task in derived.tasks}
    behind, whole = set[str](), set[str]()
    for edge in derived.edges:
        if edge.kind is EdgeKind.PART:
            part = by_id.get(edge.target)
            if part is not None and part.state not in CLOSED:
                whole.add(edge.source)
        elif edge.kind in (EdgeKind.ORDER, EdgeKind.DEPENDS):
            before = by_id.get(edge.source)
            if before is not None and before.state not in CLOSED:
                behind.add(edge.target)
    for task in derived.tasks:
        task.blocked_by = [
            dependency
            for dependency in task.depends_on
            if dependency in by_id and by_id[dependency].state not in CLOSED
        ]
        set_by_person = task.id in states and task.state is not TaskState.PENDING
        if task.state in _OPEN and not set_by_person:
            task.state = _open_state(task, behind, tool_off)
        left = task.left_at is not None and task.state in _LEFT and task.id not in states
        # A goal with open steps is worked on through them.
        task.ready = (
            (task.state is TaskState.READY or left)
            and not task.blocked_by
            and (task.origin is not Origin.GOAL or task.id not in whole)
        )


def _open_state(task: Task, behind: set[str], tool_off: set[str]) -> TaskState:
    if task.blocked_by:
        return TaskState.BLOCKED
    if task.id in behind or (task.origin is Origin.PROPOSED and task.project not in tool_off):
        return TaskState.PENDING
    return TaskState.READY


class _ScopeFilter:
    """Whether a task is in the scope."""

    def __init__(
        self, scope: Scope, sessions: Iterable[Session], every: list[RecordedEdit]
    ) -> None:
        self.scope = scope
        self.sessions = {item.id for item in sessions if _in_scope(item, scope)}
        self.edited_at = {item.task: item.at for item in every}
        """When each task was last edited."""

    def __call__(self, task: Task) -> bool:
        scope = self.scope
        if task.session is not None:
            return any(one.session in self.sessions for one in task.appearances)
        at = self.edited_at.get(task.id)
        return (
            scope.session is None
            and (scope.branch is None or task.branch in (None, scope.branch))
            and _between(at, at, scope)
        )


def _in_scope(session: Session, scope: Scope) -> bool:
    return (
        (scope.session is None or session.id == scope.session)
        and (scope.branch is None or session.branch == scope.branch)
        and _between(session.started_at or session.last_at, session.last_at, scope)
    )


def _between(first: datetime | None, last: datetime | None, scope: Scope) -> bool:
    return (scope.since is None or (last is not None and last >= scope.since)) and (
        scope.until is None or (first is not None and first < scope.until)
    )


def _began(loaded: LoadedTasks) -> float:
    return loaded.session.started_at.timestamp() if loaded.session.started_at else 0.0


def _without_plan_tool(loaded: list[LoadedTasks]) -> set[str]:
    """The projects whose sessions have no plans because Codex's plan tool is off."""
    by_project: defaultdict[str, list[LoadedTasks]] = defaultdict(list)
    for tasks in loaded:
        by_project[tasks.session.project].append(tasks)
    return {project for project, of in by_project.items() if _plan_tool_off(of)}


def _plan_tool_off(loaded: list[LoadedTasks]) -> bool:
    """Whether sessions have no plans because Codex's plan tool is off."""
    own = [tasks for tasks in loaded if tasks.session.parent_id is None]
    own.sort(key=_began, reverse=True)
    shown = (
        SessionEvidence(
            tasks.session.cli_version, tasks.tasks.has_plan, tasks.tasks.refused_plans > 0
        )
        for tasks in own
    )
    return is_enabled(shown) is False
