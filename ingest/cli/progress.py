"""Progress on a terminal: one line with bytes, rate and time left, drawn over and over; elsewhere,
a line from time to time.
"""

from collections.abc import Callable
from typing import TextIO

from ingest.cli.output import Output
from ingest.text.numbers import size
from ingest.text.times import duration

_BAR = 24
_EVERY = 0.1
_EVERY_LINE = 2.0
"""Seconds between two lines without a terminal; a short run prints none."""


class Progress:
    """Takes the number of bytes done; draws at most ten times a second."""

    def __init__(
        self, stream: TextIO, total: int, monotonic: Callable[[], float], *, in_ascii: bool
    ) -> None:
        self._stream = stream
        self._total = total
        self._monotonic = monotonic
        self._signs = "#-" if in_ascii else "▰▱"
        self._began = self._drawn_at = monotonic()
        self._width = 0

    def at(self, done: int) -> None:
        now = self._monotonic()
        if now - self._drawn_at >= _EVERY:
            self._drawn_at = now
            self._draw(line(done, self._total, now - self._began, self._signs))

    def clear(self) -> None:
        if self._width:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._width))
        self._stream.flush()
        self._width = len(text)


def line(done: int, total: int, seconds: float, signs: str) -> str:
    share = min(1.0, done / total) if total else 1.0
    filled = int(share * _BAR)
    bar = signs[0] * filled + signs[1] * (_BAR - filled)
    rate = done / seconds if seconds > 0 else 0.0
    left = f", {duration((total - done) / rate)} left" if rate and done < total else ""
    return f"{bar} {share:4.0%}  {size(done)} of {size(total)}, {size(int(rate))}/s{left}"


class Narration:
    """Progress of a long check: a bar on a terminal, elsewhere a line for each further tenth."""

    def __init__(
        self, output: Output, what: str, monotonic: Callable[[], float], *, wanted: bool = True
    ) -> None:
        self._output = output
        self._wanted = wanted and not output.quiet
        self._what = what
        self._monotonic = monotonic
        self._bar: Progress | None = None
        self._said_at = monotonic()
        self._tenths = 0

    def at(self, done: int, total: int) -> None:
        output = self._output
        if not self._wanted or not total:
            return
        if output.err.isatty():
            if self._bar is None:
                self._bar = Progress(output.err, total, self._monotonic, in_ascii=output.ascii)
            self._bar.at(done)
            return
        tenths, now = 10 * done // total, self._monotonic()
        if tenths > self._tenths and now - self._said_at >= _EVERY_LINE:
            self._tenths, self._said_at = tenths, now
            output.note(f"{self._what}: {done / total:.0%}, {size(done)} of {size(total)}")

    def clear(self) -> None:
        if self._bar is not None:
            self._bar.clear()
