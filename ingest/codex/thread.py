"""One thread: routes each record to its handlers.

The table `handlers` is the whole routing: a record type that is missing there is only counted. Only
what concerns several parts (the end of a turn ends its calls) is decided here.
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


_MAX_TURNS = 2**31 - 1


class Thread:
    """The parts of one thread, and the routing of records to them."""

    def __init__(self, current: LineContext, state: FoldState, facts: Facts) -> None:
        self.current = current
        self.state = state
        self.facts = facts
        self.turns = Turns(current, state, facts)
        self.calls = Calls(current, state, facts)
        self.tasks = Tasks(current, state, facts)
        self.identity = identity = Identity(current, state, self.turns)
        self.events = events = Events(current, state, facts, self.turns)
        messages = Messages(current, state, facts, self.turns, self.tasks, events)
        tool_calls = ToolCalls(state, self.turns, self.calls, self.tasks)
        usage = UsageFold(current, state, facts)
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
            r.UserMessageEvent: messages.user_event,
            r.UserMessage: messages.user_item,
            r.AgentMessageEvent: messages.agent_event,
            r.AgentMessage: messages.agent_item,
            r.Message: messages.item,
            r.AgentTask: messages.agent_task_item,
            r.AgentLetter: messages.agent_letter,
            r.Plan: messages.plan_item,
            r.Reasoning: messages.reasoned,
            r.FunctionCall: tool_calls.function,
            r.FunctionOutput: tool_calls.output,
            r.CustomCall: tool_calls.custom,
            r.CustomOutput: tool_calls.output,
            r.LocalShellCall: tool_calls.local_shell,
            r.WebSearchCall: self.calls.web_search,
            r.ImageCall: self.calls.image_generation,
            r.ToolSearchCall: self.calls.tool_search,
            r.ToolSearchOutput: self.calls.tool_search_output,
            r.CommandExecution: tool_calls.command_item,
            r.CommandEnded: self._handle_in_turn(tool_calls.command_event),
            r.FileChange: tool_calls.patch_item,
            r.PatchEnded: self._handle_in_turn(tool_calls.patch_event),
            r.McpToolCall: tool_calls.mcp_item,
            r.McpEnded: tool_calls.mcp_event,
            r.DynamicToolCall: tool_calls.dynamic_item,
            r.AgentSpawned: tool_calls.spawned_event,
            r.AgentActivity: tool_calls.activity_event,
            r.SubAgentActivity: tool_calls.activity_item,
            r.CollabAgentToolCall: tool_calls.collab_item,
            r.GoalUpdated: self.tasks.goal_updated,
            r.TokenCount: usage.token_count,
            r.UsageRecord: usage.usage_record,
            r.Compacted: events.compacted,
            r.ErrorEvent: events.error,
            r.EnteredReview: events.review_event,
            r.ExitedReview: events.review_ended,
            r.ExitedReviewMode: events.review_ended,
            r.ItemCompleted: self._item,
        }

    @property
    def stale(self) -> list[tuple[str, int]]:
        return self.turns.stale + self.calls.stale + self.tasks.stale

    def close(self) -> Segment:
        """The thread's own row, after the last line."""
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
        current, count = self.current, min(max(0, safe_int(event.num_turns) or 0), _MAX_TURNS)
        first = self.turns.rolled_back(count)
        self.facts.rollbacks.append(Rollback(current.source, current.offset, count, first))

    def _item(self, event: r.ItemCompleted) -> None:
        """An item of a paginated file; an item of another thread (repeated by a reviewer) is
        ignored.
        """
        if event.thread_id is not None and event.thread_id != self.state.segment.thread:
            return
        item = event.item
        if isinstance(item, r.EnteredReviewMode):
            self.events.review_started(event.turn_id, item.user_facing_hint, item.target)
            return
        handler = self.handlers.get(type(item))
        if handler is not None:
            with self._in_turn(event.turn_id):
                handler(item)

    @contextmanager
    def _in_turn(self, turn_id: str | None) -> Iterator[None]:
        """The records within it belong to the turn that it names, which may have ended long ago."""
        current, newest = self.current, self.current.turn
        number = self.turns.number_of(turn_id)
        if number is None or number == newest:
            yield
            return
        current.turn = number
        try:
            yield
        finally:
            current.turn = newest

    def _handle_in_turn(self, handler: Handler) -> Handler:
        def handle(event: r.CommandEnded | r.PatchEnded) -> None:
            with self._in_turn(event.turn_id):
                handler(event)

        return handle
