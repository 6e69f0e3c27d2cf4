"""Finds the end of copied history: files of forks and sub-agents begin with lines of their parent.

Copied lines are counted but not stored, otherwise the parent's turns and tokens would count again
in each child. Releases differ in what they record, so these rules are tried in order: the start
ordinal in the header; a line older than the thread; a turn id or start time older than the thread;
and, without turn events, a pause, because the copy is written in one go.
"""

from uuid import UUID

from ingest.codex import records as r
from ingest.codex.facts import Segment
from ingest.codex.fields import parsed_time
from ingest.codex.state import CopyState

PAUSE_SECONDS = 0.2


def begin_copy(state: CopyState, meta: r.SessionMeta) -> None:
    """Determine from the first header whether copied history follows."""
    state.start_ordinal = meta.subagent_history_start_ordinal
    state.copying = state.start_ordinal is not None or (
        meta.forked_from_id is not None and meta.history_base is None
    )


def ends_copy(
    state: CopyState, segment: Segment, record: object, at: str | None, ordinal: int | None
) -> bool:
    """Whether this line is the first one of the thread's own history."""
    if state.start_ordinal is not None and ordinal is not None:
        return ordinal >= state.start_ordinal
    before, state.last_at = state.last_at, at
    if at is None or segment.started_at is None or at < segment.started_at:
        return False
    if isinstance(record, r.TaskStarted):
        state.turns_seen = True
        return _is_own_turn(segment, record, at, before)
    return not state.turns_seen and _has_pause(before, at)


def _is_own_turn(segment: Segment, turn: r.TaskStarted, at: str, before: str | None) -> bool:
    if turn.turn_id and _is_sortable(segment.thread) and _is_sortable(turn.turn_id):
        return turn.turn_id > segment.thread
    started = parsed_time(segment.started_at)
    if isinstance(turn.started_at, int | float) and started is not None:
        return turn.started_at >= int(started)
    return _has_pause(before, at)


def _has_pause(before: str | None, at: str) -> bool:
    then, now = parsed_time(before), parsed_time(at)
    return then is not None and now is not None and now - then >= PAUSE_SECONDS


def _is_sortable(text: str) -> bool:
    """Whether an id is a UUIDv7, which sorts by creation time."""
    try:
        return UUID(text).version == 7
    except ValueError:
        return False
