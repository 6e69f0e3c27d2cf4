"""The roadmap of a project: what was to be done over all its sessions, and how it stands now.

Derived each time it is read, from the facts and from what people said; nothing of it is stored. The
whole project is looked at even where less is asked for, because work goes on over sessions and
branches; what was not asked for is left out at the end.
"""

from collections.abc import Iterable
from datetime import datetime

from ingest.db.query_reader import NamedQueries
from ingest.projects.tasks import apply_edits, cycles
from ingest.projects.tasks.derive import Derived, derive
from ingest.projects.tasks.edits import RecordedEdit, decode_edit
from ingest.projects.tasks.load import LoadedTasks, LoggedThread, load_project
from ingest.projects.tasks.model import CLOSED, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.plan_tool import SessionEvidence, is_enabled
from ingest.sessions.scope import Now, Scope


def roadmap(rows: NamedQueries, scope: Scope, now: Now) -> Roadmap:
    """The tasks in this scope; `limit` and `offset` are the reader's to apply."""
    return build_roadmap(load_scope(rows, scope, now), recorded_edits(rows), scope, now)


def load_scope(rows: NamedQueries, scope: Scope, now: Now) -> list[LoadedTasks]:
    """What the sessions of the project tell, the one that moved last first."""
    project = scope.project
    if project is None and scope.session is not None:
        # Its work goes on in other sessions.
        named = rows.first_row("tasks.project_of", session=scope.session)
        project = named["project"] if named else None
    return load_project(rows, project, now)


def recorded_edits(rows: NamedQueries) -> list[RecordedEdit]:
    """What people said of tasks, in the order they said it."""
    return [one for row in rows.rows("tasks.sayings") if (one := decode_edit(row)) is not None]


def build_roadmap(
    told: list[LoadedTasks], every: list[RecordedEdit], scope: Scope, now: Now
) -> Roadmap:
    """The roadmap that these sessions and these edits make. Pure."""
    derived = derive(told, now)
    names = {one.session.project for one in told} | ({scope.project} if scope.project else set())
    for task in apply_edits.added_tasks(every, None):
        if scope.project is None or task.project in names:
            derived.tasks.append(task)
    _settle(derived, set())
    for one in derived.tasks:
        if one.origin is not Origin.PERSON:
            one.derived_state = one.state
    refused = _edited(derived, every, scope)
    within = _Within(scope, [one.session for one in told], every)
    tasks = [task for task in derived.tasks if within(task)]
    ids = {task.id for task in tasks}
    for task in tasks:
        if task.continued_in not in ids:
            task.continued_in = None
    edges = [edge for edge in derived.edges if edge.source in ids and edge.target in ids]
    return Roadmap(tasks, edges, refused, _plan_tool_off(told))


def _edited(derived: Derived, every: list[RecordedEdit], scope: Scope) -> list[str]:
    """Lay what people said over what is derived; what of it cannot be."""
    if not every:
        return []
    whole = scope.project is None and scope.session is None
    refused, states = apply_edits.apply_edits(derived, every, whole=whole)
    _settle(derived, states)
    return refused


_OPEN = (TaskState.PENDING, TaskState.READY)


def _settle(derived: Derived, states: set[str]) -> None:
    """What is ready and what is blocked, with what people said of states taken as it is."""
    hard = [edge for edge in derived.edges if edge.kind is EdgeKind.DEPENDS]
    soft = [edge for edge in derived.edges if edge.kind is EdgeKind.ORDER]
    kept = set(cycles.without_cycles(hard, soft))
    derived.edges = [
        edge for edge in derived.edges if edge.kind is not EdgeKind.ORDER or edge in kept
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
            one for one in task.depends_on if one in by_id and by_id[one].state not in CLOSED
        ]
        said = task.id in states and task.state is not TaskState.PENDING
        if task.state in _OPEN and not said:
            task.state = _standing(task, behind)
        task.ready = task.state is TaskState.READY


def _standing(task: Task, behind: set[str]) -> TaskState:
    if task.blocked_by:
        return TaskState.BLOCKED
    if task.id in behind or task.origin is Origin.PROPOSED or task.continued_in is not None:
        return TaskState.PENDING
    return TaskState.READY


class _Within:
    """Whether a task is in the scope."""

    def __init__(
        self, scope: Scope, sessions: Iterable[LoggedThread], every: list[RecordedEdit]
    ) -> None:
        self.scope = scope
        self.sessions = {one.id for one in sessions if _asked_for(one, scope)}
        self.said = {one.task: one.at for one in every}
        """When somebody said something of a task last."""

    def __call__(self, task: Task) -> bool:
        scope = self.scope
        if task.session is not None:
            return task.session in self.sessions
        at = self.said.get(task.id)
        return (
            scope.session is None
            and (scope.branch is None or task.branch in (None, scope.branch))
            and _between(at, at, scope)
        )


def _asked_for(session: LoggedThread, scope: Scope) -> bool:
    return (
        (scope.session is None or session.id == scope.session)
        and (scope.branch is None or session.branch == scope.branch)
        and _between(session.started_at or session.last_at, session.last_at, scope)
    )


def _between(first: datetime | None, last: datetime | None, scope: Scope) -> bool:
    return (scope.since is None or (last is not None and last >= scope.since)) and (
        scope.until is None or (first is not None and first < scope.until)
    )


def _began(one: LoadedTasks) -> float:
    return one.session.started_at.timestamp() if one.session.started_at else 0.0


def _plan_tool_off(told: list[LoadedTasks]) -> bool:
    """Whether plans are missing because Codex gives the sessions no tool for one."""
    own = [one for one in told if one.session.parent_id is None]
    own.sort(key=_began, reverse=True)
    shown = (
        SessionEvidence(one.session.cli_version, bool(one.plan), one.refused_plans > 0)
        for one in own
    )
    return is_enabled(shown) is False
