"""Which sessions are part of a line of work, and what its objective is."""

import pytest

from ingest.projects.git.reachability import Reached
from ingest.projects.resume.line_of_work import (
    LineSessions,
    objective,
    says_nothing_new,
    thread_of,
)
from ingest.projects.resume.model import PlacedText
from ingest.projects.tasks.model import Appearance, Origin, Task, TaskState
from ingest.sessions.session import Session
from tests.build.session import MORNING, session


def line(chosen: Session, *others: Session, reached: dict[str, bool] | None = None) -> LineSessions:
    known = {id_: Reached(part=part) for id_, part in (reached or {}).items()}
    return LineSessions([chosen, *others], chosen, "main", lambda one: known.get(one.id))


def task(text: str, *sessions: str, origin: Origin = Origin.PLAN) -> Task:
    state = TaskState.PENDING
    return Task(
        id=text, text=text, state=state, derived_state=state, origin=origin, session=sessions[0],
        project="parser", branch="main",
        appearances=[Appearance(text, one, "main", state, MORNING) for one in sessions],
    )  # fmt: skip


def requests(**texts: str) -> dict[str, list[PlacedText]]:
    return {id_: [PlacedText(text, MORNING, None)] for id_, text in texts.items()}


@pytest.mark.parametrize(
    "text",
    [
        "What is next?",
        "what’s next",
        "Continue",
        "please go on.",
        "OK, proceed",
        "Hello",
        "status?",
    ],
)
def test_requests_that_only_ask_to_continue_are_no_objective(text: str) -> None:
    assert says_nothing_new(text)


@pytest.mark.parametrize(
    "text",
    ["Continue with the parser", "What is next in the queue table?", "Fix it", "Status page"],
)
def test_other_requests_are_objectives(text: str) -> None:
    assert not says_nothing_new(text)


def test_a_line_of_work_has_its_branch_the_merged_sessions_and_their_agents() -> None:
    chosen = session("chosen", branch="main")
    agent = session("agent", branch="side", parent_id="merged", root_id="merged")
    found = line(
        chosen,
        session("same", branch="main"),
        session("merged", branch="side"),
        agent,
        session("open", branch="other", title="Try it"),
        session("old", branch="unknown"),
        reached={"merged": True, "open": False},
    )
    assert found.ids == {"chosen", "same", "merged", "agent"}
    assert [(one.branch, one.title) for one in found.unmerged(str)] == [("other", "Try it")]


def test_the_objective_is_the_first_request_of_the_thread() -> None:
    first, other, last = (
        session(name, minutes=minutes, branch="main")
        for name, minutes in (("first", 0), ("other", 30), ("last", 60))
    )
    found = line(last, other, first)
    tasks = [task("Fix the parser", "first", "last")]
    thread = thread_of(last, found, tasks)
    assert [one.id for one in thread] == ["first", "last"]
    asked = requests(first="Fix the parser", last="What is next?", other="Write the manual")
    result = objective(thread, found, tasks, lambda _: asked)
    assert result is not None
    assert result.text == "Fix the parser"


def test_without_such_a_request_the_objective_is_that_of_the_previous_session() -> None:
    before = session("before", minutes=0, branch="main")
    last = session("last", minutes=60, branch="main")
    found = line(last, before)
    asked = requests(before="Write the manual", last="What is next?")
    result = objective(thread_of(last, found, []), found, [], lambda _: asked)
    assert result is not None
    assert result.text == "Write the manual"


def test_an_open_goal_is_the_objective() -> None:
    one = session("one", branch="main")
    found = line(one)
    goal = task("Release 0.2", "one", origin=Origin.GOAL)
    result = objective([one], found, [goal], lambda _: requests(one="Fix it"))
    assert result is not None
    assert result.text == "Release 0.2"
