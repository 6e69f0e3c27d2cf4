"""The tasks of a project as items of its state file, in an order that does not change."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import PurePath
from typing import Final, cast

import msgspec
from msgspec.structs import replace

from ingest.db.query_reader import NamedQueries
from ingest.projects.state.document import (
    ProjectState,
    Proof,
    ProofKind,
    SeenIn,
    State,
    StateEdge,
    StateItem,
    Written,
)
from ingest.projects.tasks.model import Appearance, EvidenceKind, Origin, Roadmap, Task, TaskState
from ingest.sessions.session import Session

_LONGEST: Final = 4096
_STATES: Final = {
    TaskState.READY: "pending",
    TaskState.WAITING: "in_progress",
    TaskState.STALLED: "in_progress",
}

Mask = Callable[[str], str]


class RepositoryPaths:
    """Paths of sessions' files, relative to the repository in which each session worked."""

    def __init__(self, rows: NamedQueries, sessions: Iterable[Session]) -> None:
        tops = {row["path"]: row["top"] for row in rows.rows("projects.folders") if row["top"]}
        self._folders = {
            one.id: (one.cwd, tops.get(one.cwd.rstrip("/\\"), one.cwd))
            for one in sessions
            if one.cwd
        }

    def inside(self, session: str | None, path: str) -> str | None:
        """The path relative to the repository; None if it is not in it."""
        if session not in self._folders:
            return path
        cwd, top = self._folders[session]
        whole = PurePath(cwd, path)
        for folder in (top, cwd):
            if whole.is_relative_to(folder):
                return whole.relative_to(folder).as_posix()
        return None


def task_state(
    name: str, plan: Roadmap, mask: Mask, paths: RepositoryPaths | None = None
) -> ProjectState:
    """The goals, tasks and edges of a state file."""
    tasks = sorted((one for one in plan.tasks if one.current), key=_first_listed)
    items = {one.id: _item(one, mask, paths) for one in tasks}
    goals = {one.id for one in tasks if one.origin is Origin.GOAL}
    return ProjectState(
        project=name,
        goals=[items[one.id] for one in tasks if one.id in goals],
        tasks=[items[one.id] for one in tasks if one.id not in goals],
        edges=sorted(
            (
                StateEdge(one.source, one.target, str(one.kind))
                for one in plan.edges
                if one.source in items and one.target in items
            ),
            key=lambda one: (one.source, one.target, one.kind),
        ),
    )


def _first_listed(task: Task) -> tuple[str, str, int, str]:
    """Steps that a session listed at the same time stay in the order of its plan."""
    first = next(iter(task.appearances), None)
    if first is None:
        return "", "", 0, task.id
    return first.at.isoformat() if first.at else "", first.session or "", first.place, task.id


def _item(task: Task, mask: Mask, paths: RepositoryPaths | None) -> StateItem:
    item = StateItem(
        id=task.id,
        text=mask(task.text)[:_LONGEST] or "(no text)",
        state=stated(task.state, set_by_person=not task.blocked_by),
        log_state=None
        if task.derived_state is None
        else stated(task.derived_state, set_by_person=False),
        origin=str(task.origin),
        branch=task.branch,
        owner=task.owner,
        depends_on=sorted(task.depends_on),
        notes=[mask(one) for one in task.notes],
        evidence=[
            Proof(
                cast(ProofKind, str(one.kind)),
                mask(_ref(one.kind, one.ref, task, paths))[:_LONGEST] or "?",
                one.by,
            )
            for one in task.evidence
        ],
        sessions=[seen for one in task.appearances if (seen := _seen(one)) is not None],
    )
    return replace(item, written=written(item))


def written(item: StateItem) -> Written:
    """What is noted of an item when it is written, to recognise edits of a person."""
    return Written(item.state, item.owner, lists_digest(item))


def lists_digest(item: StateItem) -> str:
    lists = [item.depends_on, item.notes, [[one.kind, one.ref] for one in item.evidence]]
    return blake2b(msgspec.json.encode(lists), digest_size=4).hexdigest()


def _ref(kind: EvidenceKind, ref: str, task: Task, paths: RepositoryPaths | None) -> str:
    inside = paths.inside(task.session, ref) if paths and kind is EvidenceKind.FILE else None
    return inside or ref


def _seen(appearance: Appearance) -> SeenIn | None:
    if appearance.session is None:
        return None
    return SeenIn(
        session=appearance.session,
        id=appearance.id,
        state=stated(appearance.state, set_by_person=False),
        branch=appearance.branch,
        at=appearance.at,
        changed_at=appearance.changed_at,
    )


def stated(state: TaskState, *, set_by_person: bool) -> State:
    """The state without what depends on the current time or on other tasks."""
    if state is TaskState.BLOCKED and not set_by_person:
        return "pending"
    return cast(State, _STATES.get(state, str(state)))
