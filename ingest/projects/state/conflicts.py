"""Reads a state file with the conflict markers of git: both sides are merged, field by field.

Lists are united. Of a field that a person changed on one side only, that change counts; of what
Tailboard wrote, the side counts that saw more of a session. What people changed on both sides is
refused, with the lines. The states themselves follow from the united decisions when they are read.
"""

import json
import re
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ingest.errors import BadState
from ingest.projects.state.document import ProjectState, SeenIn, SessionLink, StateItem
from ingest.projects.state.items import written

_MARKER: Final = re.compile(r"(<{7}|\|{7}|={7}|>{7})(?:\s|$)")
_NEVER: Final = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as in the database

T = TypeVar("T", bound=Struct)


class _Hunk(Struct):
    first: int
    """Its first line."""
    last: int
    ours: list[str] = []
    theirs: list[str] = []


class Conflicts(Struct):
    """The two sides of a file with markers, and where they differ."""

    ours: str
    theirs: str
    hunks: list[_Hunk]

    def places(self) -> str:
        return ", ".join(f"lines {one.first}-{one.last}" for one in self.hunks)

    def place(self, field: str, ours: object, theirs: object) -> str:
        """The lines of a field that differs."""
        for hunk in self.hunks:
            mine, other = "".join(hunk.ours), "".join(hunk.theirs)
            if _has(mine, field, ours) and _has(other, field, theirs):
                return f"lines {hunk.first}-{hunk.last}"
        return self.places()


def _has(text: str, field: str, value: object) -> bool:
    return f'"{field}": {json.dumps(value, ensure_ascii=False)}' in text


def find_conflicts(text: str) -> Conflicts | None:
    """The sides of a text with conflict markers; None if it has none."""
    ours: list[str] = []
    theirs: list[str] = []
    hunks: list[_Hunk] = []
    side = ""
    number = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        marker = found[1] if (found := _MARKER.match(line)) else ""
        if marker and marker[0] == "<":
            hunks.append(_Hunk(number, number))
        if marker and hunks:
            side = "" if marker[0] == ">" else marker[0]
            hunks[-1].last = number
        elif side == "<":
            ours.append(line)
            hunks[-1].ours.append(line)
        elif side == "=":
            theirs.append(line)
            hunks[-1].theirs.append(line)
        elif side == "":
            ours.append(line)
            theirs.append(line)
    if not hunks:
        return None
    if side:
        hunks[-1].last = number
    return Conflicts("".join(ours), "".join(theirs), hunks)


def merge_sides(
    ours: ProjectState, theirs: ProjectState, conflicts: Conflicts, where: str
) -> ProjectState:
    return _Merge(ours, theirs, conflicts, where).merged()


