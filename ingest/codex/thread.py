"""One thread: which part of it each record goes to.

The table `handlers` is the whole of the routing: a record type that is not in it is counted and
says nothing. Only what several parts must know of one record (the end of a turn ends its calls) is
decided here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ingest.codex import records as r
from ingest.codex.calls import Calls
from ingest.codex.events import Events
from ingest.codex.facts import CallStatus, Facts, Rollback, Segment
from ingest.codex.fields import safe_int
from ingest.codex.identity import Identity
from ingest.codex.line_context import LineContext
from ingest.codex.messages import Messages
from ingest.codex.state import FoldState
from ingest.codex.tasks import Tasks
from ingest.codex.tool_calls import ToolCalls
from ingest.codex.turns import Turns
from ingest.codex.usage import UsageFold

Handler = Callable[[Any], None]


_MOST_TURNS = 2**31 - 1


class Thread:
    """The parts of one thread, and the way of each record to them."""

    def __init__(self, here: LineContext, state: FoldState, facts: Facts) -> None:
        self.here = here
        self.state = state
        self.facts = facts
        self.turns = Turns(here, state, facts)
        self.calls = Calls(here, state, facts)
        self.tasks = Tasks(here, state, facts)
        self.identity = identity = Identity(here, state, self.turns)
        self.happenings = happenings = Events(here, state, facts, self.turns)
        talk = Messages(here, state, facts, self.turns, self.tasks)
        work = ToolCalls(state, self.turns, self.calls, self.tasks)
        cost = UsageFold(here, state, facts)
        self.handlers: dict[type, Handler] = {
            r.SessionMeta: identity.meta,
            r.BareHeader: identity.header,
            r.TurnContext: self._context,
            r.SettingsApplied: identity.settings,
            r.NameUpdated: identity.named,
            r.TaskStarted: self.turns.started,
            r.TurnStarted: self.turns.started,
            r.TaskComplete: self._completed,
            r.TurnComplete: self._completed,
            r.TurnAborted: self._aborted,
            r.RolledBack: self._rolled_back,
            r.UserMessageEvent: talk.user_event,
            r.UserMessage: talk.user_item,
            r.AgentMessageEvent: talk.agent_event,
            r.AgentMessage: talk.agent_item,
            r.Message: talk.item,
            r.AgentTask: talk.agent_task_item,
            r.AgentLetter: talk.agent_letter,
            r.Plan: talk.plan_item,
            r.Reasoning: talk.reasoned,
            r.FunctionCall: work.function,
            r.FunctionOutput: work.output,
            r.CustomCall: work.custom,
            r.CustomOutput: work.output,
            r.LocalShellCall: work.local_shell,
            r.WebSearchCall: self.calls.web_search,
            r.ImageCall: self.calls.image_generation,
            r.ToolSearchCall: self.calls.tool_search,
            r.ToolSearchOutput: self.calls.tool_search_output,
            r.CommandExecution: work.command_item,
            r.CommandEnded: self._in_its_turn(work.command_event),
            r.FileChange: work.patch_item,
            r.PatchEnded: self._in_its_turn(work.patch_event),
            r.McpToolCall: work.mcp_item,
            r.McpEnded: work.mcp_event,
            r.DynamicToolCall: work.dynamic_item,
            r.AgentSpawned: work.spawned_event,
            r.AgentActivity: work.activity_event,
            r.SubAgentActivity: work.activity_item,
            r.CollabAgentToolCall: work.collab_item,
            r.GoalUpdated: self.tasks.goal_updated,
            r.TokenCount: cost.token_count,
            r.UsageRecord: cost.usage_record,
            r.Compacted: happenings.compacted,
            r.ErrorEvent: happenings.error,
            r.EnteredReview: happenings.review_event,
            r.ExitedReview: happenings.review_ended,
            r.ExitedReviewMode: happenings.review_ended,
            r.ItemCompleted: self._item,
        }

    @property
    def stale(self) -> list[tuple[str, int]]:
        return self.turns.stale + self.calls.stale + self.tasks.stale

    def close(self) -> Segment:
        """The thread's own row, as it stands after the last line."""
        self.turns.close()
        self.calls.close()
        return self.state.segment

    def _context(self, context: r.TurnContext) -> None:
        self.identity.turn_context(context)
        self.calls.approvals.turn_context(context)

    def _completed(self, event: r.TaskComplete) -> None:
        if turn := self.turns.find_ending(event.turn_id):
            newest = turn is self.state.turn
            self.turns.completed(turn, event)
            if newest:
                self._turn_ended(CallStatus.LOST)

    def _aborted(self, event: r.TurnAborted) -> None:
        if turn := self.turns.find_ending(event.turn_id):
            newest = turn is self.state.turn
            self.turns.aborted(turn, event)
            if newest:
                self._turn_ended(CallStatus.ABORTED)

    def _turn_ended(self, status: CallStatus) -> None:
        self.calls.turn_ended(status)
        self.tasks.turn_ended()
        self.state.compacting = False

    def _rolled_back(self, event: r.RolledBack) -> None:
        here, count = self.here, min(max(0, safe_int(event.num_turns) or 0), _MOST_TURNS)
        first = self.turns.rolled_back(count)
        self.facts.rollbacks.append(Rollback(here.source, here.offset, count, first))

    def _item(self, event: r.ItemCompleted) -> None:
        """An item of a paginated file; one of another thread (a reviewer's echo) is not ours."""
        if event.thread_id is not None and event.thread_id != self.state.segment.thread:
            return
        item = event.item
        if isinstance(item, r.EnteredReviewMode):
            self.happenings.review_started(event.turn_id, item.user_facing_hint, item.target)
            return
        handler = self.handlers.get(type(item))
        if handler is not None:
            with self._turn(event.turn_id):
                handler(item)

    @contextmanager
    def _turn(self, turn_id: str | None) -> Iterator[None]:
        """What is told meanwhile belongs to the turn it names, which may be over for long."""
        here, newest = self.here, self.here.turn
        named = self.turns.number_of(turn_id)
        if named is None or named == newest:
            yield
            return
        here.turn = named
        try:
            yield
        finally:
            here.turn = newest

    def _in_its_turn(self, handler: Handler) -> Handler:
        def handle(event: r.CommandEnded | r.PatchEnded) -> None:
            with self._turn(event.turn_id):
                handler(event)

        return handle
