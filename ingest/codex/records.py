"""The records that Codex writes: one struct per kind, with only the fields that are used.

`Line` is the union of all lines of all generations; msgspec selects the struct by the `type` tag in
one pass and skips all other fields. A kind that is missing here is not an error: `line.py` counts
it. The reference is the schema of Codex's own `RolloutLine` (0.169), and older files. Longer than
400 lines, because it is one table.
"""

from typing import Any

from msgspec import Raw, Struct

NOTHING = Raw(b"null")


class Event(Struct, tag_field="type", gc=False):
    """Base of the payloads of `event_msg`."""


class Item(Struct, tag_field="type", gc=False):
    """Base of the payloads of `response_item`; the bare lines of G1 are these payloads
    themselves.
    """


# Items: the messages of the model and its tool calls.


class Message(Item, tag="message"):
    role: str | None = None
    content: Raw = NOTHING


class Reasoning(Item, tag="reasoning"):
    pass


class FunctionCall(Item, tag="function_call"):
    name: str = ""
    arguments: Raw = NOTHING
    call_id: str | None = None
    namespace: str | None = None


class FunctionOutput(Item, tag="function_call_output"):
    call_id: str | None = None
    output: Raw = NOTHING


class CustomCall(Item, tag="custom_tool_call"):
    name: str = ""
    input: Raw = NOTHING
    call_id: str | None = None


class CustomOutput(Item, tag="custom_tool_call_output"):
    call_id: str | None = None
    output: Raw = NOTHING


class LocalShellCall(Item, tag="local_shell_call"):
    call_id: str | None = None
    status: str | None = None
    action: Any = None


class WebSearchCall(Item, tag="web_search_call"):
    status: str | None = None
    action: Any = None


class ImageCall(Item, tag="image_generation_call"):
    id: str | None = None
    status: str | None = None
    revised_prompt: str | None = None


class ToolSearchCall(Item, tag="tool_search_call"):
    call_id: str | None = None
    arguments: Raw = NOTHING


class ToolSearchOutput(Item, tag="tool_search_output"):
    call_id: str | None = None


class AgentTask(Item, tag="agent_message"):
    author: str | None = None
    recipient: str | None = None
    content: Raw = NOTHING


class GhostSnapshot(Item, tag="ghost_snapshot"):
    pass


class Compaction(Item, tag="compaction"):
    pass


class CompactionSummary(Item, tag="compaction_summary"):
    pass


class ContextCompaction(Item, tag="context_compaction"):
    pass


class AdditionalTools(Item, tag="additional_tools"):
    pass


class ConfigurationUpdate(Item, tag="configuration_update"):
    reasoning: Any = None


AnyItem = (
    Message
    | Reasoning
    | FunctionCall
    | FunctionOutput
    | CustomCall
    | CustomOutput
    | LocalShellCall
    | WebSearchCall
    | ImageCall
    | ToolSearchCall
    | ToolSearchOutput
    | AgentTask
    | GhostSnapshot
    | Compaction
    | CompactionSummary
    | ContextCompaction
    | AdditionalTools
    | ConfigurationUpdate
)


# Turn items: the backbone of paginated files (G4), inside `item_completed`.


class TurnItem(Struct, tag_field="type", gc=False):
    """Base of the items in `item_completed`; their tags are in PascalCase."""


class UserMessage(TurnItem, tag="UserMessage"):
    content: Raw = NOTHING


class AgentMessage(TurnItem, tag="AgentMessage"):
    content: Raw = NOTHING
    phase: str | None = None
    questions: Any = None
    memory_citation: Any = None


class ReasoningItem(TurnItem, tag="Reasoning"):
    pass


class Plan(TurnItem, tag="Plan"):
    text: str = ""


class Duration(Struct, gc=False):
    secs: int = 0
    nanos: int = 0


class CommandExecution(TurnItem, tag="CommandExecution"):
    id: str = ""
    command: Any = None
    cwd: str | None = None
    status: str | None = None
    aggregated_output: str | None = None
    exit_code: int | None = None
    duration: Duration | None = None


class FileChange(TurnItem, tag="FileChange"):
    id: str = ""
    changes: Any = None
    status: str | None = None
    stdout: str | None = None
    stderr: str | None = None


