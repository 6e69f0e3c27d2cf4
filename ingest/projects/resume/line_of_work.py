"""Which sessions belong to the line of work of a brief, and what its objective is. Pure.

The line of work of a branch: its sessions, those of other branches whose work is part of it, and
their agents. The thread of a session: the sessions of the line that worked on the same tasks, or
that it was forked from.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from ingest.codex.request_text import request_in, written_by_codex
from ingest.projects.git.reachability import Reached
from ingest.projects.resume.model import LogPosition, PlacedText, Unmerged
from ingest.projects.tasks.model import CLOSED, Origin, Task
from ingest.sessions.session import Session, label

_UNMERGED: Final = 5
"""Most branches to list."""
_POLITE: Final = (
    r"(?:(?:ok(?:ay)?|yes|please|now|then|and|so|thanks?|thank you|hi|hello|hey)\b[\s,.!]*)*"
)
_GO_ON: Final = re.compile(
    rf"{_POLITE}(?:what(?:['’]s| is| comes| should (?:i|we) do|) next(?: step)?|next(?: step)?"
    r"|continue|go on|carry on|proceed|resume|keep going|go ahead|do it|status"
    r"|where (?:were|are) we|where did we (?:stop|leave off)"
    r"|what(?:['’]s| is) (?:left|open|still open|missing))?"
    rf"[\s,.!?]*{_POLITE}[\s.!?]*",
    re.IGNORECASE,
)


def says_nothing_new(text: str) -> bool:
    """Whether a request only asks to go on, so that it cannot be an objective."""
    return _GO_ON.fullmatch(text.strip()) is not None


class LineSessions:
    """The sessions of the line of work. `reached`: whether a session of another branch is part of
    it, None for one where that is unknown; None if that branch is not what is checked out.
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        chosen: Session,
        branch: str | None,
        reached: Callable[[Session], Reached | None] | None,
    ) -> None:
        part, roots, self._elsewhere = set[str](), set[str](), list[Session]()
        for session in sessions:
            if session.parent_id is not None and session.id != chosen.id:
                continue
            if session.id == chosen.id or session.branch == branch:
                roots.add(session.id)
            elif reached is not None and session.branch is not None:
                found = reached(session)
                if found is not None and found.part:
                    part.add(session.id)
                elif found is not None:
                    self._elsewhere.append(session)
        line = roots | part
        self.every = [
            session for session in sessions if session.id in line or session.root_id in line
        ]
        self.ids = {session.id for session in self.every}
        self.own = {chosen.id} | {
            session.id for session in self.every if session.root_id == chosen.id
        }
        """The chosen session and its agents."""

    def unmerged(self, mask: Callable[[str], str]) -> list[Unmerged]:
        """The branches whose work is not part of it, the latest first."""
        branches: defaultdict[str, list[Session]] = defaultdict(list)
        for session in self._elsewhere:
            branches[session.branch or ""].append(session)
        return [
            Unmerged(
                branch,
                len(those),
                mask(label(those[0])),
                those[0].last_at,
                LogPosition(those[0].id),
            )
            for branch, those in list(branches.items())[:_UNMERGED]
        ]


def thread_of(chosen: Session, line: LineSessions, tasks: Iterable[Task]) -> list[Session]:
    """The sessions that worked on the same as this one, the oldest first."""
    shared = [ids for task in tasks if len(ids := line.ids.intersection(task.sessions)) > 1]
    forks = {one.id: one.forked_from for one in line.every if one.forked_from in line.ids}
    found, before = {chosen.id}, set[str]()
    while found != before:
        before = set(found)
        for ids in shared:
            if ids & found:
                found |= ids
        found |= {origin for one in before if (origin := forks.get(one)) is not None}
    return sorted(
        (one for one in line.every if one.id in found and one.parent_id is None), key=_began
    )


def _began(session: Session) -> tuple[bool, object, str]:
    return session.started_at is not None, session.started_at or "", session.id


def objective(
    thread: Sequence[Session],
    line: LineSessions,
    tasks: Iterable[Task],
    requests: Callable[[Sequence[Session]], Mapping[str, list[PlacedText]]],
) -> PlacedText | None:
    """The newest open goal; else the first request of the thread that says something, else that of
    the sessions before it.
    """
    goals = [
        task
        for task in tasks
        if task.origin is Origin.GOAL and task.current and task.state not in CLOSED
    ]
    if goals:
        goal = max(goals, key=lambda task: str(_set_at(task) or ""))
        place = LogPosition(goal.session) if goal.session else None
        return PlacedText(goal.text, _set_at(goal), place)
    earlier = sorted(
        (one for one in line.every if one.parent_id is None and one not in thread),
        key=_began,
        reverse=True,
    )
    before = [one for one in earlier if thread and _began(one) < _began(thread[0])]
    for sessions in (thread[:_FIRST], before[:_BEFORE]):
        texts = requests(sessions)
        for session in sessions:
            for request in texts.get(session.id, ()):
                if not says_nothing_new(request.text):
                    return request
    return None


def _set_at(goal: Task) -> datetime | None:
    listed = (one.at for one in goal.appearances if one.at is not None)
    return goal.started_at or next(listed, None)


_FIRST: Final = 5
"""Most sessions of the thread to search for a request."""
_BEFORE: Final = 20
"""Most sessions before the thread to search for a request."""


def request_text(text: str) -> str | None:
    """The words of the user; None if Codex wrote them."""
    return None if written_by_codex(text) else request_in(text) or text
