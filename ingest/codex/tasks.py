"""What was to be done: plans, goals, and the tasks given to sub-agents."""

from typing import Any

from ingest.codex import codemode, outputs
from ingest.codex import records as r
from ingest.codex.facts import (
    AgentLink,
    Call,
    Facts,
    Goal,
    PlanRevision,
    Step,
)
from ingest.codex.here import Here
from ingest.codex.state import FoldState
from ingest.codex.text import keep, maybe

STEPS = 200
CHILDREN = 64


class Tasks:
    """The plan revisions, goals and sub-agents of a thread."""

    def __init__(self, here: Here, state: FoldState, facts: Facts) -> None:
        self.here = here
        self.state = state
        self.facts = facts
        self.stale: list[tuple[str, int]] = []
        self._stored = {plan.byte for plan in state.plans.values()}

    def planned(
        self, call_id: str | None, explanation: Any, plan: Any, origin: str = "tool"
    ) -> None:
        """Keep one revision of the plan, as the call asked for it."""
        steps = _steps(plan)
        if steps is None:
            return
        segment, here = self.state.segment, self.here
        segment.plan_revision += 1
        revision = PlanRevision(
            here.source,
            here.offset,
            here.length,
            here.turn,
            here.at,
            segment.plan_revision,
            origin,
            True,
            maybe(explanation),
            steps,
        )
        self.facts.plans.append(revision)
        if call_id:
            self.state.plans[call_id] = revision
        segment.plan_total = len(steps)
        segment.plan_done = sum(step.status == "completed" for step in steps)

    def scripted(self, script: str) -> None:
        """Keep the plans that a script of code mode sets, as far as they can be read."""
        if "update_plan" not in script:
            return
        plans, _ = codemode.plans_in(script)
        for plan in plans:
            self.planned(None, plan.get("explanation"), plan["plan"], "script")

    def answered(self, call_id: str | None, text: str) -> None:
        """The answer to a plan: only one that says there is no such tool changes anything."""
        revision = self.state.plans.pop(call_id or "", None)
        if revision is not None and outputs.refused_plan(text):
            if revision.byte in self._stored:
                self.stale.append(("plans", revision.byte))
                self.facts.plans.append(revision)
            revision.accepted = False

    def turn_ended(self) -> None:
        self.state.plans.clear()

    def goal(self, event: r.GoalUpdated) -> None:
        goal, here = event.goal, self.here
        if goal is None:
            return
        self.facts.goals.append(
            Goal(
                here.source,
                here.offset,
                here.turn,
                here.at,
                maybe(goal.objective),
                maybe(goal.status, 32),
                _count(goal.token_budget),
                _count(goal.tokens_used),
                _count(goal.time_used_seconds),
            )
        )

    def agent(
        self,
        event: str,
        child: str | None,
        *,
        call: Call | None = None,
        nickname: object = None,
        role: object = None,
        path: str | None = None,
        task: str | None = None,
    ) -> None:
        """Keep a link to a sub-agent. A start is told in up to three ways and kept once."""
        starts = event in ("spawned", "started")
        if starts and child is not None:
            if child in self.state.children:
                return
            self.state.children = [*self.state.children, child][-CHILDREN:]
        here = self.here
        self.facts.agents.append(
            AgentLink(
                here.source,
                here.offset,
                here.turn,
                here.at,
                keep(event, 32),
                maybe(child, 64),
                maybe(nickname, 128),
                maybe(role, 128),
                maybe(path, 256),
                maybe(task) or (call.command if call and starts else None),
            )
        )


def _steps(plan: Any) -> list[Step] | None:
    if not isinstance(plan, list):
        return None
    return [
        Step(keep(str(step.get("step", "")), 2_000), keep(str(step.get("status", "pending")), 32))
        for step in plan[:STEPS]
        if isinstance(step, dict)
    ]


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and abs(value) < 2**53 else None
