"""Folds the tasks of all sessions: a step that several sessions list is one task with one id.

Pure. Sessions are compared in the order in which they first listed a step, and a comparison only
uses what was known at that moment, so that later lines never change which steps are one task. A
step is matched by its text, else by similarity with the newest plan. A step that begins open only
continues a task that was open at that moment on its branch or, if the task never was on that
branch, on any other; a step that begins completed restates any task with its text, unless its plan
begins others anew. The steps of sub-agents are never folded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace
from rapidfuzz import fuzz

from ingest.projects.git.reachability import Reached
from ingest.projects.tasks.identity import normalized
from ingest.projects.tasks.model import Appearance, Evidence, Origin, Task, TaskState
from ingest.sessions.session import Session

_ALIKE: Final = 85.0
"""Similarity from which a later session's step counts as the same task."""
NEVER: Final = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere
"""The time of what has none: before everything else."""
_SHORT: Final = 7
"""How many characters of a commit id to show."""
_REACH: Final = 20
"""How many tasks with the same text to consider, the newest first."""
_KINDS: Final = {
    Origin.PLAN: Origin.PLAN,
    Origin.PROPOSED: Origin.PLAN,
    Origin.PERSON: Origin.PLAN,
    Origin.GOAL: Origin.GOAL,
}
"""Tasks of the same kind can be one task; tasks of other origins are never folded."""


class Seen(Struct, eq=False, gc=False):
    """A task as one session lists it, or as a person added it."""

    task: Task
    session: Session | None
    first_text: str
    at: datetime | None
    """When it was first listed."""
    changed_at: datetime | None = None
    """When its state last changed."""
    closed_at: datetime | None = None
    """When it was completed or dropped, if it is closed."""
    begins_closed: bool = False
    """Whether it was first listed as completed."""
    why: str | None = None
    """Why it is the same task as the ones before."""

    @property
    def begun(self) -> datetime:
        return self.at or (self.session and self.session.started_at) or NEVER

    @property
    def evidence_at(self) -> datetime:
        """When its state became known. That a plan dropped it says nothing about later plans."""
        return (self.changed_at if self.task.current else None) or self.begun

    def is_open(self, moment: datetime) -> bool:
        """Whether it was open at this time."""
        return not self.is_closed or (self.closed_at is not None and self.closed_at > moment)

    @property
    def is_closed(self) -> bool:
        """Whether the session completed or dropped it."""
        return self.session is not None and (
            not self.task.current or self.task.state is TaskState.DONE
        )


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


class _Group(Struct, eq=False):
    """The appearances of one task, in the order in which they were first seen."""

    seen: list[Seen] = field(default_factory=list)
    planned: set[str] = field(default_factory=set)
    """The sessions whose plan contains it."""
    branches: dict[str | None, Seen] = field(default_factory=dict)
    """The newest appearance on each branch."""

    def add(self, seen: Seen) -> None:
        self.seen.append(seen)
        self.branches[seen.task.branch] = seen
        if seen.session is not None and seen.task.origin is not Origin.PROPOSED:
            self.planned.add(seen.session.id)

    def is_open(self, branch: str | None, moment: datetime) -> bool:
        here = self.branches.get(branch)
        if here is not None:
            return here.is_open(moment)
        return any(one.is_open(moment) for one in self.branches.values())


def fold(
    seen: list[Seen],
    edits: IdentityEdits = NO_EDITS,
    reached: Callable[[Seen], Reached] | None = None,
) -> Folded:
    """One task for the appearances of each, at the place of the first of them in `seen`. `reached`:
    whether what was done in an appearance is part of what is checked out; None if unknown.
    """
    groups = _Matcher(edits.parted).groups(seen) if len(seen) > 1 else []
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


def _join(group_of: dict[str, _Group], first: str, second: str, why: str) -> None:
    one, other = group_of.get(first), group_of.get(second)
    if one is None or other is None or one is other:
        return
    older, newer = sorted((one, other), key=lambda group: _order(group.seen[0]))
    newer.seen[0].why = why
    older.seen = sorted([*older.seen, *newer.seen], key=_order)
    group_of.update((seen.task.id, older) for seen in older.seen)


def _order(seen: Seen) -> tuple[datetime, str, str]:
    session = seen.session
    return (seen.begun, session.home_id, session.id) if session else (seen.begun, "", seen.task.id)


