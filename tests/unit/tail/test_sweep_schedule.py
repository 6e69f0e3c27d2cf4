"""When files are scanned, independently of the watcher."""

from ingest.tail.sweep_schedule import (
    EVERYTHING_AT_MOST,
    RECENT_AT_MOST,
    RECENT_EVERY_POLLING,
    Sweep,
    SweepPlan,
)


def test_at_the_start_everything_is_due() -> None:
    assert SweepPlan().due(1000.0) is Sweep.EVERYTHING
    assert SweepPlan().wait(1000.0) == 0


def test_recent_files_are_due_every_two_seconds_and_everything_every_minute() -> None:
    plan = SweepPlan().done(Sweep.EVERYTHING, 0.0)
    seen = []
    for tenth in range(1, 1201):
        now = tenth / 10
        sweep = plan.due(now)
        if sweep is not Sweep.NOTHING:
            seen.append((now, sweep))
            plan = plan.done(sweep, now)
    assert [now for now, sweep in seen if sweep is Sweep.EVERYTHING] == [60.0, 120.0]
    assert [now for now, sweep in seen] == [float(second) for second in range(2, 121, 2)]


def test_without_events_recent_files_are_due_every_five_seconds() -> None:
    plan = SweepPlan(recent_every=RECENT_EVERY_POLLING).done(Sweep.EVERYTHING, 0.0)
    assert plan.due(4.9) is Sweep.NOTHING
    assert plan.due(5.0) is Sweep.RECENT


def test_a_late_sweep_is_done_once_and_not_caught_up() -> None:
    plan = SweepPlan().done(Sweep.EVERYTHING, 0.0)
    assert plan.due(30.0) is Sweep.RECENT
    assert plan.done(Sweep.RECENT, 30.0).due(31.0) is Sweep.NOTHING


def test_the_wait_ends_exactly_when_something_is_due() -> None:
    plan = SweepPlan().done(Sweep.EVERYTHING, 0.0).done(Sweep.RECENT, 59.5)
    for now in (59.5, 59.75):
        assert plan.due(now) is Sweep.NOTHING
        assert plan.due(now + plan.wait(now)) is Sweep.EVERYTHING
    assert plan.wait(100.0) == 0


def test_an_empty_sweep_changes_no_schedule() -> None:
    plan = SweepPlan().done(Sweep.EVERYTHING, 0.0)
    assert plan.done(Sweep.NOTHING, 1.0) == plan


def test_slow_sweeps_run_less_often_but_never_stop() -> None:
    plan = SweepPlan().done(Sweep.EVERYTHING, 0.0, took=0.1).done(Sweep.RECENT, 0.0, took=0.005)
    assert plan.due(4.9) is Sweep.NOTHING
    assert plan.due(5.0) is Sweep.RECENT
    assert plan.due(100.0) is Sweep.EVERYTHING
    slow = SweepPlan().done(Sweep.EVERYTHING, 0.0, took=60.0).done(Sweep.RECENT, 0.0, took=60.0)
    assert slow.due(RECENT_AT_MOST) is Sweep.RECENT
    assert slow.due(EVERYTHING_AT_MOST) is Sweep.EVERYTHING