class McpToolCall(TurnItem, tag="McpToolCall"):
    id: str = ""
    server: str | None = None
    tool: str | None = None
    arguments: Raw = NOTHING
    status: str | None = None
    result: Raw = NOTHING
    error: Any = None
    duration: Any = None


class DynamicToolCall(TurnItem, tag="DynamicToolCall"):
    id: str = ""
    tool: str | None = None
    arguments: Raw = NOTHING
    status: str | None = None
    success: bool | None = None


class CollabAgentToolCall(TurnItem, tag="CollabAgentToolCall"):
    id: str = ""
    tool: str | None = None
    status: Any = None
    receiver_thread_ids: list[str] | None = None
    prompt: str | None = None


class SubAgentActivity(TurnItem, tag="SubAgentActivity"):
    id: str = ""
    kind: str | None = None
    agent_thread_id: str | None = None
    agent_path: str | None = None


class WebSearch(TurnItem, tag="WebSearch"):
    pass


class ImageView(TurnItem, tag="ImageView"):
    id: str = ""
    path: str | None = None


class ImageGeneration(TurnItem, tag="ImageGeneration"):
    pass


class Extension(TurnItem, tag="Extension"):
    pass


class EnteredReviewMode(TurnItem, tag="EnteredReviewMode"):
    target: Any = None
    user_facing_hint: str | None = None


class ExitedReviewMode(TurnItem, tag="ExitedReviewMode"):
    review_output: Any = None


class HookPrompt(TurnItem, tag="HookPrompt"):
    pass


class FunctionCallOutput(TurnItem, tag="FunctionCallOutput"):
    pass


class ContextCompactionItem(TurnItem, tag="ContextCompaction"):
    pass


AnyTurnItem = (
    UserMessage
    | AgentMessage
    | ReasoningItem
    | Plan
    | CommandExecution
    | FileChange
    | McpToolCall
    | DynamicToolCall
    | CollabAgentToolCall
    | SubAgentActivity
    | WebSearch
    | ImageView
    | ImageGeneration
    | Extension
    | EnteredReviewMode
    | ExitedReviewMode
    | HookPrompt
    | FunctionCallOutput
    | ContextCompactionItem
)


# Events: what happened around the model.


class TurnAttribution(Struct, gc=False):
    turn_trigger: str | None = None
    initiating_agent_path: str | None = None


class TaskStarted(Event, tag="task_started"):
    turn_id: str | None = None
    started_at: Any = None
    turn_attribution: TurnAttribution | None = None
    model_context_window: Any = None


class TurnStarted(TaskStarted, tag="turn_started"):
    pass


class TaskComplete(Event, tag="task_complete"):
    turn_id: str | None = None
    last_agent_message: Raw = NOTHING
    error: Any = None
    duration_ms: Any = None


class TurnComplete(TaskComplete, tag="turn_complete"):
    pass


class TurnAborted(Event, tag="turn_aborted"):
    turn_id: str | None = None
    reason: str | None = None
    error: Any = None
    duration_ms: Any = None


class ErrorEvent(Event, tag="error"):
    message: str | None = None
    codex_error_info: Any = None


class ThreadSettings(Struct, gc=False):
    model: str | None = None
    approval_policy: Any = None
    reasoning_effort: Any = None
    cwd: str | None = None


class SettingsApplied(Event, tag="thread_settings_applied"):
    thread_settings: ThreadSettings | None = None


class RolledBack(Event, tag="thread_rolled_back"):
    num_turns: int = 0


class ContextCompacted(Event, tag="context_compacted"):
    pass


class GoalState(Struct, rename="camel", gc=False):
    thread_id: str | None = None
    objective: str | None = None
    status: str | None = None
    token_budget: Any = None
    tokens_used: Any = None
    time_used_seconds: Any = None


class GoalUpdated(Event, tag="thread_goal_updated"):
    goal: GoalState | None = None


class NameUpdated(Event, tag="thread_name_updated"):
    thread_name: str | None = None


class EnteredReview(Event, tag="entered_review_mode"):
    turn_id: str | None = None
    target: Any = None
    user_facing_hint: str | None = None
    prompt: str | None = None


class ExitedReview(Event, tag="exited_review_mode"):
    review_output: Any = None


class UndoCompleted(Event, tag="undo_completed"):
    success: bool | None = None
    message: str | None = None


