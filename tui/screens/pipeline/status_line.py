"""The first line of the pipeline screen: queue, files and throughput."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual.content import Content
from textual.widget import Widget

from ingest.db.query_reader import QueryReader, Row
from ingest.text.numbers import size, sparkline
from ingest.text.times import duration
from tui import content

SAMPLED_TIME = timedelta(hours=1)
_SPARKLINE_WIDTH = 16
_GAP = 2
_EXACT_SECONDS = 60
"""Times below are shown to the second."""


class PipelineStatus(Widget):
    """Shows as many of its parts as fit, from the first on."""

    DEFAULT_CSS = "PipelineStatus { height: 1; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._parts: Sequence[Content] = ()
        self._sweep: Content | None = None

    def set_parts(self, parts: Sequence[Content]) -> None:
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def set_next_sweep(self, seconds: float | None) -> None:
        """Show the time until all files are checked again."""
        text = None
        if seconds is not None:
            left = f"{seconds:.0f} s" if seconds < _EXACT_SECONDS else duration(seconds)
            text = content.line(f"next sweep in {left}", "dim")
        if text != self._sweep:
            self._sweep = text
            self.refresh()

    def render(self) -> Content:
        available, shown = self.content_size.width, []
        for part in (*self._parts, *([self._sweep] if self._sweep else [])):
            available -= part.cell_length + _GAP
            if available + _GAP < 0:
                break
            shown.append(part)
        return Content(" " * _GAP).join(shown)


def pipeline_status(reader: QueryReader, now: datetime) -> list[Content]:
    sources, queue, pauses, samples = reader.run_consistent(
        [
            ("status.sources", {}),
            ("status.queue", {"now": now.isoformat()}),
            ("status.pauses", {}),
            ("pipeline.samples", {"since": (now - SAMPLED_TIME).isoformat()}),
        ]
    )
    totals = sources[0]
    states = {row["state"]: int(row["batches"]) for row in queue}
    problems = [
        content.line(f"{totals[name]:,} {name}", tone)
        for name, tone in (("damaged", "red"), ("unreadable", "red"), ("missing", "yellow"))
        if totals[name]
    ]
    return [
        content.row(content.line("Queue", "dim"), *_queue(states, pauses), gap=" "),
        content.row(
            content.line("Sources", "dim"), *problems, f"{totals['following']:,} following", gap=" "
        ),
        *_throughput(int(totals["behind"]), samples),
    ]


def _queue(states: dict[str, int], pauses: list[Row]) -> list[Content | str]:
    if pauses:
        return [content.line(f"‖ {pauses[0]['message']}", "yellow")]
    parts: list[Content | str] = [
        content.batch_state(state, states[state])
        for state in ("dead", "failed", "claimed", "pending", "snoozed")
        if states.get(state)
    ]
    return ["running", *parts]


def _throughput(behind: int, samples: list[Row]) -> list[Content]:
    """The unread bytes now and over the last hour, and the current read rate."""
    newest = samples[-1] if samples else None
    rate = newest["bytes_new"] / newest["seconds"] if newest and newest["seconds"] else 0.0
    parts = [content.line(f"behind {size(behind)}", "yellow" if behind else "")]
    if samples:
        parts.append(
            content.line(
                sparkline([row["behind_bytes"] for row in samples][-_SPARKLINE_WIDTH:]), "cyan"
            )
        )
    if rate:
        parts.append(content.line(f"{size(int(rate))}/s"))
    return parts
