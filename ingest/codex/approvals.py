"""Approvals: which open calls wait for the user's approval.

Codex does not record approval requests, so they are derived from the calls: a command outside of
the sandbox, or a patch in a read-only sandbox; for a script of code mode, from its source. The
approval is not recorded either: a call counts as waiting until the action was carried out.
"""

from collections.abc import Sequence

from ingest.codex import codemode
from ingest.codex import records as r
from ingest.codex.facts import Call, CallKind, CallStatus
from ingest.codex.fields import COMMAND_CHARS, stored_text
from ingest.codex.state import FoldState, Permissions
from ingest.codex.tools import SCRIPT_TOOL, Arguments, escalates
from ingest.text.redact import mask

APPLY_PATCH = "apply_patch"
_UNKNOWN_COMMAND = ""
"""Placeholder for a command line that cannot be read, for example one computed by a script."""


class Approvals:
    """The actions that open calls of a thread need approval for."""

    def __init__(self, state: FoldState) -> None:
        self.state = state

    def turn_context(self, context: r.TurnContext) -> None:
        """Take the sandbox and approval policy from the context of a turn."""
        sandbox = context.sandbox_policy if isinstance(context.sandbox_policy, dict) else {}
        self.state.permissions = Permissions(
            "read-only" in (sandbox.get("type"), sandbox.get("mode")),
            context.approval_policy != "never" and context.approvals_reviewer in (None, "user"),
        )

    def function_called(self, call: Call, arguments: Arguments) -> None:
        """Note the approval that a function call needs."""
        escalated = escalates(arguments.sandbox_permissions, arguments.with_escalated_permissions)
        if escalated or self._is_blocked_patch(call):
            self._add(call, [_UNKNOWN_COMMAND])

    def custom_called(self, call: Call, text: str) -> None:
        """Note the approvals that a custom call (a patch or a script) needs."""
        if call.tool == SCRIPT_TOOL:
            self._add(call, self._script_actions(text))
        elif self._is_blocked_patch(call):
            self._add(call, [_UNKNOWN_COMMAND])

    def action_done(self, call: Call) -> None:
        """A script carried out this command or patch, so it no longer waits for its approval."""
        action = APPLY_PATCH if call.kind == CallKind.PATCH else call.command or _UNKNOWN_COMMAND
        for script in self.state.calls.values():
            if script.status == CallStatus.RUNNING and script.turn == call.turn:
                pending = self.state.pending_approvals.get(script.call_id or "", [])
                if action in pending:
                    pending.remove(action)
                    return

    def needs_approval(self, call: Call) -> bool:
        """Whether this call has an action that needs approval and is not done."""
        return bool(self.state.pending_approvals.get(call.call_id or ""))

    def command_to_approve(self, call: Call) -> str | None:
        """The command to approve, if the source of a script contains it."""
        pending = self.state.pending_approvals.get(call.call_id or "", [])
        return next(
            (command for command in pending if command not in (_UNKNOWN_COMMAND, APPLY_PATCH)), None
        )

    def retain(self, running: Sequence[Call]) -> None:
        """Drop the approvals of all other calls."""
        ids = {call.call_id for call in running}
        self.state.pending_approvals = {
            call_id: by
            for call_id, by in self.state.pending_approvals.items()
            if by and call_id in ids
        }

    def _add(self, call: Call, actions: list[str]) -> None:
        if actions and call.call_id and self.state.permissions.asks_user:
            self.state.pending_approvals[call.call_id] = actions

    def _is_blocked_patch(self, call: Call) -> bool:
        return call.kind == CallKind.PATCH and self.state.permissions.read_only

    def _script_actions(self, script: str) -> list[str]:
        """The actions of a script that need approval, as far as its source shows."""
        actions = [
            stored_text(command or _UNKNOWN_COMMAND, COMMAND_CHARS)
            for command in codemode.escalations_in(mask(script))
        ]
        if self.state.permissions.read_only:
            actions += [APPLY_PATCH] * codemode.patches_in(script)
        return actions
