"""Positions the nodes of a graph in layers from left to right, with few crossings.

Each node has one position; an edge has a row in each layer that it passes, and edges from the same
node share a line for as long as possible. After a graph has grown, pass the `order` of the previous
layout, and the old nodes keep their order. `drawing` draws the result.
"""

from bisect import bisect, insort
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from ingest.projects.graph.layers import assign_layers

Edge = tuple[str, str]
"""From the predecessor to the successor."""

_SWEEPS = 4
_HALF_NODE, _HALF_LINE = 1.5, 0.5
"""The rows of a node (three, with its frame) and of a line that passes."""


class NodePosition(Struct, frozen=True):
    layer: int
    row: int
    """The middle one of its three rows in the picture."""


class Layout(Struct, frozen=True):
    places: dict[str, NodePosition]
    routes: dict[Edge, tuple[int, ...]]
    """The row of the edge in each layer, from left to right."""
    turned: frozenset[Edge]
    """Reversed edges: they close a cycle and run from right to left."""
    order: tuple[str, ...]
    """The nodes by layer and row; an argument for the layout of the changed graph."""


def layout(nodes: Sequence[str], edges: Iterable[Edge], before: Sequence[str] = ()) -> Layout:
    """Each node once. An edge to itself or to an unknown node is ignored."""
    ranks = {node: rank for rank, node in enumerate(dict.fromkeys(before))}
    names = sorted(dict.fromkeys(nodes), key=lambda node: ranks.get(node, len(ranks)))
    known = sum(name in ranks for name in names)
    numbers = {name: number for number, name in enumerate(names)}
    pairs = list(
        dict.fromkeys(
            (numbers[source], numbers[target])
            for source, target in edges
            if source != target and source in numbers and target in numbers
        )
    )
    layers, turned = assign_layers(len(names), pairs)
    ends = [(t, s) if (s, t) in turned else (s, t) for s, t in pairs]
    grid = _Grid(layers, ends)
    grid.sort(known)
    rows = grid.rows()
    routes = {
        (names[pair[0]], names[pair[1]]): tuple(rows[stop] for stop in grid.stops(*end))
        for pair, end in zip(pairs, ends, strict=True)
    }
    return Layout(
        {name: NodePosition(layers[number], rows[number]) for name, number in numbers.items()},
        routes,
        frozenset((names[source], names[target]) for source, target in turned),
        tuple(names[number] for column in grid.columns for number in column if number < len(names)),
    )


