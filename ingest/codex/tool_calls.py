"""Routes all records about tool calls to the handlers of calls, plans, goals and agents."""

from typing import Any

from msgspec import Raw

from ingest.codex import records as r
from ingest.codex.calls import Calls
from ingest.codex.facts import Call, CallKind, CallStatus
from ingest.codex.fields import compact_json, content_text, parsed_json, string
from ingest.codex.outputs import answer_fields
from ingest.codex.state import FoldState
from ingest.codex.tasks import Tasks
from ingest.codex.tools import GOAL_TOOLS, SCRIPT_TOOL, arguments_in
from ingest.codex.turns import Turns


class ToolCalls:
    """Calls and their outputs, and the plans, goals and agents that they change."""

    def __init__(self, state: FoldState, turns: Turns, calls: Calls, tasks: Tasks) -> None:
        self.state = state
        self.turns = turns
        self.calls = calls
        self.tasks = tasks

    def function(self, item: r.FunctionCall) -> None:
        self.turns.tool_called()
        arguments = arguments_in(item.arguments)
        if item.name == "update_plan" and self.tasks.add_plan(
            item.call_id, arguments.explanation, arguments.plan
        ):
            return
        self.calls.function(item, arguments)

    def custom(self, item: r.CustomCall) -> None:
        self.turns.tool_called()
        call = self.calls.custom(item)
        if call.tool == SCRIPT_TOOL:
            self.tasks.add_script_plans(item.call_id, string(item.input) or "")

    def output(self, item: r.FunctionOutput | r.CustomOutput) -> None:
        if item.call_id in self.state.pending_plans:
            self.tasks.plan_answered(item.call_id, content_text(item.output))
            return
        answered = self.calls.output(item.call_id, item.output)
        if answered is None:
            return
        call, text = answered
        if call.tool == SCRIPT_TOOL and call.status != CallStatus.RUNNING:
            self.tasks.script_answered(call.call_id, text)
        if call.kind is not CallKind.COMMAND:
            self._answered(call, text)

    def _answered(self, call: Call, text: str) -> None:
        """What an output says besides how its call ended."""
        if call.tool == "spawn_agent":
            self.tasks.agent_spawned(call, answer_fields(text))
        elif call.tool in GOAL_TOOLS:
            self.tasks.goal_answered(text)
        elif call.kind == CallKind.SCRIPT and any(
            tool in (call.command or "") for tool in GOAL_TOOLS
        ):
            for line in text.splitlines():
                self.tasks.goal_answered(line)

    def local_shell(self, item: r.LocalShellCall) -> None:
        self.turns.tool_called()
        self.calls.local_shell(item)

    def command_item(self, item: r.CommandExecution) -> None:
        self.calls.command(item, item.id)

    def command_event(self, event: r.CommandEnded) -> None:
        self.calls.command(event, event.call_id)

    def patch_item(self, item: r.FileChange) -> None:
        output = item.stdout or item.stderr or ""
        self.calls.patch(item.id, item.changes, item.status, output)

    def patch_event(self, event: r.PatchEnded) -> None:
        status = event.status or ("failed" if event.success is False else "completed")
        self.calls.patch(event.call_id, event.changes, status, event.stdout or event.stderr or "")

    def mcp_item(self, item: r.McpToolCall) -> None:
        failed = item.error is not None or item.status == "failed"
        status = CallStatus.FAILED if failed else CallStatus.COMPLETED
        output = compact_json(item.error) if item.error is not None else _mcp_text(item.result)
        self.calls.mcp(item.id, f"{item.server}.{item.tool}", item.arguments, status, output or "")

    def mcp_event(self, event: r.McpEnded) -> None:
        invocation = event.invocation or r.McpInvocation()
        result = parsed_json(event.result)
        failed = isinstance(result, dict) and ("Err" in result or _is_error(result.get("Ok")))
        status = CallStatus.FAILED if failed else CallStatus.COMPLETED
        tool = f"{invocation.server}.{invocation.tool}"
        self.calls.mcp(event.call_id, tool, invocation.arguments, status, _mcp_text(event.result))

    def dynamic_item(self, item: r.DynamicToolCall) -> None:
        failed = item.success is False or item.status == "failed"
        status = CallStatus.FAILED if failed else CallStatus.COMPLETED
        self.calls.mcp(item.id, item.tool or "dynamic", item.arguments, status, "")

    def spawned_event(self, event: r.AgentSpawned) -> None:
        self.tasks.add_agent_link(
            "spawned",
            event.new_thread_id,
            nickname=event.new_agent_nickname,
            role=event.new_agent_role,
            task=event.prompt,
        )

    def activity_event(self, event: r.AgentActivity) -> None:
        self._agent_activity(event.event_id, event)

    def activity_item(self, item: r.SubAgentActivity) -> None:
        self._agent_activity(item.id, item)

    def _agent_activity(self, call_id: str, activity: r.AgentActivity | r.SubAgentActivity) -> None:
        call = self.calls.find(call_id)
        kind, child = activity.kind or "activity", activity.agent_thread_id
        self.tasks.add_agent_link(kind, child, call=call, path=activity.agent_path)

    def collab_item(self, item: r.CollabAgentToolCall) -> None:
        call = self.calls.find(item.id)
        event = _AGENT_EVENTS.get(item.tool or "")
        if event is not None:
            for child in item.receiver_thread_ids or ():
                self.tasks.add_agent_link(event, child, call=call, task=item.prompt)


_AGENT_EVENTS = {
    "spawn_agent": "spawned",
    "send_input": "interacted",
    "send_message": "interacted",
    "followup_task": "interacted",
    "resume_agent": "resumed",
    "interrupt_agent": "interrupted",
    "close_agent": "closed",
}
"""The effect of a call on another agent; calls that only read have none."""


def _is_error(result: Any) -> bool:
    return isinstance(result, dict) and result.get("isError") is True


def _mcp_text(raw: Raw) -> str:
    """The result of an MCP tool: its texts, or its JSON."""
    result = parsed_json(raw)
    if isinstance(result, dict) and isinstance(inner := result.get("Ok", result), dict):
        parts = inner.get("content")
        if isinstance(parts, list):
            texts = (part.get("text") for part in parts if isinstance(part, dict))
            return "\n".join(text for text in texts if isinstance(text, str))
    return compact_json(result) or ""
