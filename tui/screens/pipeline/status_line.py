"""The first line of the pipeline: how the queue, the reading and the files stand."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual.content import Content
from textual.widget import Widget

from ingest.db.query_reader import QueryReader, Row
from ingest.text.bars import sparkline
from ingest.text.units import duration, size
from tui import content

STRETCH = timedelta(hours=1)
_DRAWN = 16
_GAP = 2
_EXACTLY = 60
"""Seconds below which each is counted."""


class PipelineStatus(Widget):
    """Shows as many of its parts as there is room for, the first ones first."""

    DEFAULT_CSS = "PipelineStatus { height: 1; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._parts: Sequence[Content] = ()
        self._sweep: Content | None = None

    def say(self, parts: Sequence[Content]) -> None:
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def say_sweep(self, seconds: float | None) -> None:
        """Say in how long everything is looked at anew."""
        said = None
        if seconds is not None:
            left = f"{seconds:.0f} s" if seconds < _EXACTLY else duration(seconds)
            said = content.line(f"next sweep {left}", "dim")
        if said != self._sweep:
            self._sweep = said
            self.refresh()

    def render(self) -> Content:
        room, shown = self.content_size.width, []
        for part in (*self._parts, *([self._sweep] if self._sweep else [])):
            room -= part.cell_length + _GAP
            if room + _GAP < 0:
                break
            shown.append(part)
        return Content(" " * _GAP).join(shown)


def standing(reading: QueryReader, now: datetime) -> list[Content]:
    sources, queue, pauses, samples = reading.run_consistent(
        [
            ("status.sources", {}),
            ("status.queue", {"now": now.isoformat()}),
            ("status.pauses", {}),
            ("pipeline.samples", {"since": (now - STRETCH).isoformat()}),
        ]
    )
    read = sources[0]
    states = {row["state"]: int(row["batches"]) for row in queue}
    troubles = [
        content.line(f"{read[name]:,} {name}", tone)
        for name, tone in (("damaged", "red"), ("unreadable", "red"), ("missing", "yellow"))
        if read[name]
    ]
    return [
        content.row(content.line("Queue", "dim"), *_queue(states, pauses), gap=" "),
        content.row(
            content.line("Sources", "dim"), *troubles, f"{read['following']:,} following", gap=" "
        ),
        *_reading(int(read["behind"]), samples),
    ]


def _queue(states: dict[str, int], pauses: list[Row]) -> list[Content | str]:
    if pauses:
        return [content.line(f"‖ {pauses[0]['message']}", "yellow")]
    parts: list[Content | str] = [
        content.state(state, states[state])
        for state in ("dead", "failed", "claimed", "pending", "snoozed")
        if states.get(state)
    ]
    return ["running", *parts]


def _reading(behind: int, samples: list[Row]) -> list[Content]:
    """What is still to be read, how fast it went last, and the course of it over an hour."""
    newest = samples[-1] if samples else None
    rate = newest["bytes_new"] / newest["seconds"] if newest and newest["seconds"] else 0.0
    found = [content.line(f"behind {size(behind)}", "yellow" if behind else "")]
    if samples:
        found.append(
            content.line(sparkline([row["behind_bytes"] for row in samples][-_DRAWN:]), "cyan")
        )
    if rate:
        found.append(content.line(f"{size(int(rate))}/s"))
    return found