class _Merge:
    def __init__(
        self, ours: ProjectState, theirs: ProjectState, conflicts: Conflicts, where: str
    ) -> None:
        self.ours = ours
        self.theirs = theirs
        self.conflicts = conflicts
        self.where = where
        self.seen = [{one.id: one for one in side.sessions} for side in (ours, theirs)]

    def merged(self) -> ProjectState:
        ours, theirs = self.ours, self.theirs
        if ours.project != theirs.project:
            self._refuse("project", "the file", ours.project, theirs.project)
        return replace(
            ours,
            goals=self._items(ours.goals, theirs.goals),
            tasks=self._items(ours.tasks, theirs.tasks),
            milestones=_united(
                ours.milestones, theirs.milestones, lambda one: (one.task, one.commit)
            ),
            edges=_united(ours.edges, theirs.edges, lambda one: (one.source, one.target, one.kind)),
            decisions=sorted(
                _united(
                    ours.decisions,
                    theirs.decisions,
                    lambda one: one.id or (one.at, one.by, one.about, one.said),
                ),
                key=lambda one: one.at or _NEVER,
            ),
            checkpoints=_united(
                ours.checkpoints, theirs.checkpoints, lambda one: (one.session, one.commit)
            ),
            sessions=[self._link(id_) for id_ in self.seen[0] | self.seen[1]],
        )

    def _link(self, id_: str) -> SessionLink:
        links = [side[id_] for side in self.seen if id_ in side]
        return max(links, key=lambda one: one.last_at or _NEVER)

    def _items(self, ours: list[StateItem], theirs: list[StateItem]) -> list[StateItem]:
        other = {_key(one): one for one in theirs}
        found = [
            self._item(one, other.pop(_key(one))) if _key(one) in other else one for one in ours
        ]
        return sorted([*found, *other.values()], key=_first_listed)

    def _item(self, ours: StateItem, theirs: StateItem) -> StateItem:
        if ours == theirs:
            return ours
        if ours.text != theirs.text:
            self._refuse("text", ours.text, ours.text, theirs.text)
        newer = theirs if self._moment(theirs) > self._moment(ours) else ours
        lists = {
            "depends_on": list(dict.fromkeys([*ours.depends_on, *theirs.depends_on])),
            "notes": list(dict.fromkeys([*ours.notes, *theirs.notes])),
            "evidence": _united(ours.evidence, theirs.evidence, lambda one: (one.kind, one.ref)),
            "sessions": self._sessions(ours, theirs),
        }
        item = replace(newer, **lists)
        by_hand = [one for one in (ours, theirs) if _lists_edited(one)]
        base = written(item) if newer.written and not by_hand else newer.written
        values = {name: self._field(name, ours, theirs, newer) for name in ("state", "owner")}
        return replace(item, written=base, **values)

    def _field(self, name: str, ours: StateItem, theirs: StateItem, newer: StateItem) -> object:
        mine, other = getattr(ours, name), getattr(theirs, name)
        if mine == other:
            return mine
        edited = [one for one in (ours, theirs) if _edited(one, name)]
        if not edited:
            return getattr(newer, name)
        bases = {getattr(one.written, name, None) for one in (ours, theirs)}
        if len(edited) > 1 or len(bases) > 1:
            self._refuse(name, ours.text, mine, other)
        return getattr(edited[0], name)

    def _sessions(self, ours: StateItem, theirs: StateItem) -> list[SeenIn]:
        found: dict[str, SeenIn] = {one.id: one for one in ours.sessions}
        for one in theirs.sessions:
            if one.id not in found or self._last(1, one.session) > self._last(0, one.session):
                found[one.id] = one
        return sorted(found.values(), key=lambda one: (one.at or _NEVER, one.session))

    def _moment(self, item: StateItem) -> datetime:
        side = 0 if item in self.ours.tasks or item in self.ours.goals else 1
        return max((self._last(side, one.session) for one in item.sessions), default=_NEVER)

    def _last(self, side: int, session: str) -> datetime:
        link = self.seen[side].get(session)
        return (link.last_at if link else None) or _NEVER

    def _refuse(self, field: str, task: str, ours: object, theirs: object) -> None:
        place = self.conflicts.place(field, ours, theirs)
        raise BadState(
            f"{self.where}, {place}: {field} of “{task}”: “{ours}” or “{theirs}”.",
            "Two people changed it. Choose one of them and remove the conflict markers there.",
        )


def _united(ours: Iterable[T], theirs: Iterable[T], key: Callable[[T], Hashable]) -> list[T]:
    return list({key(one): one for one in (*theirs, *ours)}.values())


def _key(item: StateItem) -> str:
    return item.id or item.text


def _first_listed(item: StateItem) -> datetime:
    return next((one.at for one in item.sessions if one.at), datetime.max)  # noqa: DTZ901


def _edited(item: StateItem, name: str) -> bool:
    return item.written is None or getattr(item, name) != getattr(item.written, name)


def _lists_edited(item: StateItem) -> bool:
    return item.written is None or written(item).lists != item.written.lists
