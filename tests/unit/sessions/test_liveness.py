"""The state of a session: its last turn, compared with the clock."""

from datetime import datetime, timedelta

import pytest

from ingest.codex.liveness import OpenCall, SessionState, state_of

NOW = datetime(2026, 11, 21, 14, 3)


def stands(
    turn_state: str | None,
    quiet: timedelta | None = timedelta(0),
    call: OpenCall | None = None,
    *,
    waits: bool = False,
    locked: bool | None = None,
) -> tuple[SessionState, str]:
    last_at = None if quiet is None else NOW - quiet
    return state_of(turn_state, last_at, call, waits_for_user=waits, locked=locked, now=NOW)


@pytest.mark.parametrize(
    ("turn_state", "state"),
    [
        ("completed", SessionState.DONE),
        ("failed", SessionState.FAILED),
        ("interrupted", SessionState.INTERRUPTED),
        ("lost", SessionState.INTERRUPTED),
        (None, SessionState.UNKNOWN),
        ("something new", SessionState.UNKNOWN),
    ],
)
def test_an_ended_turn_determines_the_state(turn_state: str | None, state: SessionState) -> None:
    assert stands(turn_state)[0] is state


def test_an_open_turn_with_recent_activity_is_running() -> None:
    assert stands("open", timedelta(minutes=5))[0] is SessionState.RUNNING


def test_an_open_turn_with_a_question_waits_without_activity() -> None:
    call = OpenCall("request_user_input", None, NOW - timedelta(hours=20))
    state, reason = stands("open", timedelta(hours=20), call, waits=True)
    assert state is SessionState.WAITING
    assert reason == "request_user_input waits for an answer"


def test_a_quiet_turn_is_stalled_with_the_time() -> None:
    call = OpenCall("exec_command", "pytest\n -x", NOW - timedelta(minutes=47))
    state, reason = stands("open", timedelta(minutes=46, seconds=58), call)
    assert state is SessionState.STALLED
    assert reason == "exec_command `pytest -x` running 47 m, silent since 13:16:02 UTC"


def test_a_turn_that_was_quiet_for_days_shows_the_day() -> None:
    assert stands("open", timedelta(days=3))[1].endswith("silent since 2026-11-18 14:03 UTC")


@pytest.mark.parametrize(
    ("locked", "quiet", "state"),
    [
        (True, timedelta(minutes=50), SessionState.RUNNING),
        (True, timedelta(hours=2), SessionState.STALLED),
        (False, timedelta(minutes=50), SessionState.STALLED),
        (None, timedelta(minutes=50), SessionState.STALLED),
    ],
)
def test_the_writers_lock_counts_for_an_hour(
    locked: bool | None, quiet: timedelta, state: SessionState
) -> None:
    assert stands("open", quiet, locked=locked)[0] is state


def test_without_a_time_the_state_is_unknown() -> None:
    assert stands("open", None)[0] is SessionState.UNKNOWN
