"""The state of a session: from its last turn, the clock, its process and the daemon."""

from datetime import datetime, timedelta

import pytest

from ingest.codex.liveness import LiveStatus, OpenCall, SessionState, WaitsFor, judge

NOW = datetime(2026, 11, 21, 14, 3)


def session_state(
    turn_state: str | None,
    quiet: timedelta | None = timedelta(0),
    call: OpenCall | None = None,
    *,
    waits: bool = False,
    alive: bool | None = None,
    live: LiveStatus | None = None,
) -> tuple[SessionState, str]:
    last_at = None if quiet is None else NOW - quiet
    judged = judge(
        turn_state, last_at, call, waits_for_user=waits, live=live, writer_alive=alive, now=NOW
    )
    return judged.state, judged.reason


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
    assert session_state(turn_state)[0] is state


def test_an_open_turn_with_recent_activity_is_running() -> None:
    assert session_state("open", timedelta(minutes=5))[0] is SessionState.RUNNING


def test_an_open_turn_with_a_question_waits_without_activity() -> None:
    call = OpenCall("request_user_input", None, NOW - timedelta(hours=20))
    state, reason = session_state("open", timedelta(hours=20), call, waits=True)
    assert state is SessionState.WAITING
    assert reason == "request_user_input waits for an answer"


def test_a_quiet_turn_is_stalled_with_the_time() -> None:
    call = OpenCall("exec_command", "pytest\n -x", NOW - timedelta(minutes=47))
    state, reason = session_state("open", timedelta(minutes=46, seconds=58), call)
    assert state is SessionState.STALLED
    assert reason == "exec_command `pytest -x` running 47 m, silent since 13:16:02 UTC"


def test_a_turn_that_was_quiet_for_days_shows_the_day() -> None:
    assert session_state("open", timedelta(days=3))[1].endswith("silent since 2026-11-18 14:03 UTC")


@pytest.mark.parametrize(
    ("alive", "quiet", "state"),
    [
        (True, timedelta(minutes=50), SessionState.RUNNING),
        (True, timedelta(hours=2), SessionState.STALLED),
        (False, timedelta(seconds=1), SessionState.INTERRUPTED),
        (None, timedelta(minutes=50), SessionState.STALLED),
    ],
)
def test_a_silent_turn_runs_for_an_hour_if_its_process_lives_and_ends_with_it(
    alive: bool | None, quiet: timedelta, state: SessionState
) -> None:
    assert session_state("open", quiet, alive=alive)[0] is state


def test_without_a_time_the_state_is_unknown() -> None:
    assert session_state("open", None)[0] is SessionState.UNKNOWN


@pytest.mark.parametrize(
    ("live", "state", "waits_for"),
    [
        (LiveStatus.APPROVAL, SessionState.WAITING, WaitsFor.APPROVAL),
        (LiveStatus.INPUT, SessionState.WAITING, WaitsFor.INPUT),
        (LiveStatus.ACTIVE, SessionState.RUNNING, None),
        (LiveStatus.ERROR, SessionState.FAILED, None),
        (LiveStatus.SETTLED, SessionState.INTERRUPTED, None),
    ],
)
def test_the_word_of_the_daemon_counts_more_than_the_files(
    live: LiveStatus, state: SessionState, waits_for: WaitsFor | None
) -> None:
    # By the files alone it would wait for approval, or after so long be idle.
    for quiet in (timedelta(minutes=1), timedelta(hours=30)):
        judged = judge("open", NOW - quiet, None, waits_for_user=True, live=live, now=NOW)
        assert (judged.state, judged.waits_for) == (state, waits_for)


def test_the_end_of_a_turn_that_the_daemon_does_not_run_may_not_be_read_yet() -> None:
    just_now, long_ago = timedelta(seconds=1), timedelta(minutes=6)
    assert session_state("open", just_now, live=LiveStatus.IDLE)[0] is SessionState.RUNNING
    assert session_state("open", long_ago, live=LiveStatus.IDLE)[0] is SessionState.INTERRUPTED
    assert session_state("completed", just_now, live=LiveStatus.IDLE)[0] is SessionState.DONE
    assert (
        session_state("failed", timedelta(hours=1), live=LiveStatus.IDLE)[0] is SessionState.FAILED
    )


def test_without_the_daemon_the_open_call_tells_what_a_session_waits_for() -> None:
    for tool, waits_for in (("exec", WaitsFor.APPROVAL), ("request_user_input", WaitsFor.INPUT)):
        judged = judge("open", NOW, OpenCall(tool, None, NOW), waits_for_user=True, now=NOW)
        assert judged.waits_for is waits_for
