"""Derives the current state of a session from its last turn and the clock. Pure.

Codex records neither "waiting" nor "stalled". An open turn is judged by its open call, by the
writer's lock (None if this release has none) and by the time since the last line.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from ingest.codex.facts import TurnState

STALLS_AFTER: Final = timedelta(minutes=5)
LOCK_VALID_FOR: Final = timedelta(hours=1)
"""A lock that a crash left behind must not make a session look as if it were running."""
IDLE_AFTER: Final = timedelta(hours=24)
"""An open turn without a new line for this long is not expected to continue."""
_A_DAY: Final = timedelta(days=1)
_COMMAND_CHARS: Final = 60


class SessionState(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    """For the user: an answer or an approval."""
    STALLED = "stalled"
    IDLE = "idle"
    """The turn is open, but silent for so long that it is not expected to continue."""
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
    """The state and its reason. Times are naive UTC."""
    match turn_state:
        case TurnState.COMPLETED:
            return SessionState.DONE, "The last turn is completed."
        case TurnState.FAILED:
            return SessionState.FAILED, "The last turn failed."
        case TurnState.INTERRUPTED:
            return SessionState.INTERRUPTED, "The last turn was interrupted."
        case TurnState.LOST:
            return SessionState.INTERRUPTED, "The last turn has no recorded end."
        case TurnState.OPEN:
            pass
        case _:
            return SessionState.UNKNOWN, "No turn has begun."
    if last_at is not None and now - last_at > idle_after:
        # Not stored, so the next line makes the session active again. The writer's lock is ignored:
        # a daemon holds it as long as it has the thread loaded.
        waiting = f"; {_describe_wait(open_call)}" if waits_for_user else ""
        since = f"silent since {_format_time(last_at, now)} UTC"
        return SessionState.IDLE, f"Idle, {since}{waiting}"
    if waits_for_user:
        return SessionState.WAITING, _describe_wait(open_call)
    if last_at is None:
        return SessionState.UNKNOWN, "The turn is open, and no line has a time."
    silence = now - last_at
    if silence <= stalls_after:
        return SessionState.RUNNING, _describe_activity(open_call, now)
    if locked and silence <= LOCK_VALID_FOR:
        return (
            SessionState.RUNNING,
            f"{_describe_activity(open_call, now)}, the writer holds its lock",
        )
    return (
        SessionState.STALLED,
        f"{_describe_activity(open_call, now)}, silent since {_format_time(last_at, now)} UTC",
    )


def _format_time(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M:%S}" if now - at < _A_DAY else f"{at:%Y-%m-%d %H:%M}"


def _describe_wait(call: OpenCall | None) -> str:
    name = _call_name(call)
    return f"{name} waits for an answer" if name else "Waits for an answer"


def _describe_activity(call: OpenCall | None, now: datetime) -> str:
    name = _call_name(call)
    if call is None or not name:
        return "The turn is open"
    return (
        f"{name} running {_format_duration(now - call.since)}"
        if call.since
        else f"{name} is running"
    )


def _call_name(call: OpenCall | None) -> str:
    if call is None:
        return ""
    command = " ".join((call.command or "").split())
    if len(command) > _COMMAND_CHARS:
        command = command[: _COMMAND_CHARS - 1] + "…"
    return f"{call.tool or 'A call'} `{command}`" if command else call.tool or ""


def _format_duration(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m"
    return f"{seconds // 3600} h {seconds % 3600 // 60} m"
