"""Nudges: which changes of sessions are events, and what reaches a terminal."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.codex.liveness import SessionState, WaitsFor
from ingest.sessions.nudges import (
    RECENT,
    Nudges,
    are_off,
    is_quiet,
    nudge,
    terminal_sequence,
    turn,
)
from ingest.sessions.session import Session
from tests.build.session import session

NOW = datetime(2026, 11, 21, 14)


def waiting(**fields: Any) -> Session:
    waits: dict[str, Any] = {
        "state": SessionState.WAITING,
        "waiting_for": WaitsFor.APPROVAL,
        "last_at": NOW,
    }
    return session(**waits | {"title": "Fix the parser", "project": "parser"} | fields)


def failed(**fields: Any) -> Session:
    return waiting(state=SessionState.FAILED, waiting_for=None, **fields)


def test_each_event_is_reported_once_and_those_before_the_start_are_not() -> None:
    nudges, running = Nudges(), waiting(state=SessionState.RUNNING, waiting_for=None)
    assert nudges.new([waiting(id="a")], NOW) == []
    assert nudges.new([waiting(id="a")], NOW) == []
    assert [each.session for each in nudges.new([waiting(id="a"), waiting(id="b")], NOW)] == ["b"]
    assert nudges.new([running], NOW) == []
    assert len(nudges.new([waiting(id="a")], NOW)) == 1
    (answer,) = nudges.new([waiting(id="a", waiting_for=WaitsFor.INPUT)], NOW)
    assert answer.text == "Waits for input: Fix the parser (parser)"
    (failure,) = nudges.new([failed(id="a")], NOW)
    assert failure.text == "Failed: Fix the parser (parser)"
    # It failed again in the next turn.
    assert len(nudges.new([failed(id="a", turns=2)], NOW)) == 1


def test_history_that_is_read_late_is_no_event() -> None:
    nudges = Nudges()
    nudges.new([], NOW)
    assert nudges.new([failed(last_at=NOW - RECENT - timedelta(seconds=1))], NOW) == []


def test_a_sub_agent_that_fails_is_no_event_and_one_that_waits_is() -> None:
    nudges = Nudges()
    nudges.new([], NOW)
    found = nudges.new([failed(id="a", parent_id="x"), waiting(id="b", parent_id="x")], NOW)
    assert [each.session for each in found] == ["b"]


def test_a_nudge_has_no_secret_and_no_control_character() -> None:
    secret = "ghp_" + "a1B2" * 9
    found = nudge(waiting(title=f"Use {secret} \x1b]52;c;x\x07 \x9b2J", project="a\nb"))
    assert secret not in found.text
    assert found.text.isprintable()


@pytest.mark.parametrize(
    ("env", "sequence"),
    [
        ({}, "\a"),
        ({"TERM": "xterm-256color"}, "\a"),
        ({"TERM_PROGRAM": "WezTerm"}, "\a\x1b]9;a, b\x1b\\"),
        ({"KITTY_WINDOW_ID": "1"}, "\a\x1b]9;a, b\x1b\\"),
        ({"VTE_VERSION": "7000"}, "\a\x1b]777;notify;Tailboard;a, b\x1b\\"),
        ({"TERM": "foot"}, "\a\x1b]777;notify;Tailboard;a, b\x1b\\"),
        ({"TERM_PROGRAM": "WezTerm", "TMUX": "/tmp/x"}, "\a"),
    ],
)
def test_the_terminal_gets_the_sequence_that_it_knows(env: dict[str, str], sequence: str) -> None:
    assert terminal_sequence("a; b", env) == sequence


def test_a_text_cannot_end_the_sequence_and_begin_another() -> None:
    sequence = terminal_sequence("x\x07\x1b]0;y\x1b\\\n\x9c", {"TERM_PROGRAM": "WezTerm"})
    inner = sequence.removeprefix("\a\x1b]9;").removesuffix("\x1b\\")
    assert inner.isprintable()


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [
        ("", []),
        ("22:00-03:00", [0, 1, 2, 22, 23]),
        ("12:00-14:00", [12, 13]),
    ],
)
def test_quiet_hours_may_pass_midnight(hours: str, quiet: list[int]) -> None:
    assert [hour for hour in range(24) if is_quiet(hours, time(hour))] == quiet


def test_the_switch_is_kept_beside_the_database(tmp_path: Path) -> None:
    database = tmp_path / "tailboard.duckdb"
    assert not are_off(database)
    turn(database, on=False)
    turn(database, on=False)
    assert are_off(database)
    turn(database, on=True)
    turn(database, on=True)
    assert not are_off(database)
