"""Routes the edges between two neighbouring layers: each turns in a track (a column) of its own.

A wire leaves a row on the left and ends in rows on the right. Two wires share part of a row only
from where they meet to a common end, so that each can be followed by eye. Pure.
"""

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

from msgspec import Struct


class EdgeRoute(Struct):
    start: int
    ends: frozenset[int]
    track: int = 0
    """The track it turns in, counted from the left; wires in different rows can share one."""
    detour: "EdgeRoute | None" = None
    """The rest of the way to its only end, if it had to leave its row to another wire."""

    @property
    def straight(self) -> bool:
        return self.ends == {self.start}

    def bends(self, end: int) -> Iterator[tuple[int, int]]:
        """One turn on the way to a row on the right: the track, and the row after it."""
        if self.detour:
            yield self.track, self.detour.start
            yield from self.detour.bends(end)
        elif end != self.start:
            yield self.track, end


def route_edges(ends: Mapping[int, frozenset[int]]) -> tuple[dict[int, EdgeRoute], int]:
    """The wires by the row they leave, and the number of tracks.

    A wire turns to the right of those that leave from a row in which it ends. If this is circular,
    one of them takes a detour through a free row. Of the others, those that go down are placed
    lowest first and those that go up highest first, so that few cross.
    """
    wires = {start: EdgeRoute(start, ends[start]) for start in sorted(ends)}
    turning = [wire for wire in wires.values() if not wire.straight]
    turning.sort(key=lambda wire: -wire.start if max(wire.ends) > wire.start else wire.start)
    waiting = {number: _starts(wires, wire) for number, wire in enumerate(turning)}
    ready = [number for number, rows in waiting.items() if not rows]
    heapify(ready)
    tracks: list[list[EdgeRoute]] = []
    taken = set(ends).union(*ends.values())
    while waiting:
        number = heappop(ready) if ready else min(waiting)
        wire, blocked = turning[number], waiting.pop(number)
        if blocked:
            lane = _free(wire.start, taken)
            taken.add(lane)
            wire.detour = EdgeRoute(lane, wire.ends)
            wire.ends = frozenset({lane})
            waiting[len(turning)] = blocked
            turning.append(wire.detour)
        _place(wire, tracks)
        for other, rows in waiting.items():
            if wire.start in rows:
                rows.remove(wire.start)
                if not rows:
                    heappush(ready, other)
    return wires, len(tracks)


def _starts(wires: dict[int, EdgeRoute], wire: EdgeRoute) -> set[int]:
    """The rows in which it ends; wires that leave from these rows turn first."""
    rows = wire.ends - {wire.start}
    return {row for row in rows if row in wires and not wires[row].straight}


def _place(wire: EdgeRoute, tracks: list[list[EdgeRoute]]) -> None:
    """Place the wire in the first track without a conflict, right of all wires that must be left
    of it.
    """
    first = 0
    for number, others in enumerate(tracks):
        if any(route.start in wire.ends or route.detour is wire for route in others):
            first = number + 1
    while first < len(tracks) and any(_meet(wire, other) for other in tracks[first]):
        first += 1
    if first == len(tracks):
        tracks.append([])
    tracks[first].append(wire)
    wire.track = first


def _meet(first: EdgeRoute, second: EdgeRoute) -> bool:
    return min(first.start, *first.ends) <= max(second.start, *second.ends) and min(
        second.start, *second.ends
    ) <= max(first.start, *first.ends)


def _free(row: int, taken: set[int]) -> int:
    """The nearest row in which no wire starts or ends."""
    lanes = (row + step * side for step in range(1, len(taken) + 2) for side in (1, -1))
    return next(lane for lane in lanes if lane >= 0 and lane not in taken)
