"""Finds which tasks of sessions are one task.

Pure. Sessions are compared in the order in which they first listed a step, and a comparison only
uses what was known at that moment, so that later lines never change which steps are one task. A
step is matched by its text, else by similarity with the newest plan. A step that begins open only
continues a task that was open at that moment on its branch or, if the task never was on that
branch, on any other; a step that begins completed restates any task with its text, unless its plan
begins others anew. The steps of sub-agents are never matched.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from msgspec import Struct, field
from rapidfuzz import fuzz, process

from ingest.projects.tasks.identity import normalized
from ingest.projects.tasks.listed import ListedTask, TaskGroup
from ingest.projects.tasks.model import Origin

_ALIKE: Final = 85.0
"""Similarity from which a later session's step counts as the same task."""
_REACH: Final = 20
"""How many tasks with the same text to consider, the newest first."""
_KINDS: Final = {
    Origin.PLAN: Origin.PLAN,
    Origin.PROPOSED: Origin.PLAN,
    Origin.PERSON: Origin.PLAN,
    Origin.GOAL: Origin.GOAL,
}
"""Tasks of the same kind can be one task; tasks of other origins never are."""


class _Plan(Struct, eq=False, gc=False):
    """The tasks of one session."""

    session: str
    groups: list[TaskGroup] = field(default_factory=list)


class _OpenTasks(Struct, eq=False, gc=False):
    """Open tasks that a step may continue, with their texts, as written and with sorted words."""

    groups: list[TaskGroup]
    texts: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts = [normalized(group.seen[-1].task.text) for group in self.groups]
        self.words = [_sorted_words(text) for text in self.texts]

    def alike(self, text: str) -> list[TaskGroup]:
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


class Matcher:
    """Finds the appearances of each task."""

    def __init__(self, parted: frozenset[str]) -> None:
        self.parted = parted
        self._anew = False
        self.by_text: defaultdict[tuple[str, Origin, str], list[TaskGroup]] = defaultdict(list)
        self.newest: dict[tuple[object, ...], list[_Plan]] = {}
        """The last two plans of each project and branch, and of each project."""

    def groups(self, seen: Iterable[ListedTask]) -> list[TaskGroup]:
        groups: list[TaskGroup] = []
        ordered = sorted(((order(one), one) for one in seen), key=itemgetter(0))
        for _, together in groupby(ordered, key=itemgetter(0)):
            groups += self._add([one for _, one in together])
        return groups

    def _add(self, together: list[ListedTask]) -> Iterator[TaskGroup]:
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
                yield TaskGroup([one])

    def _new(self, seen: ListedTask) -> TaskGroup:
        group = TaskGroup()
        group.add(seen)
        self._remember(seen, group)
        return group

    def _joined(self, seen: ListedTask, group: TaskGroup | None, why: str) -> bool:
        if group is None:
            return False
        seen.why = why
        group.add(seen)
        self._remember(seen, group)
        return True

    def _same_text(self, seen: ListedTask) -> TaskGroup | None:
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

    def _open_tasks(self, rest: list[ListedTask]) -> dict[object, _OpenTasks]:
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

    def _alike(self, seen: ListedTask, open_: dict[object, _OpenTasks]) -> TaskGroup | None:
        """The most similar open task."""
        if not open_:
            return None
        words = normalized(seen.first_text)
        tasks = (open_[key] for key in _keys(seen) if key in open_)
        alike = (group for one in tasks for group in one.alike(words))
        return next((group for group in alike if self._fits(group, seen)), None)

    def _fits(self, group: TaskGroup, seen: ListedTask) -> bool:
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

    def _remember(self, seen: ListedTask, group: TaskGroup) -> None:
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


def order(seen: ListedTask) -> tuple[datetime, str, str]:
    session = seen.session
    return (seen.begun, session.home_id, session.id) if session else (seen.begun, "", seen.task.id)


def _is_foldable(seen: ListedTask) -> bool:
    return seen.task.origin in _KINDS and (seen.session is None or seen.session.parent_id is None)


def _keys(seen: ListedTask) -> tuple[tuple[object, ...], ...]:
    """The branch, then the project."""
    kind = seen.task.project, _KINDS[seen.task.origin]
    return (*kind, seen.task.branch), kind


def _key(seen: ListedTask, text: str) -> tuple[str, Origin, str]:
    return seen.task.project, _KINDS[seen.task.origin], normalized(text)
