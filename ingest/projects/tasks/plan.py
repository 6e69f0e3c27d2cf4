"""One session's plan over all its revisions: its steps, who they are, and when they were worked on.

Pure. A step is named by where it was seen first: thread, segment and byte of that line, and its
place in it. So it has the same name in every database, and whatever is read after it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec import Struct, field

from ingest.projects.tasks.identity import MatchedStep, StepMatcher

ID_CHARS: Final = 10
_WORKED_ON: Final = "in_progress"


class Point(NamedTuple):
    """A place in a session: the how manieth of its files, and the byte there."""

    segment: int
    byte: int


class PlanRevision(Struct, frozen=True, gc=False):
    """One revision as a line told it."""

    point: Point
    segment: str
    nth: int
    """Which plan of this line: a script may set several."""
    at: datetime | None
    explanation: str | None
    steps: list[tuple[str, str]]


class PlanStep(Struct, gc=False):
    """One step over all revisions, as it was seen last."""

    id: str
    text: str
    status: str
    first_at: datetime | None
    revision: int = 0
    current: bool = True
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    worked: list[tuple[Point, Point | None]] = field(default_factory=list)
    """From where to where it was in progress; an open end where it still is."""
    since: datetime | None = None
    """In progress since then, where it is."""


def task_id(*parts: object) -> str:
    """A short name for what was seen at a place."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:ID_CHARS]


def match_revisions(
    thread: str, told: Sequence[PlanRevision]
) -> Iterator[tuple[PlanRevision, list[MatchedStep], list[str]]]:
    """Each revision with its steps and their names."""
    follower, names = StepMatcher(), list[str]()
    for one in told:
        found = follower.match(one.steps)
        for place, step in enumerate(found):
            if step.who == len(names):
                names.append(task_id(thread, one.segment, one.point.byte, "plan", one.nth, place))
        yield one, found, [names[step.who] for step in found]


def plan_steps(thread: str, told: Sequence[PlanRevision], until: datetime | None) -> list[PlanStep]:
    """Every step there ever was, those of the newest revision first and in its order.

    `until` is when work on a step that is still in progress was last seen.
    """
    steps: dict[str, PlanStep] = {}
    newest: dict[str, None] = {}
    before: list[MatchedStep] = []
    for number, (line, found, ids) in enumerate(match_revisions(thread, told), start=1):
        if found is before:
            continue
        unchanged = {id(step) for step in before}
        before, here = found, dict.fromkeys(ids)
        for name in newest:
            if name not in here:
                steps[name].revision = number - 1
                _stops(steps[name], line)
        for name, step in zip(ids, found, strict=True):
            if id(step) in unchanged:
                continue
            known = steps.get(name)
            if known is None:
                known = steps[name] = PlanStep(name, step.text, "", line.at)
            known.text = step.text
            if name not in newest or step.status != known.status:
                _moves(known, step.status, line)
        newest = here
    for one in steps.values():
        one.current = one.id in newest
        if one.current:
            one.revision = len(told)
        if one.since is not None and until is not None:
            _spend(one, until)
    dropped = [one for one in steps.values() if not one.current]
    return [*(steps[name] for name in newest), *dropped]


def _moves(step: PlanStep, status: str, one: PlanRevision) -> None:
    _stops(step, one)
    if status == _WORKED_ON:
        step.worked.append((one.point, None))
        step.since = one.at
        step.started_at = step.started_at or one.at
        step.ended_at = None
    elif status == "completed" != step.status:
        step.ended_at = one.at
    step.status = status


def _stops(step: PlanStep, one: PlanRevision) -> None:
    """Nobody works on it any more, if anybody did."""
    if step.worked and step.worked[-1][1] is None:
        step.worked[-1] = step.worked[-1][0], one.point
        if step.since is not None and one.at is not None:
            _spend(step, one.at)
        step.since = None


def _spend(step: PlanStep, until: datetime) -> None:
    spent = max(0.0, (until - step.since).total_seconds()) if step.since else 0.0
    step.seconds = (step.seconds or 0.0) + spent
