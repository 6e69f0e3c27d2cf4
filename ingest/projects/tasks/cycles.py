"""Whether tasks wait for each other in a ring, and along which path. Pure."""

from collections import defaultdict, deque
from collections.abc import Iterable

from ingest.projects.tasks.model import Edge


def shortest_path(edges: Iterable[Edge], start: str, end: str) -> list[str] | None:
    """The shortest way along the edges from one task to another; None where there is none."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        after[edge.source].append(edge.target)
    came: dict[str, str | None] = {start: None}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        if at == end:
            way = [at]
            while (before := came[way[-1]]) is not None:
                way.append(before)
            return way[::-1]
        for following in after[at]:
            if following not in came:
                came[following] = at
                waiting.append(following)
    return None


def without_cycles(hard: list[Edge], soft: list[Edge]) -> list[Edge]:
    """The soft edges that do not contradict the hard ones, which form no ring among themselves."""
    if not hard or not _in_ring([*hard, *soft]):
        return soft
    kept: list[Edge] = []
    for edge in soft:
        if shortest_path([*hard, *kept], edge.target, edge.source) is None:
            kept.append(edge)
    return kept


def _in_ring(edges: list[Edge]) -> bool:
    """Whether any tasks are left when those that wait for none are taken away, again and again."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    before: defaultdict[str, int] = defaultdict(int)
    for edge in edges:
        after[edge.source].append(edge.target)
        before[edge.target] += 1
    free = [one for one in after if not before[one]]
    while free:
        for following in after[free.pop()]:
            before[following] -= 1
            if not before[following]:
                free.append(following)
    return any(before.values())
