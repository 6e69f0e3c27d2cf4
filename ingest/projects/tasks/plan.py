"""One session's plan over all its revisions: its steps, their ids, and when they were in progress.

Pure. The id of a step is derived from where it was first seen: thread, segment and byte of that
line, and its position in it. So it is the same in every database, and later lines never change it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec import Struct, field

from ingest.codex.facts import PlanStep
from ingest.projects.tasks.identity import MatchedStep, StepMatcher
from ingest.projects.tasks.model import Evidence

ID_CHARS: Final = 10
_IN_PROGRESS: Final = "in_progress"


class Point(NamedTuple):
    """A position in a session: the index of the file within the session, and the byte in it."""

    segment: int
    byte: int


class LoggedPlan(Struct, frozen=True, gc=False):
    """One revision of a plan, as a line of the log holds it."""

    point: Point
    segment: str
    nth: int
    """Index among the plans of this line: a script may set several."""
    at: datetime | None
    explanation: str | None
    steps: list[PlanStep]


class StepHistory(Struct, gc=False):
    """One step over all revisions, as last seen."""

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
    """The ranges in which it was in progress; the last has no end if it still is."""
    since: datetime | None = None
    """When it became in progress, if it is now."""
    first_text: str = ""
    first_status: str = ""
    changed_at: datetime | None = None
    """When its status last changed."""
    dropped_at: datetime | None = None
    """When a revision dropped it, if it is not current."""
    evidence: list[Evidence] = field(default_factory=list)

    def seconds_until(self, until: datetime | None) -> float | None:
        """How long it was in progress; a step that still is counts until then."""
        if self.since is None or until is None:
            return self.seconds
        return (self.seconds or 0.0) + max(0.0, (until - self.since).total_seconds())


def task_id(*parts: object) -> str:
    """A short id for something first seen at this position."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:ID_CHARS]


def match_revisions(
    thread: str, revisions: Sequence[LoggedPlan]
) -> Iterator[tuple[LoggedPlan, list[MatchedStep], list[str]]]:
    """Each revision with its steps and their ids."""
    matcher, names = StepMatcher(), list[str]()
    for revision in revisions:
        matched = matcher.match(revision.steps)
        for index, step in enumerate(matched):
            if step.who == len(names):
                names.append(
                    task_id(
                        thread, revision.segment, revision.point.byte, "plan", revision.nth, index
                    )
                )
        yield revision, matched, [names[step.who] for step in matched]


def plan_steps(thread: str, revisions: Sequence[LoggedPlan]) -> list[StepHistory]:
    """All steps of all revisions; those of the newest come first, in its order."""
    steps: dict[str, StepHistory] = {}
    newest: dict[str, None] = {}
    before: list[MatchedStep] = []
    for number, (line, matched, ids) in enumerate(match_revisions(thread, revisions), start=1):
        if matched is before:
            continue
        unchanged = {id(step) for step in before}
        before, here = matched, dict.fromkeys(ids)
        for name in newest:
            if name not in here:
                steps[name].revision = number - 1
                steps[name].dropped_at = line.at
                _end_work(steps[name], line)
        for name, step in zip(ids, matched, strict=True):
            if id(step) in unchanged:
                continue
            known = steps.get(name)
            if known is None:
                known = steps[name] = StepHistory(name, step.text, "", line.at)
                known.first_text, known.first_status = step.text, step.status
            known.text = step.text
            if name not in newest or step.status != known.status:
                _set_status(known, step.status, line)
        newest = here
    for plan_step in steps.values():
        plan_step.current = plan_step.id in newest
        if plan_step.current:
            plan_step.revision = len(revisions)
    dropped = [plan_step for plan_step in steps.values() if not plan_step.current]
    return [*(steps[name] for name in newest), *dropped]


def _set_status(step: StepHistory, status: str, revision: LoggedPlan) -> None:
    _end_work(step, revision)
    if status != step.status:
        step.changed_at = revision.at
    if status == _IN_PROGRESS:
        step.worked.append((revision.point, None))
        step.since = revision.at
        step.started_at = step.started_at or revision.at
        step.ended_at = None
    elif status == "completed" != step.status:
        step.ended_at = revision.at
    step.status = status


def _end_work(step: StepHistory, revision: LoggedPlan) -> None:
    """End the current range in which it was in progress, if there is one."""
    if step.worked and step.worked[-1][1] is None:
        step.worked[-1] = step.worked[-1][0], revision.point
        if step.since is not None and revision.at is not None:
            step.seconds = step.seconds_until(revision.at)
        step.since = None
