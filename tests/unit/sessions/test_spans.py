"""The lanes of a session, and the scale of their times."""

from datetime import datetime, timedelta
from typing import Any

from ingest.sessions.spans import GAP, Lane, lanes_of, scale
from tui.widgets.lanes import axis, tones_of

START = datetime(2026, 11, 30, 8)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def row(what: str, start: float, end: float | None, **fields: Any) -> dict[str, Any]:
    finish = None if end is None else at(end)
    return {"what": what, "kind": None, "name": None, "state": "completed", "start": at(start),
            "finish": finish} | fields  # fmt: skip


def lanes(*rows: dict[str, Any]) -> list[Lane]:
    return lanes_of(rows, at(1000))


def test_the_time_between_two_turns_is_waiting_for_you_and_so_is_a_question() -> None:
    found = lanes(
        row("turn", 0, 60), row("call", 10, 20, kind="question"), row("turn", 100, 120),
    )  # fmt: skip
    assert [lane.name for lane in found] == ["turns", "you"]
    assert [(each.start, each.end) for each in found[1].spans] == [
        (at(10), at(20)),
        (at(60), at(100)),
    ]


def test_what_has_not_ended_lasts_until_now() -> None:
    (turns, commands) = lanes(
        row("turn", 0, None, state="open"), row("call", 5, None, kind="command", state="running")
    )
    assert turns.spans[0].end == commands.spans[0].end == at(1000)


def test_each_sub_agent_has_a_lane_and_many_share_one() -> None:
    few = lanes(*(row("agent", n, n + 1, name=f"/root/a{n}") for n in range(3)))
    assert [lane.name for lane in few] == ["a0", "a1", "a2"]
    many = lanes(*(row("agent", n, n + 1, name=f"a{n}") for n in range(9)))
    assert [lane.name for lane in many] == ["a0", "a1", "a2", "6 agents"]
    assert len(many[-1].spans) == 6


def test_a_long_gap_is_folded_and_a_short_one_is_not() -> None:
    found = lanes(row("turn", 0, 100), row("turn", 110, 200), row("turn", 90_000, 90_100))
    times = scale(found, 100)
    assert [each.width for each in times.segments] == [64, 33]
    assert times.segments[1].x == times.segments[0].width + GAP
    assert times.column(at(0)) == 0
    assert times.column(at(90_100)) == 99
    assert times.segments[0].width <= times.column(at(50_000)) < times.segments[1].x
    assert times.moment(65) is None
    middle = times.moment(times.column(at(90_050)))
    assert middle is not None
    assert abs((middle - at(90_050)).total_seconds()) < 5
    assert "⋯1 d" in axis(times, 100)


def test_many_gaps_leave_room_for_what_happened() -> None:
    found = lanes(*(row("turn", n * 1000, n * 1000 + 10) for n in range(500)))
    times = scale(found, 90)
    assert sum(each.width for each in times.segments) >= 60
    assert times.segments[-1].x + times.segments[-1].width == 90


def test_a_failure_is_seen_where_many_spans_share_a_column() -> None:
    calls = [row("call", n, n + 1, kind="command") for n in range(100)]
    calls[50]["state"] = "failed"
    turns, commands = lanes(row("turn", 0, 100), *calls)
    times = scale([turns, commands], 10)
    assert tones_of(commands, times, 10).count("red") in (1, 2)
    assert len(set(tones_of(turns, times, 10))) == 1


def test_nothing_is_drawn_without_activity_or_room() -> None:
    assert scale([], 50).segments == []
    assert scale(lanes(row("turn", 0, 0)), 50).column(at(0)) == 0
    assert tones_of(lanes(row("turn", 0, 5))[0], scale([], 0), 0) == []
    assert axis(scale([], 0), 0) == ""
