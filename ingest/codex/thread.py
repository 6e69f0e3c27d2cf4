"""One thread: who it is, and which part of it each record goes to.

The table `handlers` is the whole of the routing: a record type that is not in it is counted and
says nothing. Everything that several parts must know of one record (a prompt begins a turn and is a
message) is decided here and nowhere else.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ingest.codex import copies, tokens
from ingest.codex import records as r
from ingest.codex.calls import Calls, arguments_in
from ingest.codex.facts import (
    CallKind,
    CallStatus,
    Facts,
    Happening,
    Message,
    Rollback,
    Segment,
    TokenUse,
    TurnState,
)
from ingest.codex.here import Here
from ingest.codex.outputs import answer_fields
from ingest.codex.state import FoldState, Totals
from ingest.codex.tasks import Tasks
from ingest.codex.text import compact, keep, maybe, parsed, spoken, string
from ingest.codex.turns import Turns

INJECTED = (
    "<environment_context>",
    "<user_instructions>",
    "# AGENTS.md instructions",
    "<permissions instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_action>",
    "<goal_context>",
    "<codex_internal_context",
    "Warning: apply_patch was requested",
)
"""How text begins that Codex writes in the user's name."""
COMPACTED_NOTICE = "Compact task completed"

Handler = Callable[[Any], None]


