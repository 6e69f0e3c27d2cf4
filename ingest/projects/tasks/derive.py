"""Derives tasks, and the edges between them, from the log alone, without people's edits.

Pure. `roadmap.py` decides later, once people's edits are known, what is ready or blocked.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import Final

from msgspec import Struct, field

from ingest.codex.liveness import SessionState
from ingest.projects.git.reachability import Reached
from ingest.projects.tasks.fold import NO_EDITS, IdentityEdits, fold
from ingest.projects.tasks.listed import NEVER, ListedTask
from ingest.projects.tasks.load import LoadedTasks
from ingest.projects.tasks.model import (
    CLOSED,
    OBSERVED,
    Edge,
    EdgeKind,
    Evidence,
    EvidenceKind,
    Origin,
    Task,
    TaskState,
)
from ingest.projects.tasks.plan import Point, StepHistory, task_id
from ingest.projects.tasks.session_tasks import AgentEvent, LoggedGoal
from ingest.sessions.scope import Now
from ingest.sessions.session import Session, title_of

_WORKED_ON: Final = {
    SessionState.WAITING: TaskState.WAITING,
    SessionState.STALLED: TaskState.STALLED,
    SessionState.IDLE: TaskState.STALLED,
    SessionState.INTERRUPTED: TaskState.STALLED,
    SessionState.FAILED: TaskState.FAILED,
}
"""State of a started task by the state of its session; in any other state it is in progress."""

_LONG_AGO: Final = timedelta(days=14)
"""Open tasks of a session that wrote nothing for this long are stalled."""
_AGENT_ENDS: Final = {
    "completed": TaskState.DONE,
    "errored": TaskState.FAILED,
    "failed": TaskState.FAILED,
    "interrupted": TaskState.CANCELLED,
    "closed": TaskState.CANCELLED,
}
_STARTS: Final = ("spawned", "started")


class Derived(Struct):
    tasks: list[Task] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """Other ids of folded tasks, each with the id of its task."""


class _Family(Struct):
    """The tasks of one session, grouped by origin."""

    material: LoadedTasks
    goals: list[Task] = field(default_factory=list)
    steps: list[Task] = field(default_factory=list)
    """The steps of the newest plan, in order."""
    agents: list[tuple[AgentEvent, Task]] = field(default_factory=list)
    worked: list[tuple[Point, Point | None, Task]] = field(default_factory=list)


def derive(
    materials: Iterable[LoadedTasks],
    now: Now,
    added: Iterable[ListedTask] = (),
    identity: IdentityEdits = NO_EDITS,
    reached: Callable[[ListedTask], Reached] | None = None,
) -> Derived:
    """The tasks of these sessions, in their order, then those that people `added`; and the edges
    between them. A task that several sessions list is one task.
    """
    families, seen = list[_Family](), dict[str, ListedTask]()
    everything = list(materials)
    by_id = {loaded.session.id: loaded.session for loaded in everything}
    for material in everything:
        family = _Family(material)
        families.append(family)
        listed = chain(
            _goals(family, now),
            _steps(family, now),
            _agents(family, by_id, now),
            _requests(material, now),
            _proposals(material, now),
        )
        for place, item in enumerate(listed):
            item.place = place
            seen.setdefault(item.task.id, item)
    for item in added:
        seen.setdefault(item.task.id, item)  # What the log says counts more than a state file.
    folded = fold(list(seen.values()), identity, reached)
    edges = [*_part_edges(families), *_order_edges(families, folded.names)]
    mapped = (
        Edge(folded.id_of(edge.source), folded.id_of(edge.target), edge.kind) for edge in edges
    )
    unique = dict.fromkeys(edge for edge in mapped if edge.source != edge.target)
    return Derived(folded.tasks, list(unique), folded.names)


def _task(session: Session, name: str, text: str, state: TaskState, origin: Origin) -> Task:
    return Task(
        id=name,
        text=text,
        state=state,
        derived_state=state,
        origin=origin,
        session=session.id,
        project=session.project,
        branch=session.branch,
    )


def _goals(family: _Family, now: Now) -> Iterator[ListedTask]:
    session = family.material.session
    goals: dict[str, list[LoggedGoal]] = {}
    for goal in family.material.tasks.goals:
        goals.setdefault(goal.objective, []).append(goal)
    newest = family.material.tasks.goals[-1].objective if family.material.tasks.goals else None
    for objective, course in goals.items():
        first, last = course[0], course[-1]
        name = task_id(session.id, first.segment, first.byte, "goal")
        state = _goal_state(last.status, session, now)
        task = _task(session, name, objective or "(a goal without text)", state, Origin.GOAL)
        task.started_at = first.at
        task.ended_at = last.at if state is TaskState.DONE else None
        task.current = objective == newest or state is TaskState.DONE
        if state is TaskState.DONE and first.at and last.at:
            task.seconds = (last.at - first.at).total_seconds()
        if not task.current:
            task.state = task.derived_state = TaskState.CANCELLED
        else:
            family.goals.append(task)
            _leave(task, session)
        yield ListedTask(task, session, task.text, first.at, last.at, task.ended_at)


def _goal_state(status: str, session: Session, now: Now) -> TaskState:
    match status.replace("_", "").lower():
        case "complete" | "completed":
            return TaskState.DONE
        case "blocked" | "usagelimited" | "budgetlimited":
            return TaskState.BLOCKED
        case "paused":
            return TaskState.WAITING
        case _:
            return _begun(session, now)


def _steps(family: _Family, now: Now) -> Iterator[ListedTask]:
    session = family.material.session
    until = session.works_until(now.moment)
    for step in family.material.tasks.steps:
        task = _task(session, step.id, step.text, _step_state(step, session, now), Origin.PLAN)
        task.started_at, task.ended_at = step.started_at, step.ended_at
        task.seconds = step.seconds_until(until)
        task.revision, task.current = step.revision, step.current
        task.evidence = list(step.evidence)
        if step.current:
            family.steps.append(task)
            if step.status == "in_progress":
                _leave(task, session)
        family.worked += [(start, end, task) for start, end in step.worked]
        yield ListedTask(
            task,
            session,
            step.first_text,
            step.first_at,
            step.changed_at,
            step.ended_at if step.current else step.dropped_at,
            begins_closed=step.first_status == "completed",
        )


def _leave(task: Task, session: Session) -> None:
    """Note that the session began the task and ended, if it is not active any more."""
    if task.state not in CLOSED and session.state not in (
        SessionState.RUNNING,
        SessionState.WAITING,
    ):
        task.left_at = session.last_at or session.started_at or NEVER


def _left(session: Session, now: Now) -> bool:
    """Whether a session was inactive so long that its open tasks are stalled."""
    long_ago = max(_LONG_AGO, now.idle_after)
    return session.last_at is not None and now.moment - session.last_at > long_ago


def _begun(session: Session, now: Now) -> TaskState:
    """The state of a task that was started in this session and not reported as ended."""
    goes_on = TaskState.STALLED if _left(session, now) else TaskState.IN_PROGRESS
    return _WORKED_ON.get(session.state, goes_on)


def _step_state(step: StepHistory, session: Session, now: Now) -> TaskState:
    if step.status == "completed":
        return TaskState.DONE
    if not step.current:
        return TaskState.CANCELLED
    if step.status == "in_progress":
        return _begun(session, now)
    return TaskState.STALLED if _left(session, now) else TaskState.PENDING


def _agents(family: _Family, sessions: dict[str, Session], now: Now) -> Iterator[ListedTask]:
    session = family.material.session
    starts: dict[str, AgentEvent] = {}
    last: dict[str, AgentEvent] = {}
    for link in family.material.tasks.links:
        who = link.child or link.path
        if who is None:
            continue
        if link.event in _STARTS:
            starts.setdefault(who, link)
        last[who] = link
    for who, link in starts.items():
        child = sessions.get(link.child or "")
        name = task_id(session.id, link.segment, link.point.byte, "agent", who)
        text = link.task or (child and child.title) or title_of(link.path) or "(not told)"
        state = _agent_state(child, last[who], session, now)
        task = _task(session, name, text, state, Origin.AGENT)
        task.owner = link.nickname or (child.nickname if child else None) or link.path or link.child
        task.started_at = link.at
        if link.child:
            task.evidence = [Evidence(EvidenceKind.SESSION, link.child, OBSERVED)]
        if state in CLOSED or state is TaskState.FAILED:
            task.ended_at = _ended(child, last[who])
            if task.started_at and task.ended_at:
                task.seconds = max(0.0, (task.ended_at - task.started_at).total_seconds())
        _leave(task, child or session)
        family.agents.append((link, task))
        yield ListedTask(task, session, text, link.at)


def _agent_state(child: Session | None, last: AgentEvent, session: Session, now: Now) -> TaskState:
    if child is not None and child.state is SessionState.DONE:
        return TaskState.DONE
    if (
        child is not None
        and child.state is not SessionState.UNKNOWN
        and last.event not in _AGENT_ENDS
    ):
        return _begun(child, now)
    ended = _AGENT_ENDS.get(last.event)
    return ended or _begun(session, now)


def _ended(child: Session | None, last: AgentEvent) -> datetime | None:
    if last.event in _AGENT_ENDS and last.at is not None:
        return last.at
    return child.last_at if child else None


def _requests(material: LoadedTasks, now: Now) -> Iterator[ListedTask]:
    """Requests after the last completed turn. A sub-agent's request is its agent task already."""
    session = material.session
    if session.parent_id is not None:
        return
    for message in material.tasks.requests:
        match message.turn_state:
            case "open":
                state = _begun(session, now)
            case "failed":
                state = TaskState.FAILED
            case _:
                state = TaskState.STALLED if _left(session, now) else TaskState.PENDING
        name = task_id(session.id, message.segment, message.byte, "request")
        text = message.title or "(a request without text)"
        task = _task(session, name, text, state, Origin.REQUEST)
        task.started_at, task.ended_at = message.at, message.ended_at
        if message.turn_state in ("open", "failed"):
            _leave(task, session)
        yield ListedTask(task, session, text, message.at)