class _Matcher:
    """Finds the appearances of each task."""

    def __init__(self, parted: frozenset[str]) -> None:
        self.parted = parted
        self._anew = False
        self.by_text: defaultdict[tuple[str, Origin, str], list[_Group]] = defaultdict(list)
        self.newest: dict[tuple[object, ...], list[tuple[str, list[_Group]]]] = {}
        """The tasks of the last two sessions of each project, branch and thread."""

    def groups(self, seen: Iterable[Seen]) -> list[_Group]:
        groups: list[_Group] = []
        for _, together in groupby(sorted(seen, key=_order), key=_order):
            groups += self._add(list(together))
        return groups

    def _add(self, together: list[Seen]) -> Iterator[_Group]:
        """Add what one session listed at one moment; yields the new tasks."""
        self._anew = False
        # A plan that begins a closed step anew restates nothing either: it is done once more.
        self._anew = any(
            not one.begins_closed
            and self.by_text.get(_key(one, one.first_text))
            and self._same_text(one) is None
            for one in together
        )
        rest = [one for one in together if not self._joined(one, self._same_text(one), "same text")]
        open_ = self._open_tasks(rest)
        for one in rest:
            if not self._joined(one, self._alike(one, open_), "nearly the same text"):
                group = _Group()
                group.add(one)
                yield group
                self._remember(one, group)

    def _joined(self, seen: Seen, group: _Group | None, why: str) -> bool:
        if group is None:
            return False
        seen.why = why
        group.add(seen)
        self._remember(seen, group)
        return True

    def _same_text(self, seen: Seen) -> _Group | None:
        found = None
        for group in reversed(self.by_text.get(_key(seen, seen.first_text), ())):
            if (found is None or seen.task.branch in group.branches) and self._fits(group, seen):
                found = group
                if seen.task.branch in group.branches:
                    break
        return found

    def _open_tasks(self, rest: list[Seen]) -> dict[object, list[tuple[str, _Group]]]:
        """The open tasks of the newest plan of each branch, and of the project, with their texts.
        All of `rest` was listed by one session at one moment.
        """
        found: dict[object, list[tuple[str, _Group]]] = {}
        for seen in rest:
            if seen.session is None or seen.session.parent_id or seen.task.origin not in _KINDS:
                continue
            for key in self._keys(seen):
                if key not in found:
                    entries = reversed(self.newest.get(key, ()))
                    newest = next((g for who, g in entries if who != seen.session.id), [])
                    found[key] = [
                        (normalized(group.seen[-1].task.text), group)
                        for group in newest
                        if group.is_open(seen.task.branch, seen.begun)
                    ]
        return found

    def _alike(self, seen: Seen, open_: dict[object, list[tuple[str, _Group]]]) -> _Group | None:
        """The most similar open task."""
        if not open_ or seen.task.origin not in _KINDS:
            return None
        words = normalized(seen.first_text)
        for key in self._keys(seen):
            best, found = 0.0, None
            for text, group in open_.get(key, ()):
                score = _similarity(text, words)
                if score > best and self._fits(group, seen):
                    best, found = score, group
            if found is not None:
                return found
        return None

    def _fits(self, group: _Group, seen: Seen) -> bool:
        """Whether the appearance can continue this task."""
        session = seen.session
        if (
            session is None  # A person adds a new task.
            or session.parent_id is not None
            or seen.task.id in self.parted
            or (seen.task.origin is not Origin.PROPOSED and session.id in group.planned)
        ):
            return False
        if (seen.begins_closed and not self._anew) or group.is_open(seen.task.branch, seen.begun):
            return True
        return session.forked_from is not None and session.forked_from in group.planned

    def _remember(self, seen: Seen, group: _Group) -> None:
        kind = seen.task.origin
        if kind not in _KINDS or (seen.session is not None and seen.session.parent_id is not None):
            return
        for text in {seen.first_text, seen.task.text}:
            alike = self.by_text[_key(seen, text)]
            if group in alike:
                alike.remove(group)
            alike.append(group)
            del alike[:-_REACH]
        if seen.session is None:
            return
        for key in self._keys(seen):
            entries = self.newest.setdefault(key, [])
            if not entries or entries[-1][0] != seen.session.id:
                entries.append((seen.session.id, []))
                del entries[:-2]
            entries[-1][1].append(group)

    def _keys(self, seen: Seen) -> tuple[tuple[object, ...], ...]:
        """The branch, then the project."""
        kind = seen.task.project, _KINDS[seen.task.origin]
        return (*kind, seen.task.branch), kind


def _similarity(first: str, second: str) -> float:
    """Similarity of two normalized texts, 0 to 100; 0 below the threshold."""
    if 200 * min(len(first), len(second)) < _ALIKE * (len(first) + len(second)):
        return 0.0  # The usual case: their lengths differ too much.
    return max(
        fuzz.ratio(first, second, score_cutoff=_ALIKE),
        fuzz.token_sort_ratio(first, second, score_cutoff=_ALIKE),
    )


def _key(seen: Seen, text: str) -> tuple[str, Origin, str]:
    return seen.task.project, _KINDS.get(seen.task.origin, seen.task.origin), normalized(text)


def _merged(group: _Group, reached: Callable[[Seen], Reached] | None) -> Task:
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


def _on_line(seen: list[Seen], reached: Callable[[Seen], Reached]) -> tuple[Seen, str | None]:
    """The appearance that determines the state where what other branches closed only counts if it
    is part of what is checked out; and where the task was done, if on another branch.
    """
    elsewhere = [one for one in seen if one.is_closed and not reached(one).part]
    known = {one.task.id: reached(one).at for one in seen if one.is_closed}

    def known_at(one: Seen) -> datetime:
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
    merged = f", merged in {commit[:_SHORT]}" if commit else ""
    return last, f"done on {last.task.branch}{merged}" if last.task.branch else None


def deciding_appearance(
    seen: list[Seen], known_at: Callable[[Seen], datetime] = lambda one: one.evidence_at
) -> Seen:
    """The appearance that determines the state: the one whose state changed last. A plan counts
    more than a proposal; the session that did the work counts more than one that restates it.
    """
    planned = [one for one in seen if one.task.origin in (Origin.PLAN, Origin.GOAL)]
    logged = planned or [one for one in seen if one.session is not None] or seen
    last = max(logged, key=known_at)
    if last.task.state is TaskState.DONE and last.begins_closed:
        did = [one for one in logged if one.task.state is TaskState.DONE and not one.begins_closed]
        return max(did, key=known_at, default=last)
    return last


def _evidence(tasks: list[Task]) -> dict[Evidence, None]:
    return {proof: None for task in tasks for proof in task.evidence}


def _appearance(seen: Seen) -> Appearance:
    task = seen.task
    return Appearance(task.id, task.session, task.branch, task.state, seen.at, seen.why)
