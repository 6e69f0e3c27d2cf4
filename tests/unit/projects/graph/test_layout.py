"""The positions of the nodes of a graph."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.projects.graph.layout import Edge, Layout, layout

NAMES = st.lists(st.sampled_from([f"n{i}" for i in range(18)]), max_size=18)
EDGES = st.lists(st.tuples(*[st.sampled_from([f"n{i}" for i in range(20)])] * 2), max_size=30)


def columns(made: Layout) -> list[list[str]]:
    """The nodes of each layer, from the top."""
    found: dict[int, list[str]] = {}
    for node in sorted(made.places, key=lambda node: made.places[node].row):
        found.setdefault(made.places[node].layer, []).append(node)
    return [found[layer] for layer in sorted(found)]


@given(NAMES, EDGES)
def test_every_node_has_one_position_and_none_overlap(nodes: list[str], edges: list[Edge]) -> None:
    made = layout(nodes, edges)
    assert set(made.places) == set(nodes)
    assert sorted(made.order) == sorted(set(nodes))
    for one, other in combinations(made.places.values(), 2):
        assert one.layer != other.layer or abs(one.row - other.row) >= 3


@given(NAMES, EDGES)
def test_edges_point_to_the_right_except_those_that_close_a_cycle(
    nodes: list[str], edges: list[Edge]
) -> None:
    made = layout(nodes, edges)
    wanted = {(a, b) for a, b in edges if a != b and a in nodes and b in nodes}
    assert set(made.routes) == wanted
    for source, target in wanted:
        left, right = made.places[source], made.places[target]
        if (source, target) in made.turned:
            left, right = right, left
        assert left.layer < right.layer
        route = made.routes[source, target]
        assert (route[0], route[-1]) == (left.row, right.row)
        assert len(route) == right.layer - left.layer + 1


@given(NAMES, EDGES)
def test_a_graph_without_cycles_has_no_reversed_edge(nodes: list[str], edges: list[Edge]) -> None:
    forward = [(a, b) for a, b in edges if int(a[1:]) < int(b[1:])]
    assert not layout(nodes, forward).turned


@given(NAMES, EDGES)
def test_lines_pass_beside_the_nodes_of_the_layers_between(
    nodes: list[str], edges: list[Edge]
) -> None:
    made = layout(nodes, edges)
    for edge, route in made.routes.items():
        first = min(made.places[end].layer for end in edge)
        for layer, row in list(enumerate(route, first))[1:-1]:
            for place in made.places.values():
                assert place.layer != layer or abs(place.row - row) >= 2


@given(NAMES, EDGES)
def test_the_same_graph_is_laid_out_the_same(nodes: list[str], edges: list[Edge]) -> None:
    assert layout(nodes, edges) == layout(nodes, edges)


@given(NAMES, EDGES, st.lists(st.sampled_from([f"n{i}" for i in range(18)]), max_size=4))
@settings(max_examples=300)
def test_a_new_node_leaves_the_others_in_their_order(
    nodes: list[str], edges: list[Edge], targets: list[str]
) -> None:
    before = layout(nodes, edges)
    after = layout([*nodes, "new"], [*edges, *(("new", one) for one in targets)], before.order)
    old = [[node for node in column if node != "new"] for column in columns(after)]
    ranks = {node: rank for rank, node in enumerate(before.order)}
    layers = {node: place.layer for node, place in before.places.items()}
    for column in old:
        together = [node for node in column if layers[node] == layers[column[0]]]
        assert together == sorted(together, key=ranks.__getitem__)


def test_a_diamond_has_three_layers_and_no_crossing() -> None:
    made = layout(["a", "b", "c", "d"], [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    assert columns(made) == [["a"], ["b", "c"], ["d"]]


def test_crossings_are_removed() -> None:
    made = layout(["a", "b", "x", "y"], [("a", "y"), ("b", "x")])
    assert columns(made) == [["a", "b"], ["y", "x"]]


def test_a_node_without_predecessors_is_next_to_its_successor() -> None:
    made = layout(["a", "b", "c", "late"], [("a", "b"), ("b", "c"), ("late", "c")])
    assert made.places["late"].layer == 1


def test_a_cycle_is_broken_at_the_edge_that_closes_it() -> None:
    made = layout(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a")])
    assert made.turned == {("c", "a")}
    assert columns(made) == [["a"], ["b"], ["c"]]


def test_a_chain_is_one_straight_line() -> None:
    nodes = [f"n{i}" for i in range(2000)]
    made = layout(nodes, list(pairwise(nodes)))
    assert {place.row for place in made.places.values()} == {1}


@pytest.mark.parametrize("nodes", [[], ["a"], ["a", "a"]])
def test_a_graph_can_be_almost_empty(nodes: list[str]) -> None:
    assert len(layout(nodes, [("a", "a"), ("a", "gone")]).places) == len(set(nodes))
