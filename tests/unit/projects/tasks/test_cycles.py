"""Cycles of tasks, and the path that closes them."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.projects.tasks.cycles import shortest_path, without_cycles
from ingest.projects.tasks.model import Edge, EdgeKind


def edges(kind: EdgeKind, *pairs: str) -> list[Edge]:
    return [Edge(pair[0], pair[1], kind) for pair in pairs]


def test_the_shortest_path_is_reported() -> None:
    found = edges(EdgeKind.DEPENDS, "ab", "bc", "cd", "ad")
    assert shortest_path(found, "a", "d") == ["a", "d"]
    assert shortest_path(found, "b", "d") == ["b", "c", "d"]
    assert shortest_path(found, "d", "a") is None
    assert shortest_path([], "a", "a") == ["a"]


def test_an_order_that_contradicts_an_edit_is_dropped() -> None:
    soft = edges(EdgeKind.ORDER, "ab", "bc", "cd")
    assert without_cycles([], soft) == soft
    assert without_cycles(edges(EdgeKind.DEPENDS, "ad"), soft) == soft
    kept = without_cycles(edges(EdgeKind.DEPENDS, "ca"), soft)
    assert [f"{edge.source}{edge.target}" for edge in kept] == ["ab", "cd"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_the_remaining_edges_have_no_cycle(pairs: list[tuple[int, int]]) -> None:
    hard = [Edge(str(max(a, b)), str(min(a, b)), EdgeKind.DEPENDS) for a, b in pairs[::2] if a != b]
    soft = [Edge(str(a), str(b), EdgeKind.ORDER) for a, b in pairs[1::2] if a != b]
    every = [*hard, *without_cycles(hard, soft)]
    assert all(shortest_path(every, edge.target, edge.source) is None for edge in every)
