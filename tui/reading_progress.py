"""How far the first reading of a large home is: a bar, what is read, the rate and the time left.

Shown above the board while much is unread, so that a person knows what the newest sessions, which
are there already, still miss.
"""

from collections import deque
from typing import Final

from msgspec import Struct
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import ProgressBar, Static

from ingest.text.numbers import size
from ingest.text.times import duration
from tui import content

SHOWN_FROM: Final = 8 * 1024**2
"""Unread bytes from which on it is shown. Once shown, it stays until everything is read."""
_SPAN: Final = 10.0
"""Seconds over which the rate is measured."""


class Reading(Struct, frozen=True):
    total: int
    behind: int
    rate: float | None
    """Bytes a second, once it is known."""

    @property
    def text(self) -> str:
        parts = [f"Reading {size(self.total - self.behind)} of {size(self.total)}"]
        if self.rate:
            parts.append(f"{size(int(self.rate))}/s")
            parts.append(f"{duration(max(1, int(self.behind / self.rate)))} left")
        return " · ".join(parts)


class ReadingRate:
    """Measures the rate from what is left at different times."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def update(self, total: int, behind: int, seconds: float) -> Reading:
        """`seconds`: the time of this measurement."""
        samples = self._samples
        if samples and behind > samples[-1][1]:
            samples.clear()  # More files were found.
        samples.append((seconds, behind))
        while len(samples) > 2 and seconds - samples[1][0] >= _SPAN:
            samples.popleft()
        passed, done = seconds - samples[0][0], samples[0][1] - behind
        return Reading(total, behind, done / passed if passed > 0 and done > 0 else None)


class ReadingProgress(Horizontal):
    DEFAULT_CSS = """
    ReadingProgress {
        display: none; height: 1; padding: 0 1;
        & > ProgressBar { width: auto; margin-right: 2; }
        & > Static { width: 1fr; color: $foreground-muted; text-wrap: nowrap; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rate = ReadingRate()
        # With a total from the start: a bar without one is animated, even while it is hidden.
        self._bar = ProgressBar(total=1, show_eta=False)
        self._text = Static()

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._text

    def show_state(self, total: int, behind: int, seconds: float) -> None:
        reading = self._rate.update(total, behind, seconds)
        self.display = behind >= SHOWN_FROM or (bool(self.display) and behind > 0)
        if self.display:
            self._bar.update(total=total, progress=total - behind)
            self._text.update(content.line(reading.text))
