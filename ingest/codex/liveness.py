"""How a session stands now: what its last turn says, held against the clock.

Pure. Codex writes no "waiting" and no "stalled": an open turn is judged by what it asked for, by
the writer's lock (None where this Codex has none) and by how long ago its file moved.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from ingest.codex.facts import TurnState

STALLS_AFTER: Final = timedelta(minutes=5)
LOCK_VALID_FOR: Final = timedelta(hours=1)
"""A lock left behind by a crash must not make a session run for ever."""
IDLE_AFTER: Final = timedelta(hours=24)
"""An open turn without a line for so long is not expected to go on."""
_A_DAY: Final = timedelta(days=1)
_COMMAND_CHARS: Final = 60


class SessionState(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    """For its user: an answer, or a right it asked for."""
    STALLED = "stalled"
    IDLE = "idle"
    """Its turn is open, and no line came for so long that nobody is expected to go on with it."""
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


class OpenCall(Struct, frozen=True):
    tool: str | None
    command: str | None
    since: datetime | None


def state_of(
    turn_state: str | None,
    last_at: datetime | None,
    open_call: OpenCall | None,
    *,
    waits_for_user: bool,
    locked: bool | None,
    now: datetime,
    stalls_after: timedelta = STALLS_AFTER,
    idle_after: timedelta = IDLE_AFTER,
) -> tuple[SessionState, str]:
    """The state and a sentence that says why. Times are naive UTC."""
    match turn_state:
        case TurnState.COMPLETED:
            return SessionState.DONE, "The last turn is completed."
        case TurnState.FAILED:
            return SessionState.FAILED, "The last turn failed."
        case TurnState.INTERRUPTED:
            return SessionState.INTERRUPTED, "The last turn was interrupted."
        case TurnState.LOST:
            return SessionState.INTERRUPTED, "The last turn never said that it ended."
        case TurnState.OPEN:
            pass
        case _:
            return SessionState.UNKNOWN, "No turn has begun."
    if last_at is not None and now - last_at > idle_after:
        # Nothing of this is stored, so the next line opens the session again by itself. A writer's
        # lock does not count: it stays while a daemon has the thread loaded.
        asked = f"; {_asked(open_call)}" if waits_for_user else ""
        since = f"no bytes since {_clock(last_at, now)} UTC"
        return SessionState.IDLE, f"Idle until its next line, {since}{asked}"
    if waits_for_user:
        return SessionState.WAITING, _asked(open_call)
    if last_at is None:
        return SessionState.UNKNOWN, "The turn is open, and no line says when."
    quiet = now - last_at
    if quiet <= stalls_after:
        return SessionState.RUNNING, _busy(open_call, now)
    if locked and quiet <= LOCK_VALID_FOR:
        return SessionState.RUNNING, f"{_busy(open_call, now)}, the writer holds its lock"
    return (
        SessionState.STALLED,
        f"{_busy(open_call, now)}, no bytes since {_clock(last_at, now)} UTC",
    )


def _clock(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M:%S}" if now - at < _A_DAY else f"{at:%Y-%m-%d %H:%M}"


def _asked(call: OpenCall | None) -> str:
    what = _name(call)
    return f"{what} waits for an answer" if what else "Waits for an answer"


def _busy(call: OpenCall | None, now: datetime) -> str:
    what = _name(call)
    if call is None or not what:
        return "The turn is open"
    return f"{what} open {_span(now - call.since)}" if call.since else f"{what} is open"


def _name(call: OpenCall | None) -> str:
    if call is None:
        return ""
    command = " ".join((call.command or "").split())
    if len(command) > _COMMAND_CHARS:
        command = command[: _COMMAND_CHARS - 1] + "…"
    return f"{call.tool or 'A call'} `{command}`" if command else call.tool or ""


def _span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m"
    return f"{seconds // 3600} h {seconds % 3600 // 60} m"
