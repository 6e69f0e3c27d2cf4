"""Approvals: which open calls cannot go on before a person agreed.

Codex writes no request for an approval, so it is told by what was asked for: a command outside of
the sandbox, or a patch where nothing may be written. What a script of code mode asks for stands in
its text. When the person agreed is not written either: such a call needs its approval until what
it was needed for is done.
"""

from collections.abc import Sequence

from ingest.codex import codemode
from ingest.codex import records as r
from ingest.codex.facts import Call, CallKind, CallStatus
from ingest.codex.fields import COMMAND_CHARS, stored_text
from ingest.codex.state import FoldState, Rights
from ingest.codex.tools import SCRIPT_TOOL, Arguments, escalates
from ingest.text.redact import mask

APPLY_PATCH = "apply_patch"
_UNREADABLE = ""
"""Stands for a command line that a script computes."""


class Approvals:
    """What the open calls of a thread need an approval for."""

    def __init__(self, state: FoldState) -> None:
        self.state = state

    def turn_context(self, context: r.TurnContext) -> None:
        """A turn says what the agent may do."""
        sandbox = context.sandbox_policy if isinstance(context.sandbox_policy, dict) else {}
        self.state.rights = Rights(
            "read-only" in (sandbox.get("type"), sandbox.get("mode")),
            context.approval_policy != "never" and context.approvals_reviewer in (None, "user"),
        )

    def function_called(self, call: Call, arguments: Arguments) -> None:
        """A tool was called with these arguments."""
        escalated = escalates(arguments.sandbox_permissions, arguments.with_escalated_permissions)
        if escalated or self._patches(call):
            self._needs(call, [_UNREADABLE])

    def custom_called(self, call: Call, text: str) -> None:
        """A tool was given this text: a patch, or a script."""
        if call.tool == SCRIPT_TOOL:
            self._needs(call, self._scripted(text))
        elif self._patches(call):
            self._needs(call, [_UNREADABLE])

    def action_done(self, call: Call) -> None:
        """A script ran this command or patch: it does not wait for that any more."""
        what = APPLY_PATCH if call.kind == CallKind.PATCH else call.command or _UNREADABLE
        for script in self.state.calls.values():
            if script.status == CallStatus.RUNNING and script.turn == call.turn:
                wanted = self.state.asks.get(script.call_id or "", [])
                if what in wanted:
                    wanted.remove(what)
                    return

    def needs_approval(self, call: Call) -> bool:
        """Whether this call needs an approval for anything that it did not do yet."""
        return bool(self.state.asks.get(call.call_id or ""))

    def command_to_approve(self, call: Call) -> str | None:
        """The command that this call needs an approval for, where a script tells it."""
        asked = self.state.asks.get(call.call_id or "", [])
        return next((one for one in asked if one not in (_UNREADABLE, APPLY_PATCH)), None)

    def retain(self, running: Sequence[Call]) -> None:
        """Keep in mind only what these calls need."""
        ids = {call.call_id for call in running}
        self.state.asks = {one: by for one, by in self.state.asks.items() if by and one in ids}

    def _needs(self, call: Call, what: list[str]) -> None:
        if what and call.call_id and self.state.rights.asks_person:
            self.state.asks[call.call_id] = what

    def _patches(self, call: Call) -> bool:
        return call.kind == CallKind.PATCH and self.state.rights.read_only

    def _scripted(self, script: str) -> list[str]:
        """What a script asks for, as far as it can be read without running it."""
        found = [
            stored_text(command or _UNREADABLE, COMMAND_CHARS)
            for command in codemode.escalations_in(mask(script))
        ]
        if self.state.rights.read_only:
            found += [APPLY_PATCH] * codemode.patches_in(script)
        return found
