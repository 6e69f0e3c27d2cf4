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
from operator import itemgetter
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace
from rapidfuzz import fuzz, process

from ingest.projects.git.reachability import Reached
from ingest.projects.tasks.identity import normalized
from ingest.projects.tasks.model import Appearance, Evidence, Origin, Task, TaskState
from ingest.sessions.session import Session

_ALIKE: Final = 85.0
"""Similarity from which a later session's step counts as the same task."""
NEVER: Final = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere
"""The time of what has none: before everything else."""
_FOREVER: Final = datetime(9999, 12, 31)  # noqa: DTZ001
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
    place: int = 0
    """The position among the tasks of the session."""

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
    open_until: datetime = NEVER
    """When the last branch closed it."""

    def add(self, seen: Seen) -> None:
        self.seen.append(seen)
        self.branches[seen.task.branch] = seen
        self.open_until = max(
            (one.closed_at or NEVER) if one.is_closed else _FOREVER
            for one in self.branches.values()
        )
        if seen.session is not None and seen.task.origin is not Origin.PROPOSED:
            self.planned.add(seen.session.id)

    def is_open(self, branch: str | None, moment: datetime) -> bool:
        if self.open_until <= moment:
            return False
        here = self.branches.get(branch)
        return here is None or here.is_open(moment)


class _Plan(Struct, eq=False, gc=False):
    """The tasks of one session."""

    session: str
    groups: list[_Group] = field(default_factory=list)


class _OpenTasks(Struct, eq=False, gc=False):
    """Open tasks that a step may continue, with their texts, as written and with sorted words."""

    groups: list[_Group]
    texts: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts = [normalized(group.seen[-1].task.text) for group in self.groups]
        self.words = [_sorted_words(text) for text in self.texts]

    def alike(self, text: str) -> list[_Group]:
        """The tasks with a similar text, the most similar ones first."""
        words = _sorted_words(text)
        if not (_any_alike(text, self.texts) or _any_alike(words, self.words)):
            return []  # The usual case.
        scored = [
            (max(fuzz.ratio(text, other), fuzz.ratio(words, sorted_)), group)
            for other, sorted_, group in zip(self.texts, self.words, self.groups, strict=True)
        ]
        scored.sort(key=lambda one: one[0], reverse=True)
        return [group for score, group in scored if score >= _ALIKE]


def _sorted_words(text: str) -> str:
    return " ".join(sorted(text.split()))


def _any_alike(text: str, others: list[str]) -> bool:
    return process.extractOne(text, others, scorer=fuzz.ratio, score_cutoff=_ALIKE) is not None


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
        self.newest: dict[tuple[object, ...], list[_Plan]] = {}
        """The last two plans of each project and branch, and of each project."""

    def groups(self, seen: Iterable[Seen]) -> list[_Group]:
        groups: list[_Group] = []
        ordered = sorted(((_order(one), one) for one in seen), key=itemgetter(0))
        for _, together in groupby(ordered, key=itemgetter(0)):
            groups += self._add([one for _, one in together])
        return groups

    def _add(self, together: list[Seen]) -> Iterator[_Group]:
        """Add what one session listed at one moment; yields the new tasks."""
        listed = [one for one in together if _is_foldable(one)]
        self._anew = False
        # A plan that begins a closed step anew restates nothing either: it is done once more.
        self._anew = any(one.begins_closed for one in listed) and any(
            not one.begins_closed
            and self.by_text.get(_key(one, one.first_text))
            and self._same_text(one) is None
            for one in listed
        )
        rest = [one for one in listed if not self._joined(one, self._same_text(one), "same text")]
        open_ = self._open_tasks(rest)
        for one in rest:
            if not self._joined(one, self._alike(one, open_), "nearly the same text"):
                yield self._new(one)
        for one in together:
            if not _is_foldable(one):
                yield _Group([one])

    def _new(self, seen: Seen) -> _Group:
        group = _Group()
        group.add(seen)
        self._remember(seen, group)
        return group

    def _joined(self, seen: Seen, group: _Group | None, why: str) -> bool:
        if group is None:
            return False
        seen.why = why
        group.add(seen)
        self._remember(seen, group)
        return True

    def _same_text(self, seen: Seen) -> _Group | None:
        """The newest task with this text that the step can continue, one of its branch if any."""
        found, branch, begun = None, seen.task.branch, seen.begun
        forked = seen.session is not None and seen.session.forked_from is not None
        closed_too = seen.begins_closed or forked
        for group in reversed(self.by_text.get(_key(seen, seen.first_text), ())):
            if not closed_too and group.open_until <= begun:
                continue
            if (found is None or branch in group.branches) and self._fits(group, seen):
                found = group
                if branch in group.branches:
                    break
        return found

    def _open_tasks(self, rest: list[Seen]) -> dict[object, _OpenTasks]:
        """The open tasks of the newest plan of the branch, and of the project. All of `rest` was
        listed by one session at one moment.
        """
        found: dict[object, _OpenTasks] = {}
        session = rest[0].session if rest else None
        if session is None:
            return found
        branch, moment = rest[0].task.branch, rest[0].begun
        for keys in {_keys(one) for one in rest}:
            known: set[str] = set()
            for key in keys:
                plans = reversed(self.newest.get(key, ()))
                plan = next((one for one in plans if one.session != session.id), None)
                if plan is None or plan.session in known:
                    continue
                known.add(plan.session)
                open_ = [one for one in plan.groups if one.is_open(branch, moment)]
                if open_:
                    found[key] = _OpenTasks(open_)
        return found

    def _alike(self, seen: Seen, open_: dict[object, _OpenTasks]) -> _Group | None:
        """The most similar open task."""
        if not open_:
            return None
        words = normalized(seen.first_text)
        tasks = (open_[key] for key in _keys(seen) if key in open_)
        alike = (group for one in tasks for group in one.alike(words))
        return next((group for group in alike if self._fits(group, seen)), None)

    def _fits(self, group: _Group, seen: Seen) -> bool:
        """Whether the appearance can continue this task."""
        session = seen.session
        if (
            session is None  # A person adds a new task.
            or seen.task.id in self.parted
            or (seen.task.origin is not Origin.PROPOSED and session.id in group.planned)
        ):
            return False
        if (seen.begins_closed and not self._anew) or group.is_open(seen.task.branch, seen.begun):
            return True
        return session.forked_from is not None and session.forked_from in group.planned

    def _remember(self, seen: Seen, group: _Group) -> None:
        for text in {seen.first_text, seen.task.text}:
            alike = self.by_text[_key(seen, text)]
            if alike and alike[-1] is group:
                continue
            if group in alike:
                alike.remove(group)
            alike.append(group)
            del alike[:-_REACH]
        if seen.session is None:
            return
        for key in _keys(seen):
            plans = self.newest.setdefault(key, [])
            if not plans or plans[-1].session != seen.session.id:
                plans.append(_Plan(seen.session.id))
                del plans[:-2]
            plans[-1].groups.append(group)


def _is_foldable(seen: Seen) -> bool:
    return seen.task.origin in _KINDS and (seen.session is None or seen.session.parent_id is None)


def _keys(seen: Seen) -> tuple[tuple[object, ...], ...]:
    """The branch, then the project."""
    kind = seen.task.project, _KINDS[seen.task.origin]
    return (*kind, seen.task.branch), kind


def _key(seen: Seen, text: str) -> tuple[str, Origin, str]:
    return seen.task.project, _KINDS[seen.task.origin], normalized(text)


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


def _appearance(seen: Seen) -> Appearance:
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
