"""Tool calls of the agent: commands, patches, searches and so on, and their results.

A call begins with the model's request and ends with its output, often hundreds of lines later.
Paginated files repeat it as an item with more exact numbers. The first record opens the call, the
later ones complete the same row.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Raw

from ingest.codex import outputs, patches
from ingest.codex import records as r
from ingest.codex.approvals import Approvals
from ingest.codex.codemode import ShellCall, shell_calls_in
from ingest.codex.exit_codes import is_negative_result
from ingest.codex.facts import Call, CallKind, CallStatus, Facts, FileEdit, TurnState
from ingest.codex.fields import (
    COMMAND_CHARS,
    duration,
    head_and_tail,
    optional_text,
    safe_int,
    stored_text,
    text_parts,
)
from ingest.codex.line_context import LineContext
from ingest.codex.state import FoldState
from ingest.codex.tools import (
    GOAL_TOOLS,
    SCRIPT_TOOL,
    Arguments,
    command_line,
    custom_request,
    function_request,
)
from ingest.text.redact import mask

ID_CHARS = 128
OPEN_CALLS = 64
"""With more open calls the file must be broken: the oldest call is marked as lost."""

STATUSES = {
    "completed": CallStatus.COMPLETED,
    "failed": CallStatus.FAILED,
    "declined": CallStatus.DECLINED,
}


class Calls:
    """The open calls of a thread and those that ended in this range."""

    def __init__(self, current: LineContext, state: FoldState, facts: Facts) -> None:
        self.current = current
        self.state = state
        self.facts = facts
        self.stale: list[tuple[str, int]] = []
        self.approvals = Approvals(state)
        stored = (*state.calls.values(), *state.interrupted.values())
        self._stored = {call.byte for call in stored}
        self._counted = {call.byte: _count_commands([call]) for call in stored}

    def open(
        self, call_id: str | None, kind: CallKind, tool: str, command: str | None = None
    ) -> Call:
        current = self.current
        # Mask the whole text before a part is taken.
        command = command and mask(command)
        call = Call(
            current.source,
            current.offset,
            current.length,
            current.turn,
            current.at,
            optional_text(call_id, ID_CHARS),
            kind,
            stored_text(tool, 128),
            None if command is None else command[:COMMAND_CHARS],
            CallStatus.RUNNING,
        )
        if kind is CallKind.PATCH and command and call.call_id:
            self.state.pending_edits[call.call_id] = patches.edits_in(command)
        self.facts.calls.append(call)
        if call.call_id:
            calls = self.state.calls
            if len(calls) >= OPEN_CALLS:
                self._drop(next(iter(calls)))
            calls[call.call_id] = call
        return call

    def mark_changed(self, call: Call) -> None:
        """Call before changing `call`: if its row is stored already, it will be replaced."""
        if call.byte in self._stored:
            self._stored.discard(call.byte)
            self.stale.append(("calls", call.byte))
            self.facts.calls.append(call)

    def find(self, call_id: str | None) -> Call | None:
        """The call with this id, as long as further records can complete it."""
        if not call_id:
            return None
        if call := self.state.calls.get(call_id):
            return call
        call = self.state.interrupted.get(call_id)
        return call if call is not None and call.turn == self.current.turn else None

    def _call_to_end(
        self, call_id: str, kind: CallKind, tool: str, command: str | None = None
    ) -> Call | None:
        """The call that an end record completes, opened if unknown; None if it is complete."""
        if call_id in self.state.completed_calls:
            return None
        call = self.find(call_id)
        if call is None:
            call = self.open(None, kind, tool, command)
            # The model made no call with this id, so a script did.
            self.approvals.action_done(call)
        self.mark_changed(call)
        return call

    def function(self, item: r.FunctionCall, arguments: Arguments) -> Call | None:
        """Open a function call; None if it only continues an earlier call."""
        if item.name in ("write_stdin", "wait") and self._continues_call(item.call_id, arguments):
            return None
        call = self.open(item.call_id, *function_request(item, arguments))
        call.workdir = optional_text(arguments.workdir)
        self.approvals.function_called(call, arguments)
        return call

    def _continues_call(self, call_id: str | None, arguments: Arguments) -> bool:
        """Whether this is input to a running shell or script, whose output belongs to the call that
        started it."""
        session_id = arguments.session_id
        shell = outputs.code_mode_cell(arguments.cell_id) if session_id is None else str(session_id)
        started_by = self.find(self.state.shells.get(shell))
        if started_by is None or not call_id:
            return False
        self.state.aliases[stored_text(call_id, ID_CHARS)] = started_by.call_id or ""
        return True

    def custom(self, item: r.CustomCall) -> Call:
        kind, tool, text = custom_request(item)
        shells = self._shells(text or "") if kind is CallKind.SCRIPT else []
        commands = [shell.command for shell in shells if shell.command]
        all_readable = bool(shells) and len(commands) == len(shells)
        call = self.open(
            item.call_id,
            CallKind.COMMAND if shells else kind,
            tool,
            "\n".join(commands) if all_readable else text,
        )
        call.workdir = optional_text(shells[0].workdir) if shells else None
        self.approvals.custom_called(call, text or "")
        return call

    def _shells(self, script: str) -> list[ShellCall]:
        """The shell commands in a script; none in paginated files, which have an item for each."""
        if self.state.segment.generation == "G4" or any(tool in script for tool in GOAL_TOOLS):
            return []
        return shell_calls_in(mask(script))

    def local_shell(self, item: r.LocalShellCall) -> None:
        action = item.action if isinstance(item.action, dict) else {}
        call = self.open(
            item.call_id, CallKind.COMMAND, "local_shell", command_line(action.get("command"))
        )
        call.workdir = optional_text(action.get("working_directory"))
        if not item.call_id:
            self.end(call, STATUSES.get(item.status or "", CallStatus.COMPLETED))

    def web_search(self, item: r.WebSearchCall) -> None:
        action = item.action if isinstance(item.action, dict) else {}
        query = action.get("query") or action.get("url") or action.get("pattern")
        call = self.open(None, CallKind.SEARCH, "web_search", optional_text(query))
        self.end(call, STATUSES.get(item.status or "", CallStatus.COMPLETED))

    def image_generation(self, item: r.ImageCall) -> None:
        call = self.open(
            None, CallKind.IMAGE, "image_generation", optional_text(item.revised_prompt)
        )
        self.end(call, STATUSES.get(item.status or "", CallStatus.COMPLETED))

    def tool_search(self, item: r.ToolSearchCall) -> None:
        query = stored_text(bytes(item.arguments).decode("utf-8", "replace"), COMMAND_CHARS)
        self.open(item.call_id, CallKind.SEARCH, "tool_search", query)

    def tool_search_output(self, item: r.ToolSearchOutput) -> None:
        if call := self.state.calls.pop(item.call_id or "", None):
            self.mark_changed(call)
            self.end(call, CallStatus.COMPLETED)

    def output(self, call_id: str | None, raw: Raw) -> tuple[Call, str] | None:
        """Close the call that this output answers; None if there is none."""
        if call_id is None:
            return None
        started_by = self.state.aliases.pop(call_id, None)
        call = self.state.calls.get(started_by or call_id)
        if call is None:
            return None
        parts = text_parts(raw)
        text = "\n".join(parts)
        if call.kind == CallKind.COMMAND and call.tool == SCRIPT_TOOL:
            outcome: outputs.ToolOutcome | None = outputs.read_script_output(parts)
        else:
            outcome = outputs.read_stdin_output(text) if started_by else outputs.read_output(text)
        if outcome is None:
            return None
        del self.state.calls[started_by or call_id]
        if call.call_id:
            self._track_shell(call.call_id, outcome.shell)
            if outcome.shell is not None:
                self.state.calls[call.call_id] = call
            elif outcome.status is CallStatus.ABORTED or (
                outcome.exit_code is None and call.kind == CallKind.COMMAND
            ):
                self._await_exit_code(call)
            else:
                self._remember_answered(call.call_id, call_id)
        self._apply_output(call, outcome)
        self._add_file_edits(call, self.state.pending_edits.pop(call.call_id or "", []))
        return call, text

    def _apply_output(self, call: Call, outcome: outputs.ToolOutcome) -> None:
        """Complete a call from its output; more exact values of an end record are kept."""
        self.mark_changed(call)
        ended = call.status != CallStatus.RUNNING
        if outcome.exit_code is not None:
            call.exit_code = outcome.exit_code
        if outcome.seconds is not None and (not ended or call.seconds is None):
            call.seconds = round((call.seconds or 0) + outcome.seconds, 6)
        if not ended or call.output_head is None:
            self.store_output(call, outcome.body)
        call.output_byte, call.output_length = self.current.offset, self.current.length
        if not ended:
            self.end(call, outcome.status)

    def _remember_answered(self, *call_ids: str) -> None:
        """Remember that these calls are complete."""
        answered = self.state.completed_calls
        answered += [stored_text(call_id, ID_CHARS) for call_id in dict.fromkeys(call_ids)]
        del answered[:-OPEN_CALLS]

    def _track_shell(self, call_id: str, shell: str | None) -> None:
        """Remember the shell of a running command, or forget it if the command has ended."""
        others = {shell_id: by for shell_id, by in self.state.shells.items() if by != call_id}
        self.state.shells = (
            others if shell is None else {**others, stored_text(shell, ID_CHARS): call_id}
        )

    def store_output(self, call: Call, text: str) -> None:
        call.output_head, call.output_tail = head_and_tail(text)
        call.output_chars = len(text)

    def end(self, call: Call, status: CallStatus) -> None:
        if (
            status is CallStatus.FAILED
            and call.kind == CallKind.COMMAND
            and is_negative_result(call.command, call.exit_code, call.output_head)
        ):
            status = CallStatus.COMPLETED
        call.status = status
        if status is not CallStatus.RUNNING:
            call.ended_at = self.current.at

    def command(self, item: r.CommandExecution | r.CommandEnded, call_id: str) -> None:
        """The end record of a command, with exact exit code and duration."""
        command = command_line(item.command)
        call = self._call_to_end(call_id, CallKind.COMMAND, "exec_command", command)
        if call is None:
            return
        call.command = call.command or optional_text(command)
        call.workdir = call.workdir or _directory(item.cwd)
        call.exit_code = safe_int(item.exit_code)
        if item.duration:
            call.seconds = duration(round(item.duration.secs + item.duration.nanos / 1e9, 6))
        if item.aggregated_output or call.output_head is None:
            self.store_output(call, item.aggregated_output or "")
        if call.status == CallStatus.ABORTED:
            return
        status = STATUSES.get(item.status or "", CallStatus.RUNNING)
        self.end(call, CallStatus.ABORTED if self._was_interrupted(status) else status)

    def _was_interrupted(self, status: CallStatus) -> bool:
        """Whether a failure recorded after an interrupted turn was caused by the interruption."""
        segment = self.state.segment
        interrupted = segment.last_turn_state == TurnState.INTERRUPTED
        newest = self.state.turn is None and self.current.turn == segment.turns
        return status is CallStatus.FAILED and newest and interrupted

    def mcp(self, call_id: str, tool: str, arguments: Raw, status: CallStatus, output: str) -> None:
        text = bytes(arguments).decode("utf-8", "replace")
        call = self._call_to_end(call_id, CallKind.MCP, tool, text)
        if call is None:
            return
        call.kind, call.tool = CallKind.MCP, stored_text(tool, 128)
        self.store_output(call, output)
        self.end(call, status)

    def patch(self, call_id: str, changes: Any, status: str | None, output: str) -> None:
        """The end record of a patch, with the files it changed."""
        call = self._call_to_end(call_id, CallKind.PATCH, "apply_patch")
        if call is None:
            return
        self.end(call, STATUSES.get(status or "", CallStatus.COMPLETED))
        if output:
            self.store_output(call, output)
        self.state.pending_edits.pop(call_id, None)
        self._add_file_edits(call, patches.edits_of(changes))

    def _add_file_edits(self, call: Call, edits: list[patches.Edit]) -> None:
        """Add the file edits of a completed patch; a declined or failed one has none."""
        if call.status != CallStatus.COMPLETED:
            return
        for path, change, moved_to in edits:
            self.facts.files.append(
                FileEdit(
                    call.source,
                    call.byte,
                    call.turn,
                    self.current.at,
                    path,
                    change,
                    moved_to,
                    call.status,
                )
            )

    def _drop(self, call_id: str, status: CallStatus = CallStatus.LOST) -> None:
        call = self.state.calls.pop(call_id)
        self.state.pending_edits.pop(call_id, None)
        if call.status == CallStatus.RUNNING:
            self.mark_changed(call)
            call.status = status
            if status is CallStatus.ABORTED:
                self._await_exit_code(call)

    def _await_exit_code(self, call: Call) -> None:
        """Keep the call: its exit code may follow, even after the end of the turn."""
        interrupted = self.state.interrupted
        # They are all of one turn.
        if interrupted and next(iter(interrupted.values())).turn != call.turn:
            interrupted.clear()
        if call.call_id and len(interrupted) < OPEN_CALLS:
            interrupted[call.call_id] = call

    def turn_ended(self, status: CallStatus) -> None:
        """Drop the open calls, except those with a running shell: their output may still come."""
        shells = set(self.state.shells.values())
        for call_id in [open_id for open_id in self.state.calls if open_id not in shells]:
            self._drop(call_id, status)

    def close(self) -> None:
        """Update the open call and the number of commands in the segment."""
        segment = self.state.segment
        commands, failed = _count_commands(self.facts.calls)
        for _, byte in self.stale:
            before = self._counted[byte]
            commands, failed = commands - before[0], failed - before[1]
        segment.commands += commands
        segment.failed_commands += failed
        running = [call for call in self.state.calls.values() if call.status == CallStatus.RUNNING]
        segment.open_calls = len(running)
        waiting = [
            call
            for call in running
            if call.kind == CallKind.QUESTION or self.approvals.needs_approval(call)
        ]
        newest = next(reversed(waiting or running), None)
        segment.open_tool = newest.tool if newest else None
        segment.open_command = (
            self.approvals.command_to_approve(newest) or newest.command if newest else None
        )
        segment.open_since = newest.time if newest else None
        segment.waits_for_user = bool(waiting)
        self.approvals.retain(running)


def _count_commands(calls: Iterable[Call]) -> tuple[int, int]:
    """The number of commands, and of failed commands."""
    commands = [call for call in calls if call.kind == CallKind.COMMAND]
    return len(commands), sum(call.status == CallStatus.FAILED for call in commands)


def _directory(cwd: str | None) -> str | None:
    """The working directory; paginated files write it as a file:// URL."""
    return optional_text(cwd.removeprefix("file://") if cwd else None)
