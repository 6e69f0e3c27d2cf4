"""The drawing of a graph."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.projects.graph.drawing import Drawing, cells, draw
from ingest.projects.graph.layout import Edge, layout
from ingest.text.sanitize import width
from tests.unit.projects.graph.test_layout import EDGES, NAMES

LABELS = st.dictionaries(st.sampled_from([f"n{i}" for i in range(18)]), st.text(max_size=40))
PLAN: list[Edge] = [
    ("Read the failing test", "Fix the parser"),
    ("Fix the parser", "Run the tests"),
    ("Fix the parser", "Write the changelog"),
    ("survey docs", "Write the changelog"),
]


def drawn(edges: list[Edge], soft: set[Edge] | None = None, *, ascii: bool = False) -> str:
    nodes = list(dict.fromkeys(node for edge in edges for node in edge))
    picture = draw(layout(nodes, edges), {}, soft or set(), ascii=ascii)
    return "\n".join(line.rstrip() for line in picture.lines)


def picture(text: str) -> str:
    return dedent(text).strip("\n")


def test_a_plan_is_drawn_with_boxes_and_shared_lines() -> None:
    assert drawn(PLAN) == picture("""
                                                         ┌───────────────────┐
                                                   ┌────▶│Run the tests      │
    ┌─────────────────────┐      ┌──────────────┐  │     └───────────────────┘
    │Read the failing test├─────▶│Fix the parser├──┤     ┌───────────────────┐
    └─────────────────────┘      └──────────────┘  └─┬──▶│Write the changelog│
                                 ┌──────────────┐    │   └───────────────────┘
                                 │survey docs   ├────┘
                                 └──────────────┘
    """)


def test_the_same_in_ascii() -> None:
    text = drawn(PLAN, {PLAN[0]}, ascii=True)
    assert text.isascii()
    assert "|Read the failing test+.." in text


def test_a_soft_edge_is_dashed_and_has_an_open_arrow() -> None:
    assert "├╌╌╌╌╌▷│b│" in drawn([("a", "b")], {("a", "b")})
    assert "+.....>|b|" in drawn([("a", "b")], {("a", "b")}, ascii=True)


def test_two_nodes_that_lead_to_each_other_have_an_arrow_at_each_end() -> None:
    there, back = ("a", "b"), ("b", "a")
    assert "├◀────▷│b│" in drawn([there, back], {there})
    assert "├◁────▶│b│" in drawn([there, back], {back})


def test_lines_that_cross_bridge_each_other() -> None:
    """The lines of a1 and a2 would overlap, if one did not make a detour."""
    before = ["a1", "a2", "b1", "b2"]
    laid = layout(before, [("a1", "b2"), ("a2", "b1")], before)
    assert "\n".join(line.rstrip() for line in draw(laid, {}).lines) == picture("""
    ┌──┐          ┌──┐
    │a1├──┐ ┌────▶│b1│
    └──┘  └─│─┐   └──┘
    ┌──┐    │ │   ┌──┐
    │a2├────┘ └──▶│b2│
    └──┘          └──┘
    """)


@given(NAMES, EDGES, LABELS, st.booleans())
def test_a_drawing_is_a_grid_for_any_labels(
    nodes: list[str], edges: list[Edge], labels: dict[str, str], ascii_only: bool
) -> None:
    made = draw(layout(nodes, edges), labels, set(edges[::2]), columns=12, ascii=ascii_only)
    assert {width(line) for line in made.lines} <= {made.width}


@given(NAMES, EDGES)
def test_every_box_and_path_has_the_stated_position(nodes: list[str], edges: list[Edge]) -> None:
    laid = layout(nodes, edges)
    made = draw(laid, {}, set(edges[::2]))
    for node, box in made.boxes.items():
        assert made.lines[box.y][box.x] == "┌"
        assert made.lines[box.y + 2][box.x + box.width - 1] == "┘"
        assert made.lines[box.y + 1][box.x + 1 :].startswith(node)
    for edge, path in made.paths.items():
        line = [made.lines[y][x] for x, y in cells(path)]
        assert " " not in line
        forward = edge not in laid.turned
        assert (line[0], line[-1] in "▶▷") == ("├", True) if forward else line[-1] == "├"
        _follows(made, edge, path if forward else path[::-1])


def _follows(made: Drawing, edge: Edge, path: tuple[tuple[int, int], ...]) -> None:
    """The path leads from box to box, and through no other."""
    for x, y in list(cells(path))[1:]:
        for box in made.boxes.values():
            inside = box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
            assert not inside, edge


@pytest.mark.parametrize("columns", [4, 12])
def test_labels_are_shortened_to_the_available_columns(columns: int) -> None:
    made = draw(layout(["a"], []), {"a": "日本語のテスト" * 3}, columns=columns)
    assert made.boxes["a"].width <= columns + 2
    assert "…" in made.lines[1]


def test_a_label_is_sanitized_and_on_one_line() -> None:
    made = draw(layout(["a"], []), {"a": "red \x1b[31m\nnext"})
    assert made.lines[1] == "│red ␛[31m next│"


def test_an_empty_graph_has_an_empty_drawing() -> None:
    assert draw(layout([], []), {}) == Drawing((), 0, {}, {})