class UserMessageEvent(Event, tag="user_message"):
    message: str | None = None
    kind: str | None = None


class AgentMessageEvent(Event, tag="agent_message"):
    message: str | None = None
    phase: str | None = None
    questions: Any = None
    memory_citation: Any = None


class AgentReasoned(Event, tag="agent_reasoning"):
    pass


class AgentReasonedRaw(Event, tag="agent_reasoning_raw_content"):
    pass


class Usage(Struct, gc=False):
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    total_tokens: int = 0


class TokenInfo(Struct, gc=False):
    total_token_usage: Usage | None = None
    last_token_usage: Usage | None = None
    model_context_window: Any = None


class TokenCount(Event, tag="token_count"):
    info: TokenInfo | None = None
    rate_limits: Raw = NOTHING


class PatchEnded(Event, tag="patch_apply_end"):
    call_id: str = ""
    turn_id: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    success: bool | None = None
    changes: Any = None
    status: str | None = None


class CommandEnded(Event, tag="exec_command_end"):
    call_id: str = ""
    turn_id: str | None = None
    command: Any = None
    cwd: str | None = None
    status: str | None = None
    aggregated_output: str | None = None
    exit_code: int | None = None
    duration: Duration | None = None


class McpInvocation(Struct, gc=False):
    server: str | None = None
    tool: str | None = None
    arguments: Raw = NOTHING


class McpEnded(Event, tag="mcp_tool_call_end"):
    call_id: str = ""
    invocation: McpInvocation | None = None
    duration: Any = None
    result: Raw = NOTHING


class AgentActivity(Event, tag="sub_agent_activity"):
    event_id: str = ""
    kind: str | None = None
    agent_thread_id: str | None = None
    agent_path: str | None = None


class AgentSpawned(Event, tag="collab_agent_spawn_end"):
    call_id: str = ""
    new_thread_id: str | None = None
    new_agent_nickname: str | None = None
    new_agent_role: str | None = None
    prompt: str | None = None


class GuardianAssessed(Event, tag="guardian_assessment"):
    status: str | None = None


class ItemCompleted(Event, tag="item_completed"):
    item: AnyTurnItem
    thread_id: str | None = None
    turn_id: str | None = None


# Events that are known but not stored: they are counted under their own names.


class WebSearchEnded(Event, tag="web_search_end"):
    pass


class ImageEnded(Event, tag="image_generation_end"):
    pass


class ImageViewed(Event, tag="view_image_tool_call"):
    pass


class InjectedMessage(Event, tag="injected_message"):
    pass


class AgentInteracted(Event, tag="collab_agent_interaction_end"):
    pass


class AgentClosed(Event, tag="collab_close_end"):
    pass


class AgentResumed(Event, tag="collab_resume_end"):
    pass


class AgentsAwaited(Event, tag="collab_waiting_end"):
    pass


class DynamicCallAsked(Event, tag="dynamic_tool_call_request"):
    pass


class DynamicCallAnswered(Event, tag="dynamic_tool_call_response"):
    pass


AnyEvent = (
    TaskStarted
    | TurnStarted
    | TaskComplete
    | TurnComplete
    | TurnAborted
    | ErrorEvent
    | SettingsApplied
    | RolledBack
    | ContextCompacted
    | GoalUpdated
    | NameUpdated
    | EnteredReview
    | ExitedReview
    | UndoCompleted
    | UserMessageEvent
    | AgentMessageEvent
    | AgentReasoned
    | AgentReasonedRaw
    | TokenCount
    | PatchEnded
    | CommandEnded
    | McpEnded
    | AgentActivity
    | AgentSpawned
    | GuardianAssessed
    | ItemCompleted
    | WebSearchEnded
    | ImageEnded
    | ImageViewed
    | InjectedMessage
    | AgentInteracted
    | AgentClosed
    | AgentResumed
    | AgentsAwaited
    | DynamicCallAsked
    | DynamicCallAnswered
)


# Lines: the envelope of G2 and later.


class Envelope(Struct, tag_field="type", gc=False):
    """Base of a line with an envelope. `timestamp` is when the line was written."""


