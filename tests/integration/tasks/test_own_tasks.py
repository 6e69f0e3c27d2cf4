"""The tasks of generated homes: cases that are not in the corpus."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from ingest.projects.tasks.filters import TaskFilter, filter_tasks, next_task
from ingest.projects.tasks.model import EdgeKind
from ingest.sessions.scope import Scope
from tests.build import Home
from tests.build.payload import git_of
from tests.integration.tasks.reading import Plans, linked, one

Load = Callable[[], Plans]
TWO = [("Read the code", "in_progress"), ("Fix the code", "pending")]


def now(home: Home) -> datetime:
    return datetime.fromtimestamp(home.clock.seconds, UTC).replace(tzinfo=None)


def test_a_step_waits_or_stalls_with_its_session(home: Home, load: Load) -> None:
    session = home.session("g3")
    session.prompt("Begin")
    session.plan(TWO)
    session.ask_user("Which one?")
    session.write()
    plans = load()
    for after, state in ((timedelta(minutes=10), "waiting"), (timedelta(days=2), "stalled")):
        plans.now = replace(plans.now, moment=now(home) + after)
        assert plans.of("Begin") == [
            ("plan", state, "Read the code"),
            ("plan", "pending", "Fix the code"),
            ("request", state, "Begin"),
        ]


def test_tasks_left_open_long_ago_are_neither_pending_nor_in_progress(
    home: Home, load: Load
) -> None:
    session = home.session("g3")
    session.prompt("Begin")
    session.plan(TWO)
    session.end_turn("Also:\n- [ ] Write it down\n- [x] Say it")
    session.prompt("And then?")
    session.abort_turn()
    session.write()
    plans = load()

    def states() -> dict[str, str]:
        tasks = plans.roadmap().tasks
        return {task.text: str(task.state) for task in tasks if task.current}

    plans.now = replace(plans.now, moment=now(home) + timedelta(days=3))
    assert states() == {
        "Read the code": "stalled",
        "Fix the code": "pending",
        "Write it down": "pending",
        "Say it": "done",
        "And then?": "ready",
    }
    plans.now = replace(plans.now, moment=now(home) + timedelta(days=60))
    open_ = ("Read the code", "Fix the code", "And then?")
    assert states() == dict.fromkeys(open_, "stalled") | {"Say it": "done"}


@pytest.mark.parametrize(
    "text",
    [
        "The following is the Codex agent history whose request action you are assessing.\n>>> x",
        "Generate a concise UI title for this task.\n\nUser prompt:\nFix the lexer",
    ],
)
def test_prompts_of_codex_for_its_helpers_are_not_requests(
    home: Home, load: Load, text: str
) -> None:
    session = home.session("g3")
    session.prompt(text)
    session.write()
    assert load().roadmap().tasks == []


def test_work_on_a_step_counts_until_now_while_its_session_runs(home: Home, load: Load) -> None:
    session = home.session("g3")
    session.prompt("Begin")
    session.plan(TWO)
    session.open_command("pytest")
    session.write()
    plans = load()
    plans.now = type(plans.now)(
        now(home) + timedelta(seconds=90), plans.now.stalls_after, plans.now.idle_after
    )
    step = one(plans.roadmap(), "Read the code")
    assert step.state == "in_progress"
    assert step.seconds
    assert step.seconds >= 60


def test_a_step_that_was_dropped_is_kept_and_is_not_current(home: Home, load: Load) -> None:
    session = home.session("g3")
    session.prompt("Begin")
    session.plan([("Read the code", "completed"), ("Ask Grace", "pending"), TWO[1]])
    session.plan([("Read the code", "completed"), TWO[1]])
    session.end_turn("Half.")
    session.write()
    plan = load().roadmap()
    assert [(t.text, t.state, t.current, t.revision) for t in plan.tasks] == [
        ("Read the code", "done", True, 2),
        ("Fix the code", "ready", True, 2),
        ("Ask Grace", "cancelled", False, 1),
    ]
    assert linked(plan, EdgeKind.ORDER) == [("Read the code", "Fix the code")]
    assert next_task(plan.tasks) is plan.tasks[1]
    assert [t.text for t in filter_tasks(plan.tasks, TaskFilter.UNPROVEN)] == ["Read the code"]


def test_a_refused_plan_is_not_stored_and_the_plan_tool_is_reported_as_off(
    home: Home, load: Load
) -> None:
    session = home.session("g4", "0.155.0")
    session.prompt("Begin")
    asked = {"plan": [{"step": text, "status": status} for text, status in TWO]}
    session.call("update_plan", asked, "unsupported call: update_plan")
    session.end_turn("No plan then.")
    session.write()
    plan = load().roadmap()
    assert plan.tasks == []
    assert plan.plan_tool_off


def test_a_plan_of_a_turn_that_was_rolled_back_does_not_count(home: Home, load: Load) -> None:
    session = home.session("g3")
    session.prompt("Begin")
    session.plan(TWO)
    session.end_turn("Begun.")
    session.prompt("Do another thing")
    session.plan([("Something else", "in_progress")])
    session.end_turn("Done.")
    session.rollback(1)
    session.write()
    assert [task.text for task in load().roadmap().tasks] == [text for text, _ in TWO]


def test_a_goal_has_its_steps_as_parts(home: Home, load: Load) -> None:
    session = home.session("g4", "0.150.0")
    session.prompt("Begin")
    session.goal("Ship it")
    session.plan(TWO)
    session.end_turn("More later.")
    session.write()
    plan = load().roadmap()
    assert linked(plan, EdgeKind.PART) == [("Ship it", text) for text, _ in TWO]
    assert one(plan, "Ship it").state == "in_progress"


@pytest.mark.parametrize("status", [{}, {"status": ""}, {"status": None}])
def test_a_goal_without_a_state_is_active(
    home: Home, load: Load, status: dict[str, str | None]
) -> None:
    session = home.session("g4", "0.150.0")
    session.prompt("Begin")
    session.event("thread_goal_updated", goal={"objective": "Ship it", **status})
    session.end_turn("More later.")
    session.write()
    assert one(load().roadmap(), "Ship it").state == "in_progress"


def test_a_goal_without_text_has_a_placeholder(home: Home, load: Load) -> None:
    session = home.session("g4", "0.150.0")
    session.prompt("Begin")
    session.event("thread_goal_updated", goal={})
    session.end_turn("More later.")
    session.write()
    assert one(load().roadmap(), "(a goal without text)").state == "in_progress"


@pytest.mark.parametrize("generation", ["g1", "g3"])
def test_only_requests_after_the_last_completed_turn_are_open(
    home: Home, load: Load, generation: str
) -> None:
    """Also if turns have no times, as in files of old releases."""
    session = home.session(generation)
    session.prompt("A lost request")
    session.die()
    session.resume()
    session.prompt("A done request")
    session.end_turn("Answered.")
    session.prompt("An open request")
    session.write()
    tasks = load().of("A lost request")
    assert [(origin, text) for origin, _, text in tasks] == [("request", "An open request")]


def test_the_last_file_of_a_session_wins_in_any_order_of_discovery(home: Home, load: Load) -> None:
    session = home.session("g4", "0.169.0")
    session.prompt("Begin")
    session.goal("Draft it")
    session.plan([("Read the code", "pending")])
    session.end_turn("Begun.")
    session.prompt("Go on")
    session.end_turn("Gone on.")
    session.write()
    later = session.revert(1)
    later.prompt("Go on otherwise")
    later.goal("Ship it")
    later.plan([("Read the code", "completed")])
    later.end_turn("Planned.")
    later.write()
    plans = load()
    found = plans.rows.rows("tasks.segments", sessions=None)
    assert [row["source"] for row in found] == [2, 1], "the one that goes on is found first"
    goals = [(t.text, t.state, t.current) for t in plans.roadmap().tasks if t.origin == "goal"]
    assert goals == [("Draft it", "cancelled", False), ("Ship it", "in_progress", True)]
    statuses = [one.steps[0].status for one in plans.revisions("Begin")]
    assert statuses == ["pending", "completed"]


def test_a_check_list_in_a_message_is_next_only_if_nothing_else_is(home: Home, load: Load) -> None:
    session = home.session("g3")
    session.prompt("What is to do?")
    session.end_turn("Two things:\n- [x] Read\n- [ ] Fix the parser\n- no box")
    session.write()
    plan = load().roadmap()
    assert [(t.origin, t.state, t.text) for t in plan.tasks] == [
        ("proposed", "done", "Read"),
        ("proposed", "pending", "Fix the parser"),
    ]
    assert plan.edges == []
    assert not any(task.ready for task in plan.tasks)
    assert next_task(plan.tasks) is plan.tasks[1]


def test_a_step_that_sessions_of_several_branches_list_is_one_task(home: Home, load: Load) -> None:
    for branch in ("main", "other", "main"):
        session = home.session("g3", git={**git_of("/home/dev/sample"), "branch": branch})
        session.prompt(f"Begin on {branch}")
        session.plan(TWO)
        session.end_turn("Half.")
        session.end()
        session.write()
        home.clock.tick(60_000)
    plan = load().roadmap()
    assert [task.text for task in plan.tasks] == [text for text, _ in TWO]
    for task in plan.tasks:
        assert [one.branch for one in task.appearances] == ["main", "other", "main"]
        assert [one.why for one in task.appearances] == [None, "same text", "same text"]


def test_a_scope_excludes_everything_else(home: Home, load: Load) -> None:
    ids = []
    for project in ("site", "parser"):
        session = home.session("g3", cwd=f"/home/dev/{project}")
        session.prompt(f"Begin with {project}")
        session.plan([(f"Read the {project}", "pending")])
        session.end_turn("Half.")
        session.write()
        ids.append(session.thread.id)
    plans = load()
    for scope in (Scope(project="site"), Scope(session=ids[0]), Scope(project="/home/dev/site")):
        assert [task.text for task in plans.roadmap(scope).tasks] == ["Read the site"]
    assert plans.roadmap(Scope(branch="elsewhere")).tasks == []
    assert plans.roadmap(Scope(since=datetime(2027, 1, 1))).tasks == []
    assert len(plans.roadmap(Scope(until=datetime(2027, 1, 1))).tasks) == 2


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_task_ids_do_not_depend_on_slices(home: Home, load: Load, cut: int) -> None:
    session = home.session("g3")
    session.prompt("Begin")
    session.plan(TWO)
    session.plan([("Read the code", "completed"), ("Fix all the code", "in_progress")])
    session.end_turn("Half.")
    path = session.write()
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) * cut // 6]))
    plans = load()
    early = {task.id for task in plans.roadmap().tasks if task.origin == "plan"}
    path.write_bytes(whole)
    plans.read()
    late = plans.roadmap()
    assert early <= {task.id for task in late.tasks}
    assert [task.text for task in late.tasks] == ["Read the code", "Fix all the code"]