class _Grid:
    """The columns of points: nodes, and the points where long edges pass a layer. Points are
    numbers.
    """

    def __init__(self, layers: list[int], ends: list[tuple[int, int]]) -> None:
        self._nodes = len(layers)
        self._layers = list(layers)
        self._passes: list[list[int]] = [[] for _ in layers]
        """For each node, the points that its edges pass, one in each layer to its right."""
        reach = [layer + 1 for layer in layers]
        for left, right in ends:
            reach[left] = max(reach[left], layers[right])
        for node, layer in enumerate(layers):
            for passed in range(layer + 1, reach[node]):
                self._passes[node].append(len(self._layers))
                self._layers.append(passed)
        self._left: list[list[int]] = [[] for _ in self._layers]
        self._right: list[list[int]] = [[] for _ in self._layers]
        for node, passes in enumerate(self._passes):
            for left, right in pairwise([node, *passes]):
                self._link(left, right)
        for left, right in ends:
            self._link(self.stops(left, right)[-2], right)
        self._parts = self._components()
        self.columns: list[list[int]] = [[] for _ in range(max(self._layers, default=-1) + 1)]
        for point, layer in enumerate(self._layers):
            self.columns[layer].append(point)

    def _link(self, left: int, right: int) -> None:
        self._right[left].append(right)
        self._left[right].append(left)

    def stops(self, left: int, right: int) -> list[int]:
        """The points of an edge, from end to end."""
        passed = self._layers[right] - self._layers[left] - 1
        return [left, *self._passes[left][:passed], right]

    def _components(self) -> list[int]:
        """For each point, the first node of its connected component."""
        parts = [-1] * len(self._layers)
        for start in range(self._nodes):
            component = [start] if parts[start] < 0 else []
            while component:
                point = component.pop()
                if parts[point] < 0:
                    parts[point] = start
                    component += self._left[point] + self._right[point]
        return parts

    def sort(self, known: int) -> None:
        """Reduce crossings with sweeps that move points next to their neighbours.

        The first `known` nodes keep their order; only new nodes are moved among them.
        """
        for column in self.columns:
            _reorder(column, self._parts.__getitem__, known)
        best, fewest = [list(column) for column in self.columns], self._crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            to_right = sweep % 2 == 0
            beside = self._left if to_right else self._right
            columns = self.columns if to_right else self.columns[::-1]
            for fixed, column in pairwise(columns):
                _settle(column, fixed, beside, self._parts, known)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(column) for column in self.columns], crossings
        self.columns = best

    def _crossings(self) -> int:
        crossings = 0
        for column, other in pairwise(self.columns):
            spots = {point: spot for spot, point in enumerate(other)}
            seen: list[int] = []
            for point in column:
                rights = [spots[right] for right in self._right[point]]
                crossings += sum(len(seen) - bisect(seen, right) for right in rights)
                for right in rights:
                    insort(seen, right)
        return crossings

    def rows(self) -> list[int]:
        """The row of each point: near its neighbours' rows, so that lines are straight."""
        rows = [0.0] * len(self._layers)
        for column in self.columns:
            self._stack(column, [0.0] * len(column), rows)
        for beside, columns in (
            (self._left, self.columns),
            (self._right, self.columns[::-1]),
            (self._left, self.columns),
        ):
            for column in columns:
                targets = [
                    _middle([rows[neighbour] for neighbour in beside[p]], rows[p]) for p in column
                ]
                self._stack(column, targets, rows)
        top = min(rows, default=0.0)
        return [int(row - top) + 1 for row in rows]

    def _stack(self, column: list[int], targets: list[float], rows: list[float]) -> None:
        """The rows nearest to the targets that keep the order; points with overlapping targets
        share the error.
        """
        offsets, offset, last = [], 0.0, 0.0
        for point in column:
            half = _HALF_NODE if point < self._nodes else _HALF_LINE
            offset += last + half
            offsets.append(offset)
            last = half
        blocks: list[tuple[float, int]] = []
        for target, shift in zip(targets, offsets, strict=True):
            total, count = target - shift, 1
            while blocks and blocks[-1][0] * count >= total * blocks[-1][1]:
                total, count = total + blocks[-1][0], count + blocks[-1][1]
                blocks.pop()
            blocks.append((total, count))
        spots = iter(zip(column, offsets, strict=True))
        for total, count in blocks:
            start = total // count
            for _ in range(count):
                point, shift = next(spots)
                rows[point] = start + shift


def _settle(
    column: list[int], fixed: list[int], beside: list[list[int]], parts: list[int], known: int
) -> None:
    """Sort one column by its neighbours in the next one; equal points keep their order."""
    spots = {point: spot for spot, point in enumerate(fixed)}
    share = len(fixed) / max(1, len(column))
    targets = {
        point: (
            parts[point],
            _mean([spots[neighbour] for neighbour in beside[point]], spot * share),
        )
        for spot, point in enumerate(column)
    }
    _reorder(column, targets.__getitem__, known)


def _reorder(column: list[int], sort_key: Callable[[int], Any], known: int) -> None:
    old = iter([point for point in column if point < known])
    column.sort(key=sort_key)
    column[:] = [next(old) if point < known else point for point in column]


def _mean(values: list[int], default: float) -> float:
    return sum(values) / len(values) if values else default


def _middle(values: list[float], default: float) -> float:
    return sorted(values)[(len(values) - 1) // 2] if values else default
