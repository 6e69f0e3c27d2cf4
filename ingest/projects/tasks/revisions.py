"""The revisions of a plan, and what each of them changed. Steps have the ids of the roadmap."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from ingest.db.query_reader import NamedQueries
from ingest.projects.tasks.load import load_plan
from ingest.projects.tasks.plan import LoggedPlan, match_revisions


class StepChange(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    REWORDED = "reworded"
    MOVED = "moved"
    STATUS = "status"


class RevisionStep(Struct, frozen=True):
    """A step in a revision, or one that the revision removed."""

    id: str
    text: str
    status: str
    changes: tuple[StepChange, ...] = ()
    text_before: str | None = None
    """Set if it was reworded."""
    status_before: str | None = None
    """Set if it changed."""


class Revision(Struct, frozen=True):
    number: int
    """Counted from 1 over the revisions that still count."""
    at: datetime | None
    explanation: str | None
    steps: list[RevisionStep]
    removed: list[RevisionStep]


def load_revisions(rows: NamedQueries, session: str) -> list[Revision]:
    """The revisions of a session's plan, the oldest first."""
    return diff_revisions(session, load_plan(rows, session))


def diff_revisions(thread: str, revisions: Sequence[LoggedPlan]) -> list[Revision]:
    differences: list[Revision] = []
    before: dict[str, RevisionStep] = {}
    for number, (line, steps, ids) in enumerate(match_revisions(thread, revisions), start=1):
        moved = _moved([name for name in ids if name in before], list(before))
        entries = [
            _entry(
                RevisionStep(name, step.text, step.status), before.get(name), moved=name in moved
            )
            for name, step in zip(ids, steps, strict=True)
        ]
        here = {entry.id: entry for entry in entries}
        removed = [
            RevisionStep(name, entry.text, entry.status, (StepChange.REMOVED,))
            for name, entry in before.items()
            if name not in here
        ]
        differences.append(Revision(number, line.at, line.explanation, entries, removed))
        before = here
    return differences


def _entry(now: RevisionStep, before: RevisionStep | None, *, moved: bool) -> RevisionStep:
    if before is None:
        return RevisionStep(now.id, now.text, now.status, (StepChange.ADDED,))
    reworded, changed = now.text != before.text, now.status != before.status
    marks = (
        (StepChange.REWORDED, reworded),
        (StepChange.MOVED, moved),
        (StepChange.STATUS, changed),
    )
    return RevisionStep(
        now.id,
        now.text,
        now.status,
        tuple(mark for mark, there in marks if there),
        before.text if reworded else None,
        before.status if changed else None,
    )


def _moved(now: list[str], before: list[str]) -> set[str]:
    """The smallest set of moved steps: all outside the longest increasing subsequence."""
    position = {name: at for at, name in enumerate(before)}
    ends: list[int] = []
    lengths: list[int] = []
    for name in now:
        length = bisect_left(ends, position[name])
        ends[length : length + 1] = [position[name]]
        lengths.append(length)
    stayed: set[str] = set()
    wanted, limit = len(ends) - 1, len(before)
    for name, length in zip(reversed(now), reversed(lengths), strict=True):
        if length == wanted and position[name] < limit:
            stayed.add(name)
            wanted, limit = wanted - 1, position[name]
    return set(now) - stayed
