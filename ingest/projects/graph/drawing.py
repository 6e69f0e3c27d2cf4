"""Draws a layout as lines of characters: boxes for nodes, and lines for edges.

The lines form a grid of terminal columns; wide characters take two. `boxes` and `paths` name the
cells of each node and edge, so that a screen can colour them. Soft edges are dashed and end in an
open arrow; a line that bridges another is not joined to it.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from msgspec import Struct

from ingest.projects.graph.canvas import Canvas, Point
from ingest.projects.graph.edges import EdgeRoute, route_edges
from ingest.projects.graph.layout import Edge, Layout
from ingest.text.sanitize import one_line, truncate, width

LABEL_COLUMNS = 24

_MARGIN = 2
"""Columns between a box and the first and last track."""
_PITCH = 2
"""Columns between tracks."""


class Box(Struct, frozen=True):
    """The cells of a node, from its upper left corner; its label is inside the frame."""

    x: int
    y: int
    width: int
    height: int = 3


class Drawing(Struct, frozen=True):
    lines: tuple[str, ...]
    width: int
    """Width in terminal columns, the same for every line."""
    boxes: dict[str, Box]
    paths: dict[Edge, tuple[Point, ...]]
    """Each edge from the frame of its node to its arrow, corner by corner."""


def cells(path: tuple[Point, ...]) -> Iterator[Point]:
    """Every cell of a path, in order."""
    yield from path[:1]
    for (x, y), end in pairwise(path):
        step_x, step_y = (end[0] > x) - (end[0] < x), (end[1] > y) - (end[1] < y)
        while (x, y) != end:
            x, y = x + step_x, y + step_y
            yield x, y


def draw(
    layout: Layout,
    labels: Mapping[str, str],
    soft: Collection[Edge] = (),
    *,
    columns: int = LABEL_COLUMNS,
    ascii: bool = False,
) -> Drawing:
    """Draw the layout, with labels truncated to `columns`; a node without a label shows its
    name.
    """
    texts = {
        node: truncate(one_line(labels.get(node, node)), columns, "~" if ascii else "…")
        for node in layout.places
    }
    frame = _Frame(layout, texts)
    boxes = {
        node: Box(frame.lefts[place.layer], place.row - 1, frame.widths[place.layer])
        for node, place in layout.places.items()
    }
    routes = {edge: frame.path(edge) for edge in layout.routes}
    canvas = Canvas(ascii=ascii)
    for edge, path in routes.items():
        canvas.line(path, dashed=edge in soft, turned=edge in layout.turned)
    for node, box in boxes.items():
        canvas.box(box.x, box.y, box.width, texts[node])
    paths = {edge: path[::-1] if edge in layout.turned else path for edge, path in routes.items()}
    return Drawing(canvas.lines(), canvas.width, boxes, paths)


class _Frame:
    """The columns of the layers, and the routes of the edges between them."""

    def __init__(self, layout: Layout, texts: Mapping[str, str]) -> None:
        self._layout = layout
        count = 1 + max((place.layer for place in layout.places.values()), default=-1)
        self.widths = [0] * count
        for node, text in texts.items():
            layer = layout.places[node].layer
            self.widths[layer] = max(self.widths[layer], width(text) + 2)
        ends: list[dict[int, set[int]]] = [{} for _ in range(count)]
        for edge, route in layout.routes.items():
            for layer, (row, end) in enumerate(pairwise(route), self._first(edge)):
                ends[layer].setdefault(row, set()).add(end)
        self._wires: list[dict[int, EdgeRoute]] = []
        self.lefts: list[int] = []
        left = 0
        for layer in range(count):
            self.lefts.append(left)
            wires, tracks = route_edges({row: frozenset(rows) for row, rows in ends[layer].items()})
            self._wires.append(wires)
            left += self.widths[layer] + 2 * _MARGIN + _PITCH * max(1, tracks)

    def _first(self, edge: Edge) -> int:
        return min(self._layout.places[end].layer for end in edge)

    def path(self, edge: Edge) -> tuple[Point, ...]:
        """An edge from its left end to its right end, corner by corner."""
        route, layer = self._layout.routes[edge], self._first(edge)
        right = self.lefts[layer] + self.widths[layer]
        points = [(right - 1, route[0])]
        for row, end in pairwise(route):
            right = self.lefts[layer] + self.widths[layer]
            for track, turn in self._wires[layer][row].bends(end):
                x = right + _MARGIN + _PITCH * track
                points += [(x, points[-1][1]), (x, turn)]
            layer += 1
        points.append((self.lefts[layer] - 1, route[-1]))
        return tuple(points)
