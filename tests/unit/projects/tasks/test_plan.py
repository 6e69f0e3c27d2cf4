"""The duration of each step, and the revision that contains it."""

from datetime import timedelta

from ingest.projects.tasks.plan import plan_steps
from tests.unit.projects.tasks.plans import START, logged_plans


def test_time_is_counted_while_a_step_is_in_progress() -> None:
    first, second = plan_steps(
        "t",
        logged_plans(
            [("Read", "in_progress"), ("Fix", "pending")],
            [("Read", "completed"), ("Fix", "in_progress")],
            [("Read", "in_progress"), ("Fix", "pending")],
            [("Read", "completed"), ("Fix", "in_progress")],
        ),
    )
    until = START + timedelta(minutes=10)
    spent = first.seconds_until(until), second.seconds_until(until)
    assert spent == (120.0, 60.0 + 7 * 60)
    assert (first.started_at, first.ended_at) == (START, START + timedelta(minutes=3))
    assert (second.started_at, second.ended_at) == (START + timedelta(minutes=1), None)


def test_a_step_that_was_never_in_progress_took_no_known_time() -> None:
    (step,) = plan_steps("t", logged_plans([("Read", "pending")], [("Read", "completed")]))
    assert (step.seconds, step.worked) == (None, [])
    assert step.ended_at == START + timedelta(minutes=1)


def test_a_step_that_the_newest_plan_dropped_is_not_current_and_its_time_ends() -> None:
    kept, dropped = plan_steps(
        "t",
        logged_plans([("Read", "in_progress"), ("Fix", "pending")], [("Fix", "in_progress")]),
    )
    assert (kept.text, kept.current, kept.revision) == ("Fix", True, 2)
    assert (dropped.text, dropped.current, dropped.revision) == ("Read", False, 1)
    assert dropped.seconds == 60.0


def test_the_same_plan_in_another_session_has_other_tasks() -> None:
    plan = logged_plans([("Read", "pending")])
    assert plan_steps("one", plan)[0].id != plan_steps("other", plan)[0].id
