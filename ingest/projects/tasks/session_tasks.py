"""What one session contributes to the tasks of its project: the steps of its plan, its goals, its
sub-agents, what it proposed, and requests that it did not finish.

Derived from the facts of the session alone, without the clock and without edits. So it is stored
(`writer.py`) and stays valid until the session has new lines.
"""

from bisect import bisect_left
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, field

from ingest.codex.request_text import written_by_codex
from ingest.projects.tasks.model import OBSERVED, Evidence, EvidenceKind
from ingest.projects.tasks.plan import LoggedPlan, Point, StepHistory, plan_steps
from ingest.projects.tasks.proposals import ProposedItem, proposed_items
from ingest.sessions.session import title_of

_EVIDENCE: Final = 20
"""Most pieces of evidence of one kind per step."""
_DERIVED_BY: Final = ("identity", "load", "model", "plan", "proposals", "session_tasks")
"""The modules of this package that determine what is stored."""


class LoggedGoal(Struct, frozen=True, gc=False):
    segment: str
    byte: int
    at: datetime | None
    objective: str
    status: str


class AgentEvent(Struct, frozen=True, gc=False):
    """An event of a sub-agent, as its parent session logged it."""

    segment: str
    point: Point
    at: datetime | None
    event: str
    child: str | None
    nickname: str | None
    path: str | None
    task: str | None


class LoggedMessage(Struct, frozen=True, gc=False):
    segment: str
    byte: int
    at: datetime | None
    text: str
    plan: bool = False
    """Whether Codex marks the message as a proposed plan."""
    turn_state: str = ""
    ended_at: datetime | None = None


class ObservedAction(NamedTuple):
    """A command that was run or a file that was changed."""

    point: Point
    kind: str
    what: str


class SessionFacts(Struct):
    """The facts from which the tasks of a session are derived."""

    plan: list[LoggedPlan] = field(default_factory=list)
    refused_plans: int = 0
    goals: list[LoggedGoal] = field(default_factory=list)
    links: list[AgentEvent] = field(default_factory=list)
    proposals: list[LoggedMessage] = field(default_factory=list)
    requests: list[LoggedMessage] = field(default_factory=list)
    """Requests after the last completed turn."""
    seen: list[ObservedAction] = field(default_factory=list)


class Proposal(Struct, frozen=True, gc=False):
    segment: str
    byte: int
    at: datetime | None
    items: list[ProposedItem]


class Request(Struct, frozen=True, gc=False):
    segment: str
    byte: int
    at: datetime | None
    title: str | None
    turn_state: str
    ended_at: datetime | None


class SessionTasks(Struct):
    steps: list[StepHistory] = field(default_factory=list)
    """All steps of all revisions; those of the newest come first, in its order."""
    has_plan: bool = False
    planned_at: datetime | None = None
    """When the newest revision of the plan was written."""
    refused_plans: int = 0
    goals: list[LoggedGoal] = field(default_factory=list)
    links: list[AgentEvent] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


def session_tasks(thread: str, facts: SessionFacts) -> SessionTasks:
    steps = plan_steps(thread, facts.plan)
    seen = sorted(facts.seen)
    for step in steps:
        step.evidence = _evidence(step, seen)
    return SessionTasks(
        steps,
        bool(facts.plan),
        facts.plan[-1].at if facts.plan else None,
        facts.refused_plans,
        facts.goals,
        facts.links,
        [
            Proposal(
                message.segment,
                message.byte,
                message.at,
                proposed_items(message.text, plan=message.plan),
            )
            for message in facts.proposals
        ],
        [
            Request(
                message.segment,
                message.byte,
                message.at,
                title_of(message.text),
                message.turn_state,
                message.ended_at,
            )
            for message in facts.requests
            if not written_by_codex(message.text)
        ],
    )


def _evidence(step: StepHistory, seen: list[ObservedAction]) -> list[Evidence]:
    """The commands run and files changed while the step was in progress."""
    evidence: dict[tuple[str, str], Evidence] = {}
    counts: dict[str, int] = {}
    for start, end in step.worked:
        for at in range(bisect_left(seen, ObservedAction(start, "", "")), len(seen)):
            point, kind, what = seen[at]
            if end is not None and point >= end:
                break
            if (kind, what) not in evidence and counts.get(kind, 0) < _EVIDENCE:
                counts[kind] = counts.get(kind, 0) + 1
                evidence[kind, what] = Evidence(EvidenceKind(kind), what, OBSERVED)
    return list(evidence.values())


def encode_tasks(tasks: SessionTasks) -> str:
    return msgspec.json.encode(tasks).decode()


decode_tasks = msgspec.json.Decoder(SessionTasks).decode


@cache
def version() -> str:
    """Changes with the code that derives the tasks, so that what other code stored is not used."""
    package = files("ingest.projects.tasks")
    code = b"".join(package.joinpath(f"{name}.py").read_bytes() for name in _DERIVED_BY)
    return sha256(code).hexdigest()[:16]