class Thread:
    """The parts of one thread, and the way of each record to them."""

    def __init__(self, here: Here, state: FoldState, facts: Facts) -> None:
        self.here = here
        self.state = state
        self.facts = facts
        self.turns = Turns(here, state, facts)
        self.calls = Calls(here, state, facts)
        self.tasks = Tasks(here, state, facts)
        self.handlers: dict[type, Handler] = {
            r.SessionMeta: self._meta,
            r.BareHeader: self._header,
            r.TurnContext: self._context,
            r.SettingsApplied: self._settings,
            r.TaskStarted: self.turns.started,
            r.TurnStarted: self.turns.started,
            r.TaskComplete: self._completed,
            r.TurnComplete: self._completed,
            r.TurnAborted: self._aborted,
            r.ErrorEvent: self._error,
            r.RolledBack: self._rolled_back,
            r.UserSaid: self._user_said,
            r.UserMessage: self._user_item,
            r.AgentSaid: self._agent_said,
            r.AgentMessage: self._agent_item,
            r.Message: self._message,
            r.AgentTask: self._letter_item,
            r.AgentLetter: self._letter,
            r.Reasoning: self._reasoned,
            r.Plan: self._plan_item,
            r.FunctionCall: self._function,
            r.FunctionOutput: self._output,
            r.CustomCall: self._custom,
            r.CustomOutput: self._output,
            r.LocalShellCall: self._local_shell,
            r.WebSearchCall: self.calls.searched,
            r.ImageCall: self.calls.drew,
            r.ToolSearchCall: self.calls.looked_for_tools,
            r.ToolSearchOutput: self.calls.found_tools,
            r.CommandExecution: lambda item: self.calls.command(item, item.id),
            r.CommandEnded: lambda event: self.calls.command(event, event.call_id),
            r.FileChange: self._patch_item,
            r.PatchEnded: self._patch_event,
            r.McpToolCall: self._mcp_item,
            r.McpEnded: self._mcp_event,
            r.DynamicToolCall: self._dynamic,
            r.GoalUpdated: self.tasks.goal,
            r.AgentSpawned: self._spawned,
            r.AgentActivity: self._activity_event,
            r.SubAgentActivity: self._activity_item,
            r.CollabAgentToolCall: self._collab,
            r.Compacted: self._compacted,
            r.EnteredReview: self._review_event,
            r.EnteredReviewMode: self._review_item,
            r.ExitedReview: self._reviewed,
            r.ExitedReviewMode: self._reviewed,
            r.NameUpdated: self._named,
            r.TokenCount: self._token_count,
            r.UsageRecord: self._usage_record,
            r.ItemCompleted: self._item,
        }

    @property
    def segment(self) -> Segment:
        return self.state.segment

    @property
    def stale(self) -> list[tuple[str, int]]:
        return self.turns.stale + self.calls.stale + self.tasks.stale

    def close(self) -> Segment:
        """The thread's own row, as it stands after the last line."""
        self.turns.close()
        self.calls.close()
        return self.segment

    def bare(self) -> None:
        """A line without an envelope was read: this is G1 (or G0)."""
        if self.segment.generation is None:
            self.segment.generation = "G1"

    # Who it is.

    def _meta(self, meta: r.SessionMeta) -> None:
        segment, here = self.segment, self.here
        if self.state.header_seen:
            if meta.id == segment.thread:
                self._git(meta.git)
            elif segment.turns == 0:
                self.state.copies.copying = True
            return
        self.state.header_seen = True
        if meta.id:
            segment.thread = keep(meta.id, 64)
        segment.root = maybe(meta.session_id, 64)
        segment.parent = maybe(meta.parent_thread_id, 64)
        segment.forked_from = maybe(meta.forked_from_id, 64)
        segment.nickname = maybe(meta.agent_nickname, 128)
        segment.role = maybe(meta.agent_role, 128)
        segment.agent_path = maybe(meta.agent_path, 256)
        segment.originator = maybe(meta.originator, 128)
        segment.cwd = maybe(meta.cwd)
        segment.cli_version = maybe(meta.cli_version, 64)
        segment.provider = maybe(meta.model_provider, 128)
        segment.started_at = maybe(meta.timestamp, 64)
        segment.first_at = here.at
        segment.generation = "G4" if meta.history_mode == "paginated" else "G2"
        self._source(meta.source)
        self._base(meta.history_base)
        self._git(meta.git)
        copies.begin(self.state.copies, meta)

    def _source(self, source: Any) -> None:
        segment = self.segment
        if isinstance(source, str):
            segment.origin = keep(source, 64)
        elif isinstance(source, dict):
            segment.origin = next((keep(str(key), 64) for key in source), None)
            inner = source.get("subagent")
            if isinstance(inner, str):
                segment.origin = keep(inner, 64)
            elif isinstance(inner, dict) and isinstance(spawn := inner.get("thread_spawn"), dict):
                segment.parent = segment.parent or maybe(spawn.get("parent_thread_id"), 64)
                segment.nickname = segment.nickname or maybe(spawn.get("agent_nickname"), 128)
                segment.role = segment.role or maybe(spawn.get("agent_role"), 128)
                segment.agent_path = segment.agent_path or maybe(spawn.get("agent_path"), 256)

    def _base(self, base: Any) -> None:
        if not isinstance(base, dict):
            return
        offset = base.get("end_byte_offset")
        self.segment.base_thread = maybe(base.get("thread_id"), 64)
        self.segment.base_offset = offset if isinstance(offset, int) else None
        ordinal = base.get("end_ordinal_exclusive")
        self.segment.base_ordinal = ordinal if isinstance(ordinal, int) else None
        self.state.tokens.based = False

    def _git(self, git: Any) -> None:
        if isinstance(git, dict):
            segment = self.segment
            segment.commit = maybe(git.get("commit_hash"), 64) or segment.commit
            segment.branch = maybe(git.get("branch"), 256) or segment.branch
            segment.repository = maybe(git.get("repository_url")) or segment.repository

    def _header(self, header: r.BareHeader) -> None:
        if self.state.header_seen:
            return
        self.state.header_seen = True
        self.segment.generation = "G1"
        self.segment.started_at = self.segment.first_at = maybe(header.timestamp, 64)
        self.here.last_at = self.segment.first_at
        self._git(header.git)

    def _context(self, context: r.TurnContext) -> None:
        segment = self.segment
        segment.cwd = segment.cwd or maybe(context.cwd)
        segment.approval = compact(context.approval_policy, 64) or segment.approval
        self.turns.set_model(maybe(context.model, 128), compact(context.effort, 32))

    def _settings(self, event: r.SettingsApplied) -> None:
        settings = event.thread_settings
        if settings is None:
            return
        self.segment.approval = compact(settings.approval_policy, 64) or self.segment.approval
        effort = compact(settings.reasoning_effort, 32)
        self.turns.set_model(maybe(settings.model, 128), effort)

    def _named(self, event: r.NameUpdated) -> None:
        self.segment.name = maybe(event.thread_name, 500)

    # How its turns end.

    def _completed(self, event: r.TaskComplete) -> None:
        self.turns.completed(event)
        self._turn_ended(CallStatus.LOST)

    def _aborted(self, event: r.TurnAborted) -> None:
        self.turns.aborted(event)
        self._turn_ended(CallStatus.ABORTED)

    def _turn_ended(self, status: CallStatus) -> None:
        self.calls.turn_ended(status)
        self.tasks.turn_ended()
        self.state.compacting = False

    def _error(self, event: r.ErrorEvent) -> None:
        self.turns.failed(event)
        self._happened("error", event.message, compact(event.codex_error_info))

    def _rolled_back(self, event: r.RolledBack) -> None:
        self.facts.rollbacks.append(
            Rollback(self.here.source, self.here.offset, max(0, event.num_turns))
        )
        if not self.state.explicit_turns and self.state.turn is not None:
            self.turns.end(TurnState(self.state.turn.state), None)

    # What was said.

    def _say(self, role: str, phase: str | None, text: str) -> None:
        here = self.here
        self.facts.messages.append(
            Message(
                here.source,
                here.offset,
                here.length,
                here.turn,
                here.at,
                role,
                maybe(phase, 32),
                keep(text),
                len(text),
            )
        )

    def _user_said(self, event: r.UserSaid) -> None:
        injected = event.kind not in (None, "plain")
        if event.message and not injected:
            self._prompt(event.message)

    def _user_item(self, item: r.UserMessage) -> None:
        if text := spoken(item.content):
            self._prompt(text)

    def _prompt(self, text: str) -> None:
        if self.segment.reviewing:
            return
        self.turns.prompted()
        self._say("user", None, text)

    def _agent_said(self, event: r.AgentSaid) -> None:
        if event.message and not (self.state.compacting and event.message == COMPACTED_NOTICE):
            self._answer(event.message, event.phase)

    def _agent_item(self, item: r.AgentMessage) -> None:
        if text := spoken(item.content):
            self._answer(text, item.phase)

    def _answer(self, text: str, phase: str | None) -> None:
        self.turns.answered()
        self._say("assistant", phase, text)

    def _message(self, item: r.Message) -> None:
        """Only bare files tell of messages by items alone; elsewhere an event says it too."""
        if self.segment.generation not in ("G0", "G1"):
            return
        text = spoken(item.content)
        if item.role == "assistant" and text:
            self._answer(text, None)
        elif item.role == "user" and text and not text.startswith(INJECTED):
            self._prompt(text)

    def _letter_item(self, item: r.AgentTask) -> None:
        if text := spoken(item.content):
            self._say("agent", None, text)

    def _letter(self, letter: r.AgentLetter) -> None:
        if letter.content:
            self._say("agent", None, letter.content)

    def _plan_item(self, item: r.Plan) -> None:
        if item.text:
            self._say("assistant", "plan", item.text)

    def _reasoned(self, _: r.Reasoning) -> None:
        self.segment.reasonings += 1
        self.turns.worked()

    # What was done.

    def _function(self, item: r.FunctionCall) -> None:
        self.turns.worked()
        arguments = arguments_in(item.arguments)
        if item.name == "update_plan":
            self.tasks.planned(item.call_id, arguments.explanation, arguments.plan)
            return
        self.calls.function(item, arguments)

    def _custom(self, item: r.CustomCall) -> None:
        self.turns.worked()
        call = self.calls.custom(item)
        if call.kind == CallKind.SCRIPT:
            self.tasks.scripted(string(item.input) or "")

    def _output(self, item: r.FunctionOutput | r.CustomOutput) -> None:
        if item.call_id in self.state.plans:
            self.tasks.answered(item.call_id, spoken(item.output))
            return
        closed = self.calls.output(item.call_id, item.output)
        if closed is None:
            return
        call, text = closed
        if call.tool == "spawn_agent":
            answer = answer_fields(text)
            child = answer.get("agent_id")
            if isinstance(child, str):
                nickname = answer.get("nickname")
                self.tasks.agent("spawned", child, call=call, nickname=nickname)

    def _local_shell(self, item: r.LocalShellCall) -> None:
        self.turns.worked()
        self.calls.shell(item)

    def _patch_item(self, item: r.FileChange) -> None:
        said = item.stdout or item.stderr or ""
        self.calls.patched(item.id, item.changes, item.status, said)

    def _patch_event(self, event: r.PatchEnded) -> None:
        status = event.status or ("failed" if event.success is False else "completed")
        self.calls.patched(event.call_id, event.changes, status, event.stdout or event.stderr or "")

    def _mcp_item(self, item: r.McpToolCall) -> None:
        failed = item.error is not None or item.status == "failed"
        status = CallStatus.FAILED if failed else CallStatus.COMPLETED
        said = compact(item.error) if failed else _said(item.result)
        self.calls.mcp(item.id, f"{item.server}.{item.tool}", item.arguments, status, said or "")

    def _mcp_event(self, event: r.McpEnded) -> None:
        asked = event.invocation or r.McpInvocation()
        result = parsed(event.result)
        failed = isinstance(result, dict) and ("Err" in result or _is_error(result.get("Ok")))
        status = CallStatus.FAILED if failed else CallStatus.COMPLETED
        tool = f"{asked.server}.{asked.tool}"
        self.calls.mcp(event.call_id, tool, asked.arguments, status, _said(event.result))

    def _dynamic(self, item: r.DynamicToolCall) -> None:
        failed = item.success is False or item.status == "failed"
        status = CallStatus.FAILED if failed else CallStatus.COMPLETED
        self.calls.mcp(item.id, item.tool or "dynamic", item.arguments, status, "")

    def _spawned(self, event: r.AgentSpawned) -> None:
        self.tasks.agent(
            "spawned",
            event.new_thread_id,
            nickname=event.new_agent_nickname,
            role=event.new_agent_role,
            task=event.prompt,
        )

    def _activity_event(self, event: r.AgentActivity) -> None:
        call = self.calls.find(event.event_id)
        kind, child = event.kind or "activity", event.agent_thread_id
        self.tasks.agent(kind, child, call=call, path=event.agent_path)

    def _activity_item(self, item: r.SubAgentActivity) -> None:
        call = self.calls.find(item.id)
        kind, child = item.kind or "activity", item.agent_thread_id
        self.tasks.agent(kind, child, call=call, path=item.agent_path)

    def _collab(self, item: r.CollabAgentToolCall) -> None:
        call = self.calls.find(item.id)
        event = "spawned" if item.tool == "spawn_agent" else item.tool or "activity"
        for child in item.receiver_thread_ids or ():
            self.tasks.agent(event, child, call=call, task=item.prompt)

    def _compacted(self, compacted: r.Compacted) -> None:
        self.segment.compactions += 1
        self.state.compacting = True
        replaced = compacted.replacement_history
        detail = None if replaced is None else f'{{"replaced":{len(replaced)}}}'
        self._happened("compaction", compacted.message, detail)

    def _review_event(self, event: r.EnteredReview) -> None:
        self.state.review_turn = maybe(event.turn_id, 128)
        self._review(event.user_facing_hint or event.prompt, event.target)

    def _review_item(self, item: r.EnteredReviewMode) -> None:
        self._review(item.user_facing_hint, item.target)

    def _review(self, hint: str | None, target: Any) -> None:
        if not self.state.explicit_turns:
            self.turns.begin(self.state.review_turn, "review")
        self.segment.reviewing = True
        self._happened("review", hint, compact(target))

    def _reviewed(self, record: r.ExitedReview | r.ExitedReviewMode) -> None:
        self.segment.reviewing = False
        output = record.review_output
        overall = output.get("overall_explanation") if isinstance(output, dict) else None
        self._happened("review_end", maybe(overall), compact(output))

    def _happened(self, kind: str, text: str | None, detail: str | None) -> None:
        here = self.here
        self.facts.events.append(
            Happening(
                here.source,
                here.offset,
                here.length,
                here.turn,
                here.at,
                kind,
                maybe(text),
                detail,
            )
        )

    def _item(self, event: r.ItemCompleted) -> None:
        """An item of a paginated file; one of another thread (a reviewer's echo) is not ours."""
        if event.thread_id is not None and event.thread_id != self.segment.thread:
            return
        if isinstance(event.item, r.EnteredReviewMode):
            self.state.review_turn = maybe(event.turn_id, 128)
        handler = self.handlers.get(type(event.item))
        if handler is not None:
            handler(event.item)

    # What it cost.

    def _token_count(self, event: r.TokenCount) -> None:
        info = event.info
        if info is not None:
            segment = self.segment
            if isinstance(info.model_context_window, int):
                segment.context_window = info.model_context_window
            if info.last_token_usage is not None:
                segment.context_used = tokens.of(info.last_token_usage).total
            self._spend(tokens.count(self.state.tokens, info))

    def _usage_record(self, entry: r.UsageRecord) -> None:
        if entry.thread_id is None or entry.thread_id == self.segment.thread:
            self._spend(tokens.record(self.state.tokens, entry))

    def _spend(self, spent: Totals | None) -> None:
        if spent is not None:
            here = self.here
            self.facts.usage.append(
                TokenUse(
                    here.source,
                    here.offset,
                    here.turn,
                    here.at,
                    self.segment.model,
                    spent.input,
                    spent.cached,
                    spent.output,
                    spent.reasoning,
                    spent.total,
                )
            )


def _is_error(result: Any) -> bool:
    return isinstance(result, dict) and result.get("isError") is True


def _said(raw: msgspec.Raw) -> str:
    """What an MCP tool answered: the texts in it, or its JSON."""
    result = parsed(raw)
    if isinstance(result, dict) and isinstance(inner := result.get("Ok", result), dict):
        parts = inner.get("content")
        if isinstance(parts, list):
            texts = (part.get("text") for part in parts if isinstance(part, dict))
            return "\n".join(text for text in texts if isinstance(text, str))
    return compact(result) or ""
