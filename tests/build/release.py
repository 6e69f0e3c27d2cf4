"""The differences between Codex releases, as properties of a release.

Every difference was seen in files written by the released programs; if a number lies between two
programs that were tested, it is the earliest that is known.
"""

from dataclasses import dataclass

NEWEST = {"g1": "0.20.0", "g2": "0.63.0", "g3": "0.125.0", "g4": "0.169.0"}
"""The default release of each generation."""

_MODELS = (
    (165, "gpt-5.5"),
    (145, "gpt-5.5"),
    (125, "gpt-5.4"),
    (101, "gpt-5.3-codex"),
    (98, "gpt-5.2-codex"),
    (0, "gpt-5-codex"),
)


@dataclass(frozen=True)
class Release:
    """One release in one history mode; `paginated` is fixed for a thread, the number may grow."""

    version: str
    paginated: bool
    code_mode: bool = False

    @property
    def minor(self) -> int:
        return int(self.version.split(".")[1])

    @property
    def bare(self) -> bool:
        """G1: no envelope, no times, no turns, no counts."""
        return self.minor < 34

    @property
    def short_ids(self) -> bool:
        """Random (v4) thread ids."""
        return self.minor < 42

    @property
    def model(self) -> str:
        if self.code_mode:
            return "gpt-6-sol"
        return next(model for since, model in _MODELS if self.minor >= since)

    @property
    def window(self) -> int:
        return 258_400 if self.minor > 40 else 272_000

    @property
    def turn_events(self) -> bool:
        return self.minor >= 101

    @property
    def turn_times(self) -> bool:
        """started_at, completed_at, duration_ms."""
        return self.minor >= 120

    @property
    def context_each_request(self) -> bool:
        return not self.bare and self.minor < 104

    @property
    def streams_items(self) -> bool:
        """Calls are written when the model makes them, not when their output is available."""
        return self.minor >= 98

    @property
    def repeats_counts(self) -> bool:
        """One more token_count, unchanged, whenever the model begins to answer."""
        return 42 <= self.minor < 134

    @property
    def counts_before_outputs(self) -> bool:
        return self.minor < 134

    @property
    def snapshots(self) -> bool:
        """A ghost_snapshot of the work tree in every turn."""
        return 58 <= self.minor < 98

    @property
    def failure_text(self) -> bool:
        return self.minor >= 145

    @property
    def linked_items(self) -> bool:
        """Response items carry their turn's id."""
        return self.minor >= 145

    @property
    def item_ids(self) -> bool:
        return self.minor >= 150

    @property
    def metadata(self) -> bool:
        return self.minor >= 155

    @property
    def usage_records(self) -> bool:
        return self.minor >= 155

    @property
    def rich_compaction(self) -> bool:
        """The compacted line carries the new history, the summary is a message before it."""
        return self.minor >= 134

    @property
    def settings_first_turn(self) -> bool:
        return self.minor >= 165

    @property
    def settings_on_resume(self) -> int:
        """How many thread_settings_applied a resume writes."""
        if self.minor >= 165:
            return 1
        return 2 if self.minor >= 145 else 0

    @property
    def late_events(self) -> bool:
        """Legacy files hold patch_apply_end, mcp_tool_call_end and web_search_end."""
        return self.minor >= 134 and not self.paginated

    @property
    def scripts_alone(self) -> bool:
        """Code mode in legacy files: only a script and its output record a command."""
        return self.code_mode and not self.paginated

    @property
    def goals(self) -> bool:
        return self.minor >= 134

    @property
    def agents(self) -> bool:
        return self.minor >= 98

    @property
    def agents_v2(self) -> bool:
        """Agents have paths and a copy of the history, and talk through the root."""
        return self.code_mode and self.paginated


def release(generation: str, version: str | None = None, *, code_mode: bool = False) -> Release:
    return Release(version or NEWEST[generation], paginated=generation == "g4", code_mode=code_mode)
