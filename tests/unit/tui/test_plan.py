"""How a plan is laid out for the screen."""

from msgspec.structs import replace

from ingest.projects.tasks.filters import TaskFilter
from ingest.projects.tasks.model import Edge, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.revisions import diff_revisions
from tests.unit.projects.tasks.plans import texts, told
from tui.plan import MOST, PlanLayout, PlanRequest, among, at_revision, nested, pictured, stepped


def task(name: str, state: TaskState = TaskState.READY, *, current: bool = True) -> Task:
    return Task(
        id=name, text=name, state=state, derived_state=state, origin=Origin.PLAN,
        session="s", project="p", branch=None, current=current,
    )  # fmt: skip


def test_parts_stand_below_what_they_are_a_part_of() -> None:
    plan = Roadmap(
        [task("a"), task("b"), task("c"), task("d")],
        [Edge("a", "c", EdgeKind.PART), Edge("c", "d", EdgeKind.PART)],
    )
    assert [(depth, one.id) for depth, one in nested(plan)] == [
        (0, "a"), (1, "c"), (2, "d"), (0, "b"),
    ]  # fmt: skip


def test_parts_that_are_parts_of_each_other_are_all_there() -> None:
    ring = [Edge("a", "b", EdgeKind.PART), Edge("b", "a", EdgeKind.PART)]
    assert len(nested(Roadmap([task("a"), task("b")], ring))) == 2


def test_a_filter_takes_away_tasks_and_their_edges() -> None:
    plan = Roadmap(
        [task("a", TaskState.DONE), task("b"), task("c", current=False)],
        [Edge("a", "b", EdgeKind.ORDER)],
    )
    assert [one.id for one in among(plan, PlanRequest()).tasks] == ["a", "b"]
    ready = among(plan, PlanRequest(choice=TaskFilter.READY))
    assert ([one.id for one in ready.tasks], ready.edges) == (["b"], [])


def test_a_revision_is_shown_with_what_it_changed_and_what_it_took_away() -> None:
    _, second = diff_revisions("t", told(texts("Read", "Ship"), [("Read", "completed")]))
    plan = at_revision(second)
    assert [(one.text, one.state) for one in plan.tasks] == [
        ("* Read", "done"), ("− Ship", "cancelled"),
    ]  # fmt: skip


def test_stepping_goes_from_now_to_the_newest_and_stops_at_the_oldest() -> None:
    course = diff_revisions("t", told(texts("a"), texts("b"), texts("c")))
    found = PlanLayout(PlanRequest(), [], None, Roadmap(), Roadmap(), course, None, 0)
    wish, seen = PlanRequest(), []
    for by in (-1, -1, -1, -1, 1, 1, 1):
        wish = stepped(wish, found, by)
        seen.append(wish.revision)
    assert seen == [3, 2, 1, 1, 2, 3, None]
    assert stepped(PlanRequest(), replace(found, revisions=[]), -1).revision is None


def test_a_picture_holds_no_more_than_can_be_looked_at() -> None:
    plan = Roadmap([task(f"t{n}") for n in range(MOST + 10)], [])
    assert len(pictured(plan, PlanRequest()).drawing.boxes) == MOST
