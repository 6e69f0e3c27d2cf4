"""The first line of a screen: the Codex home, the states of sessions, and what is left to read.

A click on a part opens the screen that explains it. Parts are shortened step by step to fit, and
the line never wraps.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.widget import Widget

from ingest.sessions.limits import Limit
from ingest.text.numbers import pluralize, size
from ingest.text.times import clock_time, duration
from tui import content
from tui.summary import Summary

_EXACT_SECONDS = 10.0
"""Ages below are shown to the second, older ones in steps."""


class Chip(NamedTuple):
    texts: tuple[Content, ...]
    """From the longest to the shortest; an empty one hides the part."""
    command: str
    """Opens the screen that explains it."""


def last_line_age(last_line_at: datetime | None, now: datetime) -> str:
    """The age of the newest line, rounded so that an idle screen is not drawn every second."""
    if last_line_at is None:
        return "nothing read yet"
    seconds = max(0.0, (now - last_line_at).total_seconds())
    step = 1 if seconds < _EXACT_SECONDS else 10 if seconds < 60 else 60
    rounded = int(seconds // step * step)
    age = f"{rounded} s" if rounded < 60 else duration(rounded).split(" 0 ")[0]
    return f"last line {age} ago"


def chips(
    summary: Summary,
    home: str,
    note: Content | None,
    now: datetime,
    clock: str,
    scope: str = "",
) -> list[Chip]:
    """The parts of the header; `scope` is what the screens are limited to. Pure."""
    hidden = Content("")
    behind = f"behind {size(summary.behind)}"
    name = content.line("tailboard", "title")
    parts = [
        Chip((content.row(name, home), name, content.line("tb", "title")), "board"),
    ]
    if scope:
        parts.append(Chip((content.line(scope, "cyan"),), "scope"))
    for word, count in (
        ("running", summary.running), ("waiting", summary.waiting), ("stalled", summary.stalled),
        ("failed", summary.failed),
    ):  # fmt: skip
        if count or word == "running":
            short = content.row(content.glyph(word), f"{count}", gap=" ")
            texts = [content.row(content.glyph(word), f"{count} {word}", gap=" "), short]
            if word == "waiting" and summary.all_wait_for_approval:
                text = f"{count} waiting for approval"
                texts.insert(0, content.row(content.glyph(word), text, gap=" "))
            parts.append(Chip(tuple(texts), "board"))
    if note is not None:
        parts.append(Chip((note,), "pipeline"))
    tone = "yellow" if summary.behind else "dim"
    parts.append(
        Chip(
            (
                content.line(f"│ {behind} · {last_line_age(summary.last_line_at, now)}", tone),
                content.line(behind, tone),
                hidden if not summary.behind else content.line(size(summary.behind), tone),
            ),
            "pipeline",
        )
    )
    if summary.search:
        parts.append(Chip((content.line(summary.search, "yellow"), hidden), "search"))
    if summary.paused:
        parts.append(
            Chip(
                (content.line("‖ queue paused", "yellow"), content.line("‖", "yellow")), "pipeline"
            )
        )
    failed = summary.failed_batches + summary.dead_batches
    if failed:
        parts.append(Chip((content.line(f"✗ {pluralize(failed, 'batch')}", "red"),), "pipeline"))
    if summary.unreadable:
        parts.append(
            Chip((content.line(f"✗ {summary.unreadable} unreadable", "red"), hidden), "pipeline")
        )
    if summary.limits:
        parts.append(_limits(summary.limits, now))
    parts.append(Chip((content.line(clock, "dim"), hidden), "insights"))
    return parts


def _limits(limits: Sequence[Limit], now: datetime) -> Chip:
    """The account's limits; only the fullest, if it is nearly used up, in little room."""
    fullest = max(limits, key=lambda limit: limit.used_percent)
    listed = content.row(*map(_limit, limits), gap=" · ")
    resets = f", resets {clock_time(fullest.resets_at, now)}" if fullest.resets_at else ""
    return Chip(
        (
            content.block("│ ", "dim") + listed + content.line(resets, "dim"),
            listed,
            _limit(fullest) if fullest.warns else Content(""),
        ),
        "insights",
    )


def _limit(limit: Limit) -> Content:
    tone = "yellow" if limit.warns else "dim"
    return content.line(f"{limit.name} {limit.used_percent:.0f} %", tone)


def shortened(parts: list[Chip], columns: int) -> list[tuple[Content, str]]:
    """The parts, shortened to fit: first the home, then from right to left, the clock at the end.

    Each with the command that explains it.
    """
    levels = [0] * len(parts)
    order = [0, *range(len(parts) - 2, 0, -1), len(parts) - 1]
    for level in range(1, max(len(chip.texts) for chip in parts)):
        for i in order:
            if sum(text.cell_length + 2 for text, _ in _texts(parts, levels)) <= columns:
                break
            levels[i] = min(level, len(parts[i].texts) - 1)
    return _texts(parts, levels)


def _texts(parts: list[Chip], levels: list[int]) -> list[tuple[Content, str]]:
    shown = [(chip.texts[level], chip.command) for chip, level in zip(parts, levels, strict=True)]
    return [(text, command) for text, command in shown if text.plain]


class Header(Widget):
    DEFAULT_CSS = "Header { height: 1; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[int, Content, str]] = []
        """Where each text begins, and the command that explains it."""
        self._chips: list[Chip] = []

    def set_chips(self, chips: list[Chip]) -> None:
        if chips != self._chips:
            self._chips = chips
            self.refresh()

    def render(self) -> Content:
        """The parts from the left, and the clock on the right."""
        texts = shortened(self._chips, self.size.width) if self._chips else []
        self._shown, shown = [], Content("")
        for i, (text, command) in enumerate(texts):
            gap = 1 if i == 0 else 2
            if i == len(texts) - 1 and command == "insights":
                gap = max(gap, self.size.width - shown.cell_length - text.cell_length - 1)
            shown += Content(" " * gap)
            self._shown.append((shown.cell_length, text, command))
            shown += text
        return shown

    def on_click(self, event: events.Click) -> None:
        for start, text, command in self._shown:
            if start <= event.x < start + text.cell_length:
                self.app.call_later(self.app.run_action, command)
                return
