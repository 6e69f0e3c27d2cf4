"""The account's limits, as `status` and `usage --limits` show them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.build import Home, Rollout
from tests.integration.cli.cli_harness import CliHarness


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys)


@pytest.fixture
def session(empty: CliHarness) -> Rollout:
    session = Home(empty.home).session("g4")
    session.prompt("Work")
    return session


def time_of(session: Rollout) -> datetime:
    return datetime.fromtimestamp(session.clock.ms / 1000, UTC).replace(tzinfo=None)


def window(used: float, minutes: int, resets: datetime | None = None) -> dict[str, Any]:
    at = int(resets.replace(tzinfo=UTC).timestamp()) if resets else None
    return {"used_percent": used, "window_minutes": minutes, "resets_at": at}


def report(session: Rollout, *windows: dict[str, Any], after: timedelta) -> datetime:
    """One more token count; returns when it was written."""
    session.clock.advance(after.total_seconds())
    session.limits = dict(zip(("primary", "secondary"), windows, strict=False))
    session.count()
    return time_of(session)


def read(cli: CliHarness, session: Rollout, at: datetime) -> list[dict[str, Any]]:
    session.write()
    cli.run("ingest", "-q")
    cli.now = at.replace(tzinfo=UTC)
    limits: list[dict[str, Any]] = cli.json("status")["limits"]
    assert cli.json("usage", "--limits")["limits"] == limits
    return limits


def test_both_windows_are_named_by_their_length_and_resets_are_local_times(
    empty: CliHarness, session: Rollout
) -> None:
    now = time_of(session)
    at = report(
        session,
        window(62.0, 300, now + timedelta(hours=2)),
        window(18.0, 10_080, now + timedelta(days=4)),
        after=timedelta(minutes=5),
    )
    five_hours, week = read(empty, session, at)
    assert (five_hours["name"], five_hours["used_percent"]) == ("5 h", 62.0)
    assert (week["name"], week["window_minutes"]) == ("week", 10_080)
    assert week["empty_at"] is None
    lines = empty.run("status").out.splitlines()
    (shown,) = [line for line in lines if line.startswith("limits")]
    assert f"5 h 62 %, resets {now + timedelta(hours=2):%H:%M}" in shown
    assert "week 18 %, resets " in lines[lines.index(shown) + 1]


def test_a_forecast_says_when_the_window_is_empty_at_this_pace(
    empty: CliHarness, session: Rollout
) -> None:
    resets = time_of(session) + timedelta(hours=5)
    report(session, window(40.0, 300, resets), after=timedelta(minutes=5))
    at = report(session, window(70.0, 300, resets), after=timedelta(minutes=30))
    (limit,) = read(empty, session, at)
    # One percent per minute, and thirty are left.
    empty_at = datetime.fromisoformat(limit["empty_at"]).replace(tzinfo=None)
    assert abs(empty_at - (at + timedelta(minutes=30))) < timedelta(minutes=1)
    assert "at this pace" in empty.run("status").out


def test_a_forecast_that_has_passed_is_not_shown(empty: CliHarness, session: Rollout) -> None:
    resets = time_of(session) + timedelta(hours=5)
    report(session, window(40.0, 300, resets), after=timedelta(minutes=5))
    at = report(session, window(90.0, 300, resets), after=timedelta(minutes=30))
    (limit,) = read(empty, session, at + timedelta(minutes=20))
    assert (limit["used_percent"], limit["empty_at"]) == (90.0, None)


def test_a_window_that_resets_before_it_is_used_up_has_no_forecast(
    empty: CliHarness, session: Rollout
) -> None:
    resets = time_of(session) + timedelta(minutes=50)
    report(session, window(40.0, 300, resets), after=timedelta(minutes=5))
    at = report(session, window(50.0, 300, resets), after=timedelta(minutes=30))
    (limit,) = read(empty, session, at)
    assert limit["empty_at"] is None


def test_a_window_that_reset_since_counts_as_unused(empty: CliHarness, session: Rollout) -> None:
    resets = time_of(session) + timedelta(minutes=20)
    at = report(session, window(95.0, 300, resets), after=timedelta(minutes=5))
    (limit,) = read(empty, session, at + timedelta(hours=1))
    assert (limit["used_percent"], limit["resets_at"]) == (0.0, None)
    assert limit["reset_at"] is not None
    assert "5 h 0 %, reset " in empty.run("status").out


def test_a_use_above_100_percent_is_shown_unchanged(empty: CliHarness, session: Rollout) -> None:
    resets = time_of(session) + timedelta(hours=2)
    at = report(session, window(104.0, 10_080, resets), after=timedelta(minutes=5))
    (limit,) = read(empty, session, at)
    assert (limit["name"], limit["used_percent"]) == ("week", 104.0)
    assert "104 %" in empty.run("usage", "--limits").out


def test_without_reports_nothing_is_shown(empty: CliHarness, session: Rollout) -> None:
    session.end_turn("Done.")
    assert read(empty, session, time_of(session)) == []
    assert "limits" not in empty.run("status").out
    assert "No limits reported" in empty.run("usage", "--limits").err


def test_an_old_report_is_shown_with_its_age(empty: CliHarness, session: Rollout) -> None:
    resets = time_of(session) + timedelta(days=5)
    at = report(session, window(30.0, 10_080, resets), after=timedelta(minutes=5))
    read(empty, session, at + timedelta(hours=3))
    assert "(as of 3 h 0 m ago)" in empty.run("status").out


def test_sessions_show_how_full_their_context_is(empty: CliHarness, session: Rollout) -> None:
    session.end_turn("Done.")
    session.write()
    empty.run("ingest", "-q")
    (row,) = empty.json("sessions")["sessions"]
    assert row["context"]["window"] == session.release.window
    assert 0 < row["context"]["used"] < session.release.window
