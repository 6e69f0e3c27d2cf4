"""The identity of a thread: the fields of its header, and changes by later lines.

The first header counts, as in Codex's own loader. A later header with the same id may only change
the git fields; one with another id begins copied history.
"""

import re
from typing import Any, Final

from ingest.codex import fork_history
from ingest.codex import records as r
from ingest.codex.fields import compact_json, optional_text, safe_int, stored_text
from ingest.codex.line_context import LineContext
from ingest.codex.state import FoldState
from ingest.codex.turns import Turns

REPORTS_FAILURES: Final = (0, 145)
"""The first release that records the failure of a turn."""
_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})\.")


class Identity:
    """Fills the identity fields of the segment."""

    def __init__(self, current: LineContext, state: FoldState, turns: Turns) -> None:
        self.current = current
        self.state = state
        self.segment = state.segment
        self.turns = turns

    def bare_line(self) -> None:
        """A line without an envelope: the file is G1 (or G0)."""
        if self.segment.generation is None:
            self.segment.generation = "G1"

    def header(self, header: r.BareHeader) -> None:
        if self.state.header_seen:
            return
        self.state.header_seen = True
        self.segment.generation = "G1"
        self.segment.started_at = self.segment.first_at = optional_text(header.timestamp, 64)
        self.current.last_at = self.segment.first_at
        self._set_git(header.git)

    def meta(self, meta: r.SessionMeta) -> None:
        segment = self.segment
        if self.state.header_seen:
            if meta.id == segment.thread:
                self._set_git(meta.git)
            elif segment.turns == 0:
                self.state.copies.copying = True
            return
        self.state.header_seen = True
        if meta.id:
            segment.thread = stored_text(meta.id, 64)
        segment.root = optional_text(meta.session_id, 64)
        segment.parent = optional_text(meta.parent_thread_id, 64)
        segment.forked_from = optional_text(meta.forked_from_id, 64)
        segment.nickname = optional_text(meta.agent_nickname, 128)
        segment.role = optional_text(meta.agent_role, 128)
        segment.agent_path = optional_text(meta.agent_path, 256)
        segment.originator = optional_text(meta.originator, 128)
        segment.cwd = optional_text(meta.cwd)
        segment.cli_version = optional_text(meta.cli_version, 64)
        segment.provider = optional_text(meta.model_provider, 128)
        segment.started_at = optional_text(meta.timestamp, 64)
        segment.first_at = self.current.at
        self._set_history(meta)
        self._set_source(meta.source)
        self._set_git(meta.git)
        fork_history.begin_copy(self.state.copies, meta)

    def _set_history(self, meta: r.SessionMeta) -> None:
        """Set the history mode, and the position in another file that this one continues from."""
        segment = self.segment
        # The mode is recorded since 0.144. Before, turn events distinguish G3 from G2, see
        # `Turns.started`.
        before_failures = _release(meta.cli_version) < REPORTS_FAILURES
        self.state.records_failures = meta.history_mode is not None and not before_failures
        modes = {None: "G2", "paginated": "G4"}
        segment.generation = modes.get(meta.history_mode, "G3")
        base = meta.history_base
        if isinstance(base, dict):
            segment.base_thread = optional_text(base.get("thread_id"), 64)
            segment.base_offset = safe_int(base.get("end_byte_offset"))
            segment.base_ordinal = safe_int(base.get("end_ordinal_exclusive"))
            self.state.tokens.baseline_known = False

    def _set_source(self, source: Any) -> None:
        segment = self.segment
        if isinstance(source, str):
            segment.origin = stored_text(source, 64)
        elif isinstance(source, dict):
            segment.origin = next((stored_text(str(key), 64) for key in source), None)
            inner = source.get("subagent")
            if isinstance(inner, str):
                segment.origin = stored_text(inner, 64)
            elif isinstance(inner, dict) and isinstance(spawn := inner.get("thread_spawn"), dict):
                segment.parent = segment.parent or optional_text(spawn.get("parent_thread_id"), 64)
                segment.nickname = segment.nickname or optional_text(
                    spawn.get("agent_nickname"), 128
                )
                segment.role = segment.role or optional_text(spawn.get("agent_role"), 128)
                segment.agent_path = segment.agent_path or optional_text(
                    spawn.get("agent_path"), 256
                )

    def _set_git(self, git: Any) -> None:
        if isinstance(git, dict):
            segment = self.segment
            segment.commit = optional_text(git.get("commit_hash"), 64) or segment.commit
            segment.branch = optional_text(git.get("branch"), 256) or segment.branch
            segment.repository = optional_text(git.get("repository_url")) or segment.repository

    def turn_context(self, context: r.TurnContext) -> None:
        segment = self.segment
        segment.cwd = segment.cwd or optional_text(context.cwd)
        segment.approval = compact_json(context.approval_policy, 64) or segment.approval
        self.turns.set_model(optional_text(context.model, 128), compact_json(context.effort, 32))

    def settings(self, event: r.SettingsApplied) -> None:
        settings = event.thread_settings
        if settings is None:
            return
        self.segment.approval = compact_json(settings.approval_policy, 64) or self.segment.approval
        effort = compact_json(settings.reasoning_effort, 32)
        self.turns.set_model(optional_text(settings.model, 128), effort)

    def named(self, event: r.NameUpdated) -> None:
        self.segment.name = optional_text(event.thread_name, 500)


def _release(version: str | None) -> tuple[int, int]:
    """The release that wrote a file; builds without a number count as the newest."""
    match = _VERSION.match(version or "")
    return (int(match[1]), int(match[2])) if match and match[0] != "0.0." else (99, 0)
