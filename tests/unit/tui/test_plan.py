"""How the tasks screen arranges a plan."""

from msgspec.structs import replace

from ingest.projects.tasks.filters import TaskFilter
from ingest.projects.tasks.model import Edge, EdgeKind, Origin, Roadmap, Task, TaskState
from ingest.projects.tasks.revisions import diff_revisions
from tests.unit.projects.tasks.plans import logged_plans, texts
from tui.plan import (
    MAX_BOXES,
    PlanLayout,
    PlanRequest,
    at_revision,
    draw_graph,
    filter_roadmap,
    flatten_tree,
    hidden_done,
    step_revision,
)


def task(name: str, state: TaskState = TaskState.READY, *, current: bool = True) -> Task:
    return Task(
        id=name, text=name, state=state, derived_state=state, origin=Origin.PLAN,
        session="s", project="p", branch=None, current=current, ready=state is TaskState.READY,
    )  # fmt: skip


def test_parts_come_below_their_whole() -> None:
    plan = Roadmap(
        [task("a"), task("b"), task("c"), task("d")],
        [Edge("a", "c", EdgeKind.PART), Edge("c", "d", EdgeKind.PART)],
    )
    assert [(depth, each.id) for depth, each in flatten_tree(plan)] == [
        (0, "a"), (1, "c"), (2, "d"), (0, "b"),
    ]  # fmt: skip


def test_a_cycle_of_parts_loses_no_task() -> None:
    cycle = [Edge("a", "b", EdgeKind.PART), Edge("b", "a", EdgeKind.PART)]
    assert len(flatten_tree(Roadmap([task("a"), task("b")], cycle))) == 2


def test_a_filter_removes_tasks_and_their_edges() -> None:
    plan = Roadmap(
        [task("a", TaskState.DONE), task("b"), task("c", current=False)],
        [Edge("a", "b", EdgeKind.ORDER)],
    )
    assert [each.id for each in filter_roadmap(plan, PlanRequest(with_done=True)).tasks] == [
        "a", "b",
    ]  # fmt: skip
    ready = filter_roadmap(plan, PlanRequest(task_filter=TaskFilter.READY))
    assert ([each.id for each in ready.tasks], ready.edges) == (["b"], [])


def test_a_revision_is_shown_with_its_changes_and_removed_steps() -> None:
    _, second = diff_revisions("t", logged_plans(texts("Read", "Ship"), [("Read", "completed")]))
    plan = at_revision(second)
    assert [(each.text, each.state) for each in plan.tasks] == [
        ("* Read", "done"), ("− Ship", "cancelled"),
    ]  # fmt: skip


def test_stepping_starts_at_the_newest_revision_and_stops_at_the_oldest() -> None:
    revisions = diff_revisions("t", logged_plans(texts("a"), texts("b"), texts("c")))
    plan = PlanLayout(PlanRequest(), [], None, Roadmap(), Roadmap(), revisions, None, 0)
    request, numbers = PlanRequest(), []
    for step in (-1, -1, -1, -1, 1, 1, 1):
        request = step_revision(request, plan, step)
        numbers.append(request.revision)
    assert numbers == [3, 2, 1, 1, 2, 3, None]
    assert step_revision(PlanRequest(), replace(plan, revisions=[]), -1).revision is None


def test_a_graph_has_a_limited_number_of_boxes() -> None:
    plan = Roadmap([task(f"t{n}") for n in range(MAX_BOXES + 10)], [])
    assert len(draw_graph(plan, PlanRequest()).drawing.boxes) == MAX_BOXES


def test_labels_are_as_long_as_the_width_allows() -> None:
    names = ["Read the failing test of the parser " + "again " * 5, "b" * 60, "c"]
    edges = [Edge(names[0], names[1], EdgeKind.ORDER), Edge(names[1], names[2], EdgeKind.ORDER)]
    plan = Roadmap([task(name) for name in names], edges)
    wide, narrow, tiny = (
        draw_graph(plan, PlanRequest(columns=columns)).drawing for columns in (200, 100, 10)
    )
    assert "again again" in "\n".join(wide.lines)
    assert 80 < narrow.width <= 100
    assert tiny.width == draw_graph(plan, PlanRequest(columns=1)).drawing.width


def test_done_tasks_are_hidden_unless_they_are_asked_for() -> None:
    plan = Roadmap([task("a", TaskState.DONE), task("b"), task("c", TaskState.CANCELLED)])
    request = PlanRequest()
    assert [each.id for each in filter_roadmap(plan, request).tasks] == ["b"]
    assert hidden_done(plan, request) == 2
    for shown in (
        PlanRequest(with_done=True), PlanRequest(task_filter=TaskFilter.DONE),
        PlanRequest(words="a"),
    ):  # fmt: skip
        assert "a" in [each.id for each in filter_roadmap(plan, shown).tasks]
        assert hidden_done(plan, shown) == 0
