"""Folds the tasks of all sessions: a step that several sessions list is one task with one id. Pure.

Its state is that of the session whose state of it changed last; what other branches closed only
counts if it is part of what is checked out.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from ingest.projects.git.reachability import Reached
from ingest.projects.tasks.listed import NEVER, ListedTask, TaskGroup
from ingest.projects.tasks.matcher import Matcher, order
from ingest.projects.tasks.model import Appearance, Evidence, Origin, Task, TaskState
from ingest.text.hashes import short_hash


class IdentityEdits(Struct, frozen=True):
    """What people said about which tasks are one task."""

    joined: tuple[tuple[str, str, str], ...] = ()
    """Two ids, and who said so."""
    parted: frozenset[str] = frozenset()


NO_EDITS: Final = IdentityEdits()


class Folded(Struct):
    tasks: list[Task] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def id_of(self, name: str) -> str:
        return self.names.get(name, name)


def fold(
    seen: list[ListedTask],
    edits: IdentityEdits = NO_EDITS,
    reached: Callable[[ListedTask], Reached] | None = None,
) -> Folded:
    """One task for the appearances of each, at the place of the first of them in `seen`. `reached`:
    whether what was done in an appearance is part of what is checked out; None if unknown.
    """
    groups = Matcher(edits.parted).groups(seen) if len(seen) > 1 else []
    group_of = {one.task.id: group for group in groups for one in group.seen}
    for first, second, actor in edits.joined:
        _join(group_of, first, second, f"joined by {actor}")
    folded = Folded()
    done: set[str] = set()
    for one in seen:
        group = group_of.get(one.task.id)
        if group is None or len(group.seen) == 1:
            one.task.appearances = [_appearance(one)]
            folded.tasks.append(one.task)
            continue
        id_ = group.seen[0].task.id
        if id_ not in done:
            done.add(id_)
            folded.tasks.append(_merged(group, reached))
            folded.names.update({other.task.id: id_ for other in group.seen[1:]})
    return folded


def _join(group_of: dict[str, TaskGroup], first: str, second: str, why: str) -> None:
    one, other = group_of.get(first), group_of.get(second)
    if one is None or other is None or one is other:
        return
    newer = max(one, other, key=lambda group: order(group.seen[0]))
    newer.seen[0].why = why
    joined = TaskGroup()
    for seen in sorted([*one.seen, *other.seen], key=order):
        joined.add(seen)
        group_of[seen.task.id] = joined


def _merged(group: TaskGroup, reached: Callable[[ListedTask], Reached] | None) -> Task:
    first = group.seen[0].task
    if reached is None or len(group.branches) == 1:
        deciding, where = deciding_appearance(group.seen), None
    else:
        deciding, where = _on_line(group.seen, reached)
    tasks = [one.task for one in group.seen]
    state = deciding.task.state
    return replace(
        deciding.task,
        id=first.id,
        text=tasks[-1].text,
        origin=first.origin if first.origin is Origin.PERSON else deciding.task.origin,
        where=where,
        evidence=list(_evidence(tasks)),
        started_at=min((t.started_at for t in tasks if t.started_at), default=None),
        ended_at=deciding.task.ended_at if state is TaskState.DONE else None,
        seconds=sum(t.seconds for t in tasks if t.seconds is not None)
        if any(t.seconds is not None for t in tasks)
        else None,
        appearances=[_appearance(one) for one in group.seen],
    )


def _on_line(
    seen: list[ListedTask], reached: Callable[[ListedTask], Reached]
) -> tuple[ListedTask, str | None]:
    """The appearance that determines the state where what other branches closed only counts if it
    is part of what is checked out; and where the task was done, if on another branch.
    """
    elsewhere = [one for one in seen if one.is_closed and not reached(one).part]
    known = {one.task.id: reached(one).at for one in seen if one.is_closed}

    def known_at(one: ListedTask) -> datetime:
        """When it became known here: what another branch closed, with the merge."""
        return max(one.evidence_at, known.get(one.task.id) or NEVER)

    closed_at: dict[str | None, datetime] = {}
    for one in sorted(elsewhere, key=lambda one: one.evidence_at):
        closed_at[one.task.branch] = one.evidence_at
    # What its own branch closed later is not open there either.
    counted = [
        one
        for one in seen
        if one not in elsewhere
        and (one.is_closed or one.evidence_at >= closed_at.get(one.task.branch, NEVER))
    ]
    last = deciding_appearance(counted or seen, known_at)
    if last in elsewhere or last.task.state is not TaskState.DONE:
        done = [one for one in elsewhere if one.task.state is TaskState.DONE]
        latest = max(done, key=lambda one: one.evidence_at, default=None)
        return last, f"done on {latest.task.branch}, not merged" if latest else None
    commit = reached(last).commit
    merged = f", merged in {short_hash(commit)}" if commit else ""
    return last, f"done on {last.task.branch}{merged}" if last.task.branch else None


def deciding_appearance(
    seen: list[ListedTask], known_at: Callable[[ListedTask], datetime] = lambda one: one.evidence_at
) -> ListedTask:
    """The appearance that determines the state: the one whose state changed last. A plan counts
    more than a proposal; the session that did the work counts more than one that restates it.
    """
    logged = [one for one in seen if one.session is not None]
    planned = [one for one in logged if one.task.origin in (Origin.PLAN, Origin.GOAL)]
    logged = planned or logged or seen
    last = max(logged, key=known_at)
    if last.task.state is TaskState.DONE and last.begins_closed:
        did = [one for one in logged if one.task.state is TaskState.DONE and not one.begins_closed]
        return max(did, key=known_at, default=last)
    return last


def _evidence(tasks: list[Task]) -> dict[Evidence, None]:
    return {proof: None for task in tasks for proof in task.evidence}


def _appearance(seen: ListedTask) -> Appearance:
    task = seen.task
    return Appearance(
        task.id,
        task.session,
        task.branch,
        task.state,
        seen.at,
        seen.why,
        seen.changed_at,
        seen.place,
    )
