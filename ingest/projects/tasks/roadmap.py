"""The roadmap of a project: the tasks of all its sessions and their current state.

Derived from the facts and people's edits on every read; nothing is stored. The whole project is
loaded even for a smaller scope, because work continues across sessions and branches; tasks outside
the scope are dropped at the end.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.projects.names import ProjectNames
from ingest.projects.tasks import apply_edits, cycles
from ingest.projects.tasks.derive import Derived, derive
from ingest.projects.tasks.edits import Add, RecordedEdit, decode_edit
from ingest.projects.tasks.load import LoadedTasks, load_project
from ingest.projects.tasks.model import CLOSED, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.plan_tool import SessionEvidence, is_enabled
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session


def roadmap(rows: NamedQueries, scope: Scope, now: Now) -> Roadmap:
    """The tasks in this scope; the caller applies `limit` and `offset`."""
    return build_roadmap(load_scope(rows, scope, now), recorded_edits(rows), scope, now)


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
    edits = [edit for row in rows.rows("tasks.sayings") if (edit := decode_edit(row)) is not None]
    if not any(isinstance(one.edit, Add) for one in edits):
        return edits
    names = ProjectNames(rows)
    return [
        replace(one, edit=replace(one.edit, project=names.recorded(one.edit.project, one.at)))
        if isinstance(one.edit, Add)
        else one
        for one in edits
    ]


def build_roadmap(
    loaded: list[LoadedTasks], every: list[RecordedEdit], scope: Scope, now: Now
) -> Roadmap:
    derived = derive(loaded, now)
    names = {item.session.project for item in loaded} | (
        {scope.project} if scope.project else set()
    )
    for task in apply_edits.added_tasks(every, None):
        if scope.project is None or task.project in names:
            derived.tasks.append(task)
    _set_open_states(derived, set())
    for item in derived.tasks:
        if item.origin is not Origin.PERSON:
            item.derived_state = item.state
    refused = _apply_edits(derived, every, scope)
    in_scope = _ScopeFilter(scope, [item.session for item in loaded], every)
    tasks = [task for task in derived.tasks if in_scope(task)]
    ids = {task.id for task in tasks}
    for task in tasks:
        if task.continued_in not in ids:
            task.continued_in = None
    edges = [edge for edge in derived.edges if edge.source in ids and edge.target in ids]
    return Roadmap(tasks, edges, refused, _plan_tool_off(loaded))


def _apply_edits(derived: Derived, every: list[RecordedEdit], scope: Scope) -> list[str]:
    """Apply the edits; returns the refused ones, as sentences."""
    if not every:
        return []
    whole = scope.project is None and scope.session is None
    refused, states = apply_edits.apply_edits(derived, every, whole=whole)
    _set_open_states(derived, states)
    return refused


_OPEN = (TaskState.PENDING, TaskState.READY)


def _set_open_states(derived: Derived, states: set[str]) -> None:
    """Decide what is ready and what is blocked; `states` are the tasks whose state a person set."""
    hard = [edge for edge in derived.edges if edge.kind is EdgeKind.DEPENDS]
    soft = [edge for edge in derived.edges if edge.kind is EdgeKind.ORDER]
    acyclic = set(cycles.without_cycles(hard, soft))
    derived.edges = [
        edge for edge in derived.edges if edge.kind is not EdgeKind.ORDER or edge in acyclic
    ]
    by_id = {task.id: task for task in derived.tasks}
    behind: set[str] = set()
    for edge in derived.edges:
        if edge.kind in (EdgeKind.ORDER, EdgeKind.DEPENDS):
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
            task.state = _open_state(task, behind)
        task.ready = task.state is TaskState.READY


def _open_state(task: Task, behind: set[str]) -> TaskState:
    if task.blocked_by:
        return TaskState.BLOCKED
    if task.id in behind or task.origin is Origin.PROPOSED or task.continued_in is not None:
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
            return task.session in self.sessions
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


def _plan_tool_off(loaded: list[LoadedTasks]) -> bool:
    """Whether sessions have no plans because Codex's plan tool is off."""
    own = [tasks for tasks in loaded if tasks.session.parent_id is None]
    own.sort(key=_began, reverse=True)
    shown = (
        SessionEvidence(tasks.session.cli_version, bool(tasks.plan), tasks.refused_plans > 0)
        for tasks in own
    )
    return is_enabled(shown) is False
