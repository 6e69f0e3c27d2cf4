"""Tasks: plans, goals, and assignments of sub-agents."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ingest.codex import codemode, outputs
from ingest.codex import records as r
from ingest.codex.facts import AgentLink, Call, Facts, Goal, PlanRevision, PlanStep
from ingest.codex.fields import optional_text, safe_int, stored_text
from ingest.codex.line_context import LineContext
from ingest.codex.state import FoldState
from ingest.text.redact import mask

MAX_STEPS = 200
MAX_CHILDREN = 64


class Tasks:
    """The plan revisions, goals and sub-agents of a thread."""

    def __init__(self, current: LineContext, state: FoldState, facts: Facts) -> None:
        self.current = current
        self.state = state
        self.facts = facts
        self.stale: list[tuple[str, int]] = []
        self._stored = {plan.byte for plan in self._unanswered()}

    def add_plan(
        self,
        call_id: str | None,
        explanation: Any,
        plan: Any,
        origin: str = "tool",
        *,
        settled: bool = True,
    ) -> bool:
        """Store a plan revision as requested by a call. False if it is not a plan.

        Without a call id it is accepted at once, unless it is not `settled`.
        """
        steps = _steps(plan)
        if steps is None:
            return False
        segment, current = self.state.segment, self.current
        segment.plan_revision += 1
        revision = PlanRevision(
            current.source,
            current.offset,
            current.length,
            current.turn,
            current.at,
            segment.plan_revision,
            origin,
            True,
            optional_text(explanation),
            steps,
        )
        self.facts.plans.append(revision)
        if call_id:
            if before := self.state.pending_plans.pop(call_id, None):
                self._settle(before)
            self.state.pending_plans[stored_text(call_id, 128)] = revision
        elif settled:
            self._settle(revision)
        self._update_segment()
        return True

    def _settle(self, revision: PlanRevision) -> None:
        """Accept this revision: it can no longer be refused."""
        self.state.accepted_plan = max(self.state.accepted_plan, _counts(revision))

    def _unanswered(self) -> Iterator[PlanRevision]:
        """The revisions that Codex may still refuse."""
        yield from self.state.pending_plans.values()
        for revisions in self.state.scripted_plans.values():
            yield from revisions

    def _update_segment(self) -> None:
        """Set the plan columns of the thread's row from the newest accepted revision."""
        state, segment = self.state, self.state.segment
        newest = max(state.accepted_plan, *map(_counts, self._unanswered()), (0, 0, 0))
        segment.plan_accepted, segment.plan_total, segment.plan_done = newest

    def add_script_plans(self, call_id: str | None, script: str) -> None:
        """Store the plans that a script of code mode sets, as far as they can be read."""
        if "update_plan" not in script:
            return
        plans, _ = codemode.plans_in(mask(script))
        begin = len(self.facts.plans)
        for plan in plans:
            self.add_plan(
                None, plan.get("explanation"), plan["plan"], "script", settled=not call_id
            )
        if call_id and (added := self.facts.plans[begin:]):
            self.state.scripted_plans[stored_text(call_id, 128)] = added
            self._update_segment()

    def script_answered(self, call_id: str | None, text: str) -> None:
        """A script has ended: its plans are accepted, unless it says that there is no such tool."""
        revisions = self.state.scripted_plans.pop(call_id or "", [])
        if outputs.refused_script_plan(text):
            self._reject(revisions)
        else:
            for revision in revisions:
                self._settle(revision)

    def plan_answered(self, call_id: str | None, text: str) -> None:
        """The answer to a plan: only the answer that there is no such tool changes anything."""
        revision = self.state.pending_plans.pop(call_id or "", None)
        if revision is None:
            return
        if outputs.refused_plan(text):
            self._reject([revision])
        else:
            self._settle(revision)

    def _reject(self, revisions: list[PlanRevision]) -> None:
        """Codex refused these revisions of one call."""
        if revisions and revisions[0].byte in self._stored:
            self.stale.append(("plans", revisions[0].byte))
            self.facts.plans += revisions
        for revision in revisions:
            revision.accepted = False
        self._update_segment()

    def turn_ended(self) -> None:
        for revision in self._unanswered():
            self._settle(revision)
        self.state.pending_plans.clear()
        self.state.scripted_plans.clear()

    def goal_updated(self, event: r.GoalUpdated) -> None:
        if event.goal is not None:
            self._add_goal(event.goal)

    def goal_answered(self, text: str) -> None:
        """The result of a goal tool: the present goal. Usually an event records it, too."""
        if not text.startswith('{"goal":'):
            return
        try:
            answer = _answered_goal.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return
        if answer.goal is not None:
            self._add_goal(answer.goal)

    def _add_goal(self, reported: r.GoalState) -> None:
        """Store a goal once: a call and an event may both record it."""
        current, before = self.current, self.state.goal
        goal = Goal(
            current.source,
            current.offset,
            current.turn,
            current.at,
            optional_text(reported.objective),
            optional_text(reported.status, 32),
            safe_int(reported.token_budget),
            safe_int(reported.tokens_used),
            safe_int(reported.time_used_seconds),
        )
        if before is None or _goal_values(before) != _goal_values(goal):
            self.facts.goals.append(goal)
        self.state.goal = goal

    def add_agent_link(
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
        """Store a link to a sub-agent. A start is recorded in up to three ways and stored once."""
        starts = event in ("spawned", "started")
        names = [stored_text(name, 256) for name in (child, path) if name]
        if starts and names:
            if names[0] in self.state.started_agents:
                return
            self.state.started_agents = [*self.state.started_agents, *names][-MAX_CHILDREN:]
        current = self.current
        self.facts.agents.append(
            AgentLink(
                current.source,
                current.offset,
                current.turn,
                current.at,
                stored_text(event, 32),
                optional_text(child, 64),
                optional_text(nickname, 128),
                optional_text(role, 128),
                optional_text(path, 256),
                optional_text(task) or (call.command if call and starts else None),
            )
        )

    def agent_spawned(self, call: Call, answer: dict[str, Any]) -> None:
        """The result of `spawn_agent`: an id and a nickname, or (0.140 and later) a path."""
        child, path = (
            optional_text(answer.get("agent_id"), 64),
            optional_text(answer.get("task_name"), 256),
        )
        if child or path:
            nickname = answer.get("nickname")
            self.add_agent_link("spawned", child, call=call, nickname=nickname, path=path)

    def agent_notified(self, notice: dict[str, Any]) -> None:
        """An agent is done: Codex tells the model in a message in the user's name."""
        status = notice.get("status")
        event = next(iter(status), None) if isinstance(status, dict) else status
        child = notice.get("agent_id")
        if isinstance(event, str) and isinstance(child, str):
            self.add_agent_link(event, child, path=optional_text(notice.get("agent_path"), 256))


def _counts(plan: PlanRevision) -> tuple[int, int, int]:
    """Number of the revision, number of its steps, and of completed steps."""
    states = [step.status for step in plan.steps]
    return plan.revision, len(states), states.count("completed")


class _AnsweredGoal(Struct):
    goal: r.GoalState | None = None


_answered_goal = msgspec.json.Decoder(_AnsweredGoal)


def _goal_values(goal: Goal) -> tuple[object, ...]:
    return (goal.objective, goal.status, goal.token_budget, goal.tokens_used, goal.seconds)


def _steps(plan: Any) -> list[PlanStep] | None:
    if not isinstance(plan, list):
        return None
    return [
        PlanStep(
            stored_text(str(step.get("step", "")), 2_000),
            stored_text(str(step.get("status", "pending")), 32),
        )
        for step in plan[:MAX_STEPS]
        if isinstance(step, dict)
    ]
