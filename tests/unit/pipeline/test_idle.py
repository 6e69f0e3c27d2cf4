"""Inactive sessions: idle after a configurable time, open again after a new line."""

from datetime import datetime, timedelta

from ingest.codex.liveness import SessionState, judge

NOW = datetime(2026, 11, 21, 14, 3)


def session_state(
    quiet: timedelta,
    *,
    idle_after: timedelta = timedelta(hours=24),
    alive: bool | None = None,
    waits: bool = False,
) -> tuple[SessionState, str]:
    judged = judge(
        "open",
        NOW - quiet,
        None,
        waits_for_user=waits,
        writer_alive=alive,
        now=NOW,
        idle_after=idle_after,
    )
    return judged.state, judged.reason


def test_an_open_turn_without_new_lines_is_first_stalled_and_then_idle() -> None:
    state, reason = session_state(timedelta(hours=23))
    assert state is SessionState.STALLED
    assert "Idle" not in reason
    state, reason = session_state(timedelta(hours=25))
    assert state is SessionState.IDLE
    assert reason == "Idle, silent since 2026-11-20 13:03 UTC"


def test_the_time_until_a_session_is_idle_can_be_configured() -> None:
    assert session_state(timedelta(hours=2), idle_after=timedelta(hours=1))[1].startswith("Idle")


def test_a_living_process_does_not_prevent_a_session_from_being_idle() -> None:
    assert session_state(timedelta(hours=25), alive=True)[0] is SessionState.IDLE


def test_a_session_with_an_old_unanswered_question_is_idle_and_names_it() -> None:
    state, reason = session_state(timedelta(hours=25), waits=True)
    assert state is SessionState.IDLE
    assert reason.endswith("; Waits for approval")
    assert session_state(timedelta(hours=23), waits=True)[0] is SessionState.WAITING


def test_an_append_opens_an_idle_session_again() -> None:
    assert session_state(timedelta(hours=25))[1].startswith("Idle")
    assert session_state(timedelta(seconds=1))[0] is SessionState.RUNNING
