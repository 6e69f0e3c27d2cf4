"""What is done and what is open on a line of work. Pure.

An agent, its step and the request for it are one thing: agents are folded into the step that they
work on, requests into the steps that were planned for them, and steps with nearly the same text
into one.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ingest.codex.liveness import SessionState
from ingest.projects.git.reachability import Reached
from ingest.projects.journal.near_duplicates import merge_near_duplicates
from ingest.projects.resume.line_of_work import LineSessions, says_nothing_new
from ingest.projects.resume.model import DoneStep, LogPosition, OpenStep
from ingest.projects.tasks.filters import next_task
from ingest.projects.tasks.model import CLOSED, Edge, EdgeKind, Origin, Task, TaskState
from ingest.sessions.session import Session, label
from ingest.text.hashes import short_hash

Mask = Callable[[str], str]

_FIRST: Final = ("in_progress", "waiting", "stalled", "failed", "ready", "blocked")
"""The order of open steps: started ones first."""
_DONE: Final = 20
"""Most done steps to return."""


def open_steps(
    tasks: Sequence[Task], edges: Iterable[Edge], line: LineSessions, mask: Mask
) -> list[OpenStep]:
    """The open steps, the next one first."""
    found = [task for task in tasks if task.current and task.state not in CLOSED]
    # The sort is stable, so steps stay in the order of their plan; the session's own come first.
    found.sort(
        key=lambda task: (
            task.where is not None,
            bool(task.sessions) and line.own.isdisjoint(task.sessions),
            task.origin is Origin.REQUEST,
            _rank(task),
        )
    )
    into = {**_agents(found, edges), **_requests(found)}
    kept = [task for task in found if task.id not in into]
    following = next_task(kept)
    if following is not None:
        kept.sort(key=lambda task: task is not following)
    also: dict[str, list[str]] = {}
    for task in found:
        if task.id in into:
            kind = "request" if task.origin is Origin.REQUEST else "agent"
            also.setdefault(_last(into, task.id), []).append(f"{kind}: {mask(task.text)}")
    by_id = {task.id: task for task in found}
    steps = [
        OpenStep(
            task.id,
            mask(task.text),
            task.state,
            task.origin,
            place_of(task),
            _age(task),
            task is following,
            _owner(task, into, by_id),
            task.where,
            list(task.blocked_by),
            also.get(task.id, []),
        )
        for task in kept
    ]
    return merge_near_duplicates(steps, lambda step: step.text, _merged)


def _merged(kept: OpenStep, other: OpenStep) -> OpenStep:
    return replace(
        kept,
        next=kept.next or other.next,
        owner=kept.owner or other.owner,
        also=[*kept.also, f"{other.origin}: {other.text}", *other.also],
    )


def _agents(tasks: list[Task], edges: Iterable[Edge]) -> dict[str, str]:
    """The tasks of agents, each with the open step that it works on."""
    by_id = {task.id: task for task in tasks}
    return {
        edge.target: edge.source
        for edge in edges
        if edge.kind is EdgeKind.PART
        and edge.source in by_id
        and by_id[edge.source].origin is Origin.PLAN
        and edge.target in by_id
        and by_id[edge.target].origin is Origin.AGENT
    }


def _requests(tasks: list[Task]) -> dict[str, str]:
    """The requests, each with the first step that was planned for it; one that only asks to go on
    with the first step of its session, if there is one.
    """
    into: dict[str, str] = {}
    for request in tasks:
        if request.origin is not Origin.REQUEST or request.session is None:
            continue
        steps = [
            task
            for task in tasks
            if task.origin in (Origin.PLAN, Origin.AGENT) and request.session in task.sessions
        ]
        anew = says_nothing_new(request.text)
        step = next((one for one in steps if anew or _listed_since(one, request)), None)
        if step is not None:
            into[request.id] = step.id
    return into


def _listed_since(step: Task, request: Task) -> bool:
    began = request.started_at
    return any(
        one.session == request.session and (began is None or one.at is None or one.at >= began)
        for one in step.appearances
    )


def _last(into: dict[str, str], id_: str) -> str:
    while id_ in into:
        id_ = into[id_]
    return id_


def _owner(task: Task, into: dict[str, str], by_id: dict[str, Task]) -> str | None:
    if task.owner:
        return task.owner
    agents = [by_id[one].owner for one, to in into.items() if to == task.id]
    return next((f"agent {owner}" for owner in agents if owner), None)


def _rank(task: Task) -> int:
    return _FIRST.index(task.state) if task.state in _FIRST else len(_FIRST)


def _age(task: Task) -> datetime | None:
    """When it was left, begun or last listed."""
    listed = [one.at for one in task.appearances if one.at is not None]
    return task.left_at or task.started_at or next(reversed(listed), None)


def place_of(task: Task) -> LogPosition | None:
    return LogPosition(task.session, revision=task.revision) if task.session else None


def done_steps(
    tasks: Iterable[Task],
    line: LineSessions,
    branch: str | None,
    reached: Callable[[Session], Reached | None] | None,
    mask: Mask,
) -> tuple[list[DoneStep], int]:
    """What was done last, the newest first and the steps of agents last, and how much is done in
    all. A session without a plan counts with its request, as in `standup`.
    """
    every = list(tasks)
    done = [
        DoneStep(
            task.id, mask(task.text), task.origin, task.ended_at or _age(task), task.where,
            place_of(task),
        )
        for task in every
        if task.state is TaskState.DONE
    ]  # fmt: skip
    planned = {
        id_ for task in every if task.origin in (Origin.PLAN, Origin.GOAL) for id_ in task.sessions
    }
    for session in line.every:
        text = label(session)
        if (
            session.parent_id is None
            and session.id not in planned
            and session.state is SessionState.DONE
            and session.title
            and not says_nothing_new(text)
        ):
            where = _where(session, branch, reached)
            place = LogPosition(session.id)
            done.append(DoneStep(None, mask(text), "session", session.last_at, where, place))
    agents = {session.id for session in line.every if session.parent_id is not None}
    done.sort(
        key=lambda step: (
            step.place is None or step.place.session not in agents,
            str(step.at or ""),
        ),
        reverse=True,
    )
    folded = merge_near_duplicates(done, lambda step: step.text)
    return folded[:_DONE], len(folded)


def _where(
    session: Session, branch: str | None, reached: Callable[[Session], Reached | None] | None
) -> str | None:
    if session.branch in (None, branch) or reached is None:
        return None
    found = reached(session)
    commit = found.commit if found is not None else None
    return f"done on {session.branch}" + (f", merged in {short_hash(commit)}" if commit else "")
