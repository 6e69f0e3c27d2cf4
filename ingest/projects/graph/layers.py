"""Assigns the nodes of a graph to layers, so that edges go to the right. Pure, in linear time.

A node is one layer right of its last predecessor; a node without predecessors is one layer left of
its first successor. A cycle is broken at the edge that closes it, found in the given order of the
nodes: the same nodes and edges always give the same layers.
"""

from collections.abc import Sequence

Edge = tuple[int, int]


def assign_layers(count: int, edges: Sequence[Edge]) -> tuple[list[int], set[Edge]]:
    """The layer of each node, and the reversed edges."""
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        after[source].append(target)
    finished, turned = _walk(after)
    for source, target in turned:
        after[source].remove(target)
        after[target].append(source)
    layers = [0] * count
    led_to = [False] * count
    for node in reversed(finished):
        for follower in after[node]:
            layers[follower] = max(layers[follower], layers[node] + 1)
            led_to[follower] = True
    for node in range(count):
        if after[node] and not led_to[node]:
            layers[node] = min(layers[follower] for follower in after[node]) - 1
    return layers, turned


def _walk(after: list[list[int]]) -> tuple[list[int], set[Edge]]:
    """The nodes in reverse topological order, and the edges that close a cycle."""
    finished: list[int] = []
    back: set[Edge] = set()
    begun, open_ = [False] * len(after), [False] * len(after)
    for start in range(len(after)):
        if begun[start]:
            continue
        begun[start] = open_[start] = True
        stack = [(start, iter(after[start]))]
        while stack:
            node, followers = stack[-1]
            for follower in followers:
                if not begun[follower]:
                    begun[follower] = open_[follower] = True
                    stack.append((follower, iter(after[follower])))
                    break
                if open_[follower]:
                    back.add((node, follower))
            else:
                open_[node] = False
                finished.append(node)
                stack.pop()
    return finished, back
