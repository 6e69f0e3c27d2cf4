"""Detects dependency cycles between tasks. Pure."""

from collections import defaultdict, deque
from collections.abc import Iterable

from ingest.projects.tasks.model import Edge


def shortest_path(edges: Iterable[Edge], start: str, end: str) -> list[str] | None:
    """The shortest path along the edges from `start` to `end`; None if there is none."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        after[edge.source].append(edge.target)
    predecessor: dict[str, str | None] = {start: None}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if node == end:
            path = [node]
            while (before := predecessor[path[-1]]) is not None:
                path.append(before)
            return path[::-1]
        for successor in after[node]:
            if successor not in predecessor:
                predecessor[successor] = node
                queue.append(successor)
    return None


def without_cycles(hard: list[Edge], soft: list[Edge]) -> list[Edge]:
    """The soft edges that close no cycle with the hard ones, which are acyclic themselves."""
    if not hard or not _has_cycle([*hard, *soft]):
        return soft
    remaining: list[Edge] = []
    for edge in soft:
        if shortest_path([*hard, *remaining], edge.target, edge.source) is None:
            remaining.append(edge)
    return remaining


def _has_cycle(edges: list[Edge]) -> bool:
    # Kahn's algorithm: whatever is left after removing nodes without predecessors is a cycle.
    after: defaultdict[str, list[str]] = defaultdict(list)
    before: defaultdict[str, int] = defaultdict(int)
    for edge in edges:
        after[edge.source].append(edge.target)
        before[edge.target] += 1
    free = [node for node in after if not before[node]]
    while free:
        for successor in after[free.pop()]:
            before[successor] -= 1
            if not before[successor]:
                free.append(successor)
    return any(before.values())
