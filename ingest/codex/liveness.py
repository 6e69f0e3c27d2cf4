"""Derives the current state of a session from its last turn, the clock and what is live. Pure.

Codex records neither "waiting" nor "stalled". If its daemon has the thread loaded, its word counts.
If not, an open turn is judged by its open call, by the lock of its writer and by the time since the
last line.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from ingest.codex.facts import TurnState

STALLS_AFTER: Final = timedelta(minutes=5)
LOCK_VALID_FOR: Final = timedelta(hours=1)
"""A silent turn whose writer lives counts as running for this long."""
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


class LiveStatus(StrEnum):
    """What Codex's daemon says of a thread that it has loaded."""

    ACTIVE = "active"
    APPROVAL = "approval"
    INPUT = "input"
    IDLE = "idle"
    SETTLED = "settled"
    """Idle for so long that the lines of a turn that has just ended have been read."""
    ERROR = "error"


class WaitsFor(StrEnum):
    APPROVAL = "approval"
    INPUT = "input"


class OpenCall(Struct, frozen=True):
    tool: str | None
    command: str | None
    since: datetime | None


class Judgement(Struct, frozen=True):
    state: SessionState
    reason: str
    waits_for: WaitsFor | None = None


_ENDED: Final[dict[str, Judgement]] = {
    TurnState.COMPLETED: Judgement(SessionState.DONE, "The last turn is completed."),
    TurnState.FAILED: Judgement(SessionState.FAILED, "The last turn failed."),
    TurnState.INTERRUPTED: Judgement(SessionState.INTERRUPTED, "The last turn was interrupted."),
    TurnState.LOST: Judgement(SessionState.INTERRUPTED, "The last turn has no recorded end."),
}
_NOT_RUN: Final = Judgement(SessionState.INTERRUPTED, "Codex no longer runs the last turn.")
_KILLED: Final = Judgement(
    SessionState.INTERRUPTED, "Its Codex process ended during the last turn."
)
_NO_TURN: Final = Judgement(SessionState.UNKNOWN, "No turn has begun.")
_NO_TIME: Final = Judgement(SessionState.UNKNOWN, "The turn is open, and no line has a time.")


def judge(
    turn_state: str | None,
    last_at: datetime | None,
    open_call: OpenCall | None,
    *,
    waits_for_user: bool,
    now: datetime,
    live: LiveStatus | None = None,
    writer_alive: bool | None = None,
    stalls_after: timedelta = STALLS_AFTER,
    idle_after: timedelta = IDLE_AFTER,
) -> Judgement:
    """The state and its reason. Times are naive UTC.

    `live`: what the daemon says, None if it has not loaded the thread. `writer_alive`: whether the
    process that wrote it lives, None if that is not known.
    """
    match live:
        case LiveStatus.APPROVAL | LiveStatus.INPUT:
            return _waits(open_call, WaitsFor(live))
        case LiveStatus.ACTIVE:
            return Judgement(SessionState.RUNNING, _describe_activity(open_call, now))
        case LiveStatus.ERROR:
            return Judgement(SessionState.FAILED, "Codex reports a system error.")
    if turn_state != TurnState.OPEN:
        return _ENDED.get(turn_state or "", _NO_TURN)
    if last_at is None:
        return _NO_TIME
    silence = now - last_at
    if live is LiveStatus.SETTLED or (live is LiveStatus.IDLE and silence > stalls_after):
        return _NOT_RUN
    if live is None and writer_alive is False:
        return _KILLED
    activity = _describe_activity(open_call, now)
    since = f"silent since {_format_time(last_at, now)} UTC"
    waits = _waits(open_call) if waits_for_user else None
    if silence > idle_after:
        # Not stored, so the next line makes the session active again. A living writer is ignored:
        # a daemon keeps a thread loaded when nobody uses it any more.
        reason = f"Idle, {since}; {waits.reason}" if waits else f"Idle, {since}"
        return Judgement(SessionState.IDLE, reason)
    if waits is not None:
        return waits
    if silence <= stalls_after:
        return Judgement(SessionState.RUNNING, activity)
    if writer_alive and silence <= LOCK_VALID_FOR:
        return Judgement(SessionState.RUNNING, f"{activity}, its Codex process lives")
    return Judgement(SessionState.STALLED, f"{activity}, {since}")


def _waits(call: OpenCall | None, waits_for: WaitsFor | None = None) -> Judgement:
    if waits_for is None:
        asks = call is not None and (call.tool or "").startswith("request_user_input")
        waits_for = WaitsFor.INPUT if asks else WaitsFor.APPROVAL
    name, what = _call_name(call), "approval" if waits_for is WaitsFor.APPROVAL else "an answer"
    reason = f"{name} waits for {what}" if name else f"Waits for {what}"
    return Judgement(SessionState.WAITING, reason, waits_for)


def _format_time(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M:%S}" if now - at < _A_DAY else f"{at:%Y-%m-%d %H:%M}"


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
