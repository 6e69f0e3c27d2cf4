"""How each state looks, wherever it is shown: a glyph, a word and a colour, never colour alone.

Values only; a terminal's colours and a screen's styles are made of the names by who draws.
"""

from typing import Final, NamedTuple


class StateStyle(NamedTuple):
    """A state is a glyph, a word and a colour; the glyph has a twin in ASCII."""

    glyph: str
    ascii: str
    color: str


_RUNNING = StateStyle("●", "*", "green")
_WAITING = StateStyle("◐", "?", "yellow")
_STALLED = StateStyle("◆", "!", "magenta")
_DONE = StateStyle("✓", "+", "dim")
_FAILED = StateStyle("✗", "x", "red")
_STOPPED = StateStyle("‖", "=", "yellow")
_PENDING = StateStyle("○", "o", "cyan")
_BLOCKED = StateStyle("◇", "-", "yellow")
UNKNOWN = StateStyle("◌", ".", "dim")

STATE_STYLES: Final = {
    # of sessions, turns and calls
    "running": _RUNNING,
    "open": _RUNNING,
    "waiting": _WAITING,
    "stalled": _STALLED,
    "done": _DONE,
    "failed": _FAILED,
    "idle": UNKNOWN,
    "interrupted": _STOPPED,
    "aborted": _STOPPED,
    "declined": _STOPPED,
    "lost": _STOPPED,
    "rolled_back": _STOPPED,
    "reverted": _STOPPED,
    "unknown": UNKNOWN,
    # of plan steps
    "pending": _PENDING,
    "in_progress": _RUNNING,
    "completed": _DONE,
    # of tasks
    "ready": _PENDING,
    "blocked": _BLOCKED,
    # of batches
    "claimed": _RUNNING,
    "stuck": _STALLED,
    "backed_off": _WAITING,
    "completed_empty": _DONE,
    "dead": _FAILED,
    "cancelled": _STOPPED,
    "snoozed": _STOPPED,
    "superseded": UNKNOWN,
    # of sources
    "following": _RUNNING,
    "missing": _STOPPED,
    "unreadable": _FAILED,
    "damaged": _FAILED,
    "too_large": _FAILED,
    # of checks
    "ok": _DONE,
    "problem": _FAILED,
}
