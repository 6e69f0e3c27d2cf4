"""What a session did when, as spans of time in a few lanes: turns, commands, edits, other tools,
sub-agents, and waiting for the user.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.codex.facts import CallKind
from ingest.db.query_reader import NamedQueries, Row
from ingest.sessions.session import ID_CHARS

TURNS: Final = "turns"
YOU: Final = "you"
_CALL_LANES: Final[dict[str, str]] = {
    CallKind.COMMAND: "commands",
    CallKind.PATCH: "edits",
    CallKind.QUESTION: YOU,
}
_AGENT_LANES: Final = 4
"""At most; the last one has all other sub-agents."""


class Span(Struct, frozen=True):
    start: datetime
    end: datetime
    state: str


class Lane(Struct, frozen=True):
    name: str
    spans: list[Span]
    """In the order of their starts; those of one lane may overlap."""


def load_lanes(rows: NamedQueries, home: str, session: str, now: datetime) -> list[Lane]:
    return lanes_of(rows.rows("timeline.spans", home=home, session=session), now)


def lanes_of(rows: Iterable[Row], now: datetime) -> list[Lane]:
    """The lanes that have a span, in the order in which they are drawn; what has not ended lasts
    until `now`."""
    found: dict[str, list[Span]] = {name: [] for name in (TURNS, "commands", "edits", "tools")}
    agents: dict[str, list[Span]] = {}
    waits: list[Span] = []
    for row in rows:
        state = row["state"] or ""
        open_ = row["finish"] is None or state in ("open", "running")
        span = Span(row["start"], max(row["start"], now if open_ else row["finish"]), state)
        match row["what"]:
            case "turn":
                found[TURNS].append(span)
            case "agent":
                agents.setdefault(_short(row["name"]), []).append(span)
            case _:
                lane = _CALL_LANES.get(row["kind"], "tools")
                if lane == YOU:
                    waits.append(replace(span, state="waiting"))
                elif row["kind"] != CallKind.AGENT:
                    found[lane].append(span)
    waits += [
        Span(before.end, after.start, "waiting")
        for before, after in pairwise(found[TURNS])
        if after.start > before.end
    ]
    lanes = [*found.items(), *_agent_lanes(agents), (YOU, sorted(waits, key=lambda s: s.start))]
    return [Lane(name, spans) for name, spans in lanes if spans]


def _short(name: str) -> str:
    return name.rpartition("/")[2][: max(ID_CHARS, 12)]


def _agent_lanes(agents: dict[str, list[Span]]) -> list[tuple[str, list[Span]]]:
    lanes = list(agents.items())
    if len(lanes) <= _AGENT_LANES:
        return lanes
    rest = sorted(
        (span for _, spans in lanes[_AGENT_LANES - 1 :] for span in spans),
        key=lambda span: span.start,
    )
    more = len(lanes) - _AGENT_LANES + 1
    return [*lanes[: _AGENT_LANES - 1], (f"{more} agents", rest)]


class Segment(Struct, frozen=True):
    """A piece of time without a long gap, and where it is drawn."""

    start: datetime
    end: datetime
    x: int
    width: int

    def column(self, moment: datetime) -> int:
        length = (self.end - self.start).total_seconds()
        share = (moment - self.start).total_seconds() / length if length else 0.0
        return self.x + min(self.width - 1, max(0, int(share * self.width)))


GAP: Final = 3
"""Columns of a folded gap."""
_MIN_GAP: Final = 60.0
"""Seconds without activity that are folded, at least."""


class Scale(Struct, frozen=True):
    """Maps times to columns. Long gaps, in which only the user was waited for, are folded."""

    segments: list[Segment]

    def column(self, moment: datetime) -> int:
        """The column of this time; in a gap, the one before it."""
        before = None
        for segment in self.segments:
            if moment < segment.start:
                return segment.x if before is None else before.x + before.width
            if moment <= segment.end:
                return segment.column(moment)
            before = segment
        return before.x + before.width - 1 if before else 0

    def moment(self, column: int) -> datetime | None:
        """The time at the middle of a column; None for a gap."""
        for segment in self.segments:
            if segment.x <= column < segment.x + segment.width:
                share = (column - segment.x + 0.5) / segment.width
                return segment.start + (segment.end - segment.start) * share
        return None


def scale(lanes: Sequence[Lane], width: int) -> Scale:
    """Fits the activity of the lanes into `width` columns."""
    busy: list[list[datetime]] = []
    spans = (span for lane in lanes if lane.name != YOU for span in lane.spans)
    for span in sorted(spans, key=lambda each: each.start):
        if busy and span.start <= busy[-1][1]:
            busy[-1][1] = max(busy[-1][1], span.end)
        else:
            busy.append([span.start, span.end])
    if not busy or width <= 0:
        return Scale([])
    total = sum((end - start).total_seconds() for start, end in busy)
    gaps = [(after[0] - before[1]).total_seconds() for before, after in pairwise(busy)]
    long = [i for i, gap in enumerate(gaps) if gap >= max(_MIN_GAP, total / 20)]
    # So many that they take at most a third of the width.
    folded = set(sorted(long, key=lambda i: gaps[i])[-max(1, width // 3 // GAP) :])
    pieces = [busy[0]]
    for i, (start, end) in enumerate(busy[1:]):
        if i in folded:
            pieces.append([start, end])
        else:
            pieces[-1][1] = max(pieces[-1][1], end)
    return Scale(_placed(pieces, width))


def _placed(pieces: list[list[datetime]], width: int) -> list[Segment]:
    available = max(len(pieces), width - GAP * (len(pieces) - 1))
    seconds = [max(0.001, (end - start).total_seconds()) for start, end in pieces]
    left, rest = available - len(pieces), sum(seconds)
    x, segments = 0, []
    for (start, end), length in zip(pieces, seconds, strict=True):
        extra = round(left * length / rest) if rest > 0 else 0
        segments.append(Segment(start, end, x, 1 + extra))
        x += 1 + extra + GAP
        left, rest = left - extra, rest - length
    return segments
