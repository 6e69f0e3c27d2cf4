"""Glyph and colour of each state; a state is never shown by colour alone.

The colours are names; the command line and the dashboard map them to styles.
"""

from typing import Final, NamedTuple


class StateStyle(NamedTuple):
    glyph: str
    ascii: str
    color: str


_RUNNING = StateStyle("●", "*", "green")
_WAITING = StateStyle("◐", "?", "yellow")
_TO_RETRY = StateStyle("↻", "r", "yellow")
_STALLED = StateStyle("◆", "!", "magenta")
_DONE = StateStyle("✓", "d", "dim")
_FAILED = StateStyle("✗", "x", "red")
_STOPPED = StateStyle("‖", "=", "yellow")
_PENDING = StateStyle("○", "o", "cyan")
_BLOCKED = StateStyle("◇", "b", "yellow")
UNKNOWN = StateStyle("◌", ".", "dim")

STATE_STYLES: Final = {
    # sessions, turns and calls
    "running": _RUNNING,
    "open": _RUNNING,
    "waiting": _WAITING,
    "waiting for approval": _WAITING,
    "waiting for input": _WAITING,
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
    # plan steps
    "pending": _PENDING,
    "in_progress": _RUNNING,
    "completed": _DONE,
    # tasks
    "ready": _PENDING,
    "blocked": _BLOCKED,
    # batches
    "claimed": _RUNNING,
    "stuck": _STALLED,
    "backed_off": _TO_RETRY,
    "completed_empty": _DONE,
    "dead": _FAILED,
    "cancelled": _STOPPED,
    "snoozed": _STOPPED,
    "superseded": UNKNOWN,
    "to retry": _TO_RETRY,
    "given up": _FAILED,
    # sources
    "following": _RUNNING,
    "missing": _STOPPED,
    "unreadable": _FAILED,
    "damaged": _FAILED,
    "too_large": _FAILED,
    # checks
    "ok": _DONE,
    "problem": _FAILED,
}
_BATCH_WORDS: Final = {
    "claimed": "in_progress",
    "failed": "to retry",
    "backed_off": "to retry",
    "dead": "given up",
}


def batch_word(state: str) -> str:
    """The state of a batch for people: one word for all that will be tried again."""
    return _BATCH_WORDS.get(state, state)
