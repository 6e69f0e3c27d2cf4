"""The line above everything: where we are, what runs, how far everything is read.

Each part leads to the screen that explains it. It gets shorter in steps and never wraps.
"""

from datetime import datetime
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.widget import Widget

from ingest.text.units import duration, pluralize, size
from tui import content
from tui.summary import Summary

_FRESH_STEP = 10.0
"""Seconds; below, one says them one by one."""


class Chip(NamedTuple):
    texts: tuple[Content, ...]
    """The longest first; an empty one leaves it out."""
    leads: str
    """The command that explains it."""


def fresh(fresh_at: datetime | None, now: datetime) -> str:
    """How old the newest fact is, in steps: an idle screen need not be drawn each second."""
    if fresh_at is None:
        return "nothing read"
    seconds = max(0.0, (now - fresh_at).total_seconds())
    stepped = int(seconds) if seconds < _FRESH_STEP else int(seconds // 10 * 10)
    if seconds >= 60:
        stepped = int(seconds // 60 * 60)
    return (
        f"fresh {int(stepped)} s" if stepped < 60 else f"fresh {duration(stepped).split(' 0 ')[0]}"
    )


def chips(
    summary: Summary, place: str, note: Content | None, now: datetime, clock: str
) -> list[Chip]:
    """What the header says; pure, so that it is tested with values."""
    nothing = Content("")
    behind = f"behind {size(summary.behind)}"
    name = content.line("tailboard", "title")
    found = [
        Chip((content.row(name, place), name, content.line("tb", "title")), "board"),
    ]
    for word, count in (
        ("running", summary.running), ("waiting", summary.waiting), ("stalled", summary.stalled),
        ("failed", summary.failed),
    ):  # fmt: skip
        if count or word == "running":
            short = content.row(content.glyph(word), f"{count}", gap=" ")
            found.append(
                Chip((content.row(content.glyph(word), f"{count} {word}", gap=" "), short), "board")
            )
    if note is not None:
        found.append(Chip((note,), "pipeline"))
    tone = "yellow" if summary.behind else "dim"
    found.append(
        Chip(
            (
                content.line(f"│ {behind} · {fresh(summary.fresh_at, now)}", tone),
                content.line(behind, tone),
                nothing if not summary.behind else content.line(size(summary.behind), tone),
            ),
            "pipeline",
        )
    )
    if summary.paused:
        found.append(
            Chip(
                (content.line("‖ queue paused", "yellow"), content.line("‖", "yellow")), "pipeline"
            )
        )
    failed = summary.failed_batches + summary.dead_batches
    if failed:
        found.append(
            Chip(
                (content.line(f"✗ {failed} failed batch{'es' if failed > 1 else ''}", "red"),
                 content.line(f"✗ {pluralize(failed, 'batch')}", "red")),
                "pipeline",
            )
        )  # fmt: skip
    if summary.troubled:
        found.append(
            Chip((content.line(f"✗ {summary.troubled} unreadable", "red"), nothing), "pipeline")
        )
    found.append(Chip((content.line(clock, "dim"), nothing), "insights"))
    return found


def shortened(found: list[Chip], columns: int) -> list[tuple[Content, str]]:
    """The chips as long as there is room for: first the place gets shorter, then from the right.

    The clock, which is last, goes last.
    """
    at = [0] * len(found)
    order = [0, *range(len(found) - 2, 0, -1), len(found) - 1]
    steps = max(len(chip.texts) for chip in found)
    for step in range(1, steps):
        for i in order:
            if _width(found, at) <= columns:
                break
            at[i] = min(step, len(found[i].texts) - 1)
    return [(text, chip.leads) for text, chip in _texts(found, at)]


def _texts(found: list[Chip], at: list[int]) -> list[tuple[Content, Chip]]:
    shown = [(chip.texts[step], chip) for chip, step in zip(found, at, strict=True)]
    return [(text, chip) for text, chip in shown if text.plain]


def _width(found: list[Chip], at: list[int]) -> int:
    return sum(text.cell_length + 2 for text, _ in _texts(found, at))


class Header(Widget):
    DEFAULT_CSS = "Header { height: 1; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[Content, str]] = []
        self._said: list[Chip] = []

    def say(self, said: list[Chip]) -> None:
        if said != self._said:
            self._said = said
            self.refresh()

    def render(self) -> Content:
        self._shown = shortened(self._said, self.size.width) if self._said else []
        return Content(" ") + Content("  ").join(text for text, _ in self._shown)

    def on_click(self, event: events.Click) -> None:
        at = 1
        for text, leads in self._shown:
            if at <= event.x < at + text.cell_length:
                self.app.call_later(self.app.run_action, leads)
                return
            at += text.cell_length + 2