def _proposals(material: LoadedTasks, now: Now) -> Iterator[ListedTask]:
    """Proposed tasks; only the newest proposal of a session that is not stalled is current."""
    session, proposals = material.session, material.tasks.proposals
    for message in proposals:
        for index, item in enumerate(message.items):
            name = task_id(session.id, message.segment, message.byte, "proposed", index)
            dropped = TaskState.CANCELLED if _left(session, now) else TaskState.PENDING
            state = TaskState.DONE if item.done else dropped
            task = _task(session, name, item.text, state, Origin.PROPOSED)
            task.current = message is proposals[-1] and state is not TaskState.CANCELLED
            closed = message.at if item.done else None
            yield ListedTask(
                task, session, item.text, message.at, message.at, closed, begins_closed=item.done
            )


def _order_edges(families: list[_Family], names: dict[str, str]) -> Iterator[Edge]:
    """Edges for the order of steps. The newest plan that lists a task decides what comes before it,
    so that the edges of several plans never form a cycle.
    """
    plans = [family for family in families if family.steps]
    plans.sort(key=lambda family: (_planned_at(family.material), family.material.key))
    chains = [list(dict.fromkeys(names.get(t.id, t.id) for t in family.steps)) for family in plans]
    newest = {name: number for number, chain_ in enumerate(chains) for name in chain_}
    for number, chain_ in enumerate(chains):
        for before, after in pairwise(chain_):
            if newest[after] == number:
                yield Edge(before, after, EdgeKind.ORDER)


def _planned_at(material: LoadedTasks) -> datetime:
    return material.tasks.planned_at or material.session.started_at or NEVER


def _part_edges(families: list[_Family]) -> Iterator[Edge]:
    """Edges for what is part of what."""
    of_child = {
        link.child: task
        for other in families
        for link, task in other.agents
        if link.child is not None
    }
    for family in families:
        above = family.goals[-1] if family.goals else of_child.get(family.material.session.id)
        if family.goals and (child_goals := of_child.get(family.material.session.id)):
            yield Edge(child_goals.id, family.goals[-1].id, EdgeKind.PART)
        if above is not None:
            for step in family.steps:
                yield Edge(above.id, step.id, EdgeKind.PART)
        for link, task in family.agents:
            parent = _at_work(family, link.point) or above
            if parent is not None:
                yield Edge(parent.id, task.id, EdgeKind.PART)


def _at_work(family: _Family, point: Point) -> Task | None:
    """The step that was in progress at this point."""
    for start, end, task in family.worked:
        if task.current and start <= point and (end is None or point < end):
            return task
    return None
