"""The first line of the pipeline: how the files, the queue and the reading stand."""

from datetime import datetime, timedelta

from textual.content import Content
from textual.widgets import Static

from ingest.store.face import Reading, Row
from ingest.wording.bars import course
from ingest.wording.words import size
from tui import safe

STRETCH = timedelta(hours=1)
_DRAWN = 16


class Standing(Static):
    DEFAULT_CSS = "Standing { height: 1; padding: 0 1; }"


def standing(reading: Reading, now: datetime) -> Content:
    sources, queue, pauses, samples = reading.ask(
        [
            ("status.sources", {}),
            ("status.queue", {"now": now.isoformat()}),
            ("status.pauses", {}),
            ("pipeline.samples", {"since": (now - STRETCH).isoformat()}),
        ]
    )
    read = sources[0]
    parts = [safe.line(f"{read['following']:,} following")]
    parts += [
        safe.line(f"{read[name]:,} {name}", tone)
        for name, tone in (
            ("archived", "dim"),
            ("damaged", "red"),
            ("unreadable", "red"),
            ("missing", "yellow"),
        )
        if read[name]
    ]
    states = {row["state"]: int(row["batches"]) for row in queue}
    return safe.row(
        safe.line("Sources", "dim"),
        Content(" · ").join(parts),
        safe.line("Queue", "dim"),
        _queue(states, pauses),
        _reading(int(read["behind"]), samples),
        gap="  ",
    )


def _queue(states: dict[str, int], pauses: list[Row]) -> Content:
    if pauses:
        return safe.line(f"‖ paused: {pauses[0]['message']}", "yellow")
    parts = [
        safe.state(state, states[state])
        for state in ("claimed", "pending", "failed", "dead", "snoozed")
        if states.get(state)
    ]
    return safe.row("running", *parts)


def _reading(behind: int, samples: list[Row]) -> Content:
    """What is still to be read, its course over the last hour, and how fast it went last."""
    newest = samples[-1] if samples else None
    rate = newest["bytes_new"] / newest["seconds"] if newest and newest["seconds"] else 0.0
    return safe.row(
        safe.line(f"behind {size(behind)}", "yellow" if behind else ""),
        safe.line(course([row["behind_bytes"] for row in samples][-_DRAWN:]), "cyan"),
        f"{size(int(rate))}/s" if rate else None,
    )