class SessionMeta(Struct, gc=False):
    id: str | None = None
    session_id: str | None = None
    timestamp: str | None = None
    cwd: str | None = None
    originator: str | None = None
    cli_version: str | None = None
    source: Any = None
    model_provider: str | None = None
    forked_from_id: str | None = None
    parent_thread_id: str | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    agent_path: str | None = None
    history_mode: str | None = None
    history_base: Any = None
    subagent_history_start_ordinal: int | None = None
    git: Any = None


class TurnContext(Struct, gc=False):
    turn_id: str | None = None
    cwd: str | None = None
    model: str | None = None
    effort: Any = None
    approval_policy: Any = None
    approvals_reviewer: Any = None
    sandbox_policy: Any = None


class Compacted(Struct, gc=False):
    message: str | None = None
    replacement_history: list[Raw] | None = None


class UsageRecord(Struct, gc=False):
    thread_id: str | None = None
    turn_id: str | None = None
    response_id: str | None = None
    usage: Usage | None = None


class AgentLetter(Struct, gc=False):
    author: str | None = None
    recipient: str | None = None
    content: str | None = None


class IgnoredPayload(Struct, gc=False):
    """Base of payloads that are known and counted, but not read."""


class LetterMeta(IgnoredPayload):
    pass


class World(IgnoredPayload):
    pass


class Realtime(IgnoredPayload):
    pass


class RolloutReference(IgnoredPayload):
    """Where an older part of the file is; `tail/rotation.py` joins them."""


class Risk(IgnoredPayload):
    pass


class Retained(IgnoredPayload):
    pass


class ToolsUpdated(IgnoredPayload):
    pass


class EventLine(Envelope, tag="event_msg"):
    payload: AnyEvent
    timestamp: str | None = None
    ordinal: int | None = None


class ItemLine(Envelope, tag="response_item"):
    payload: AnyItem
    timestamp: str | None = None
    ordinal: int | None = None


class MetaLine(Envelope, tag="session_meta"):
    payload: SessionMeta
    timestamp: str | None = None
    ordinal: int | None = None


class ContextLine(Envelope, tag="turn_context"):
    payload: TurnContext
    timestamp: str | None = None
    ordinal: int | None = None


class CompactedLine(Envelope, tag="compacted"):
    payload: Compacted
    timestamp: str | None = None
    ordinal: int | None = None


class UsageLine(Envelope, tag="token_usage_record"):
    payload: UsageRecord
    timestamp: str | None = None
    ordinal: int | None = None


class LetterLine(Envelope, tag="inter_agent_communication"):
    payload: AgentLetter
    timestamp: str | None = None
    ordinal: int | None = None


class LetterMetaLine(Envelope, tag="inter_agent_communication_metadata"):
    payload: LetterMeta
    timestamp: str | None = None
    ordinal: int | None = None


class WorldLine(Envelope, tag="world_state"):
    payload: World
    timestamp: str | None = None
    ordinal: int | None = None


class RealtimeLine(Envelope, tag="realtime_item"):
    payload: Realtime
    timestamp: str | None = None
    ordinal: int | None = None


class ReferenceLine(Envelope, tag="rollout_reference"):
    payload: RolloutReference
    timestamp: str | None = None
    ordinal: int | None = None


class RiskLine(Envelope, tag="security_risk_score"):
    payload: Risk
    timestamp: str | None = None
    ordinal: int | None = None


class RetainedLine(Envelope, tag="retained_context"):
    payload: Retained
    timestamp: str | None = None
    ordinal: int | None = None


class ToolsUpdatedLine(Envelope, tag="dynamic_tools_updated"):
    payload: ToolsUpdated
    timestamp: str | None = None
    ordinal: int | None = None


EnvelopeLine = (
    EventLine
    | ItemLine
    | MetaLine
    | ContextLine
    | CompactedLine
    | UsageLine
    | LetterLine
    | LetterMetaLine
    | WorldLine
    | RealtimeLine
    | ReferenceLine
    | RiskLine
    | RetainedLine
    | ToolsUpdatedLine
)

Line = EnvelopeLine | AnyItem


class BareHeader(Struct, gc=False):
    """The first line of a G1 file, and the `session` of a G0 file."""

    id: str | None = None
    timestamp: str | None = None
    git: Any = None


class BareState(Struct, gc=False):
    """`{"record_type":"state"}`, which G1 wrote at every step; it contains nothing."""

    record_type: str
