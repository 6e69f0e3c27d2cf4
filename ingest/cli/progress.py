"""How far a backlog is read, on one line that is written over: bytes, rate and time left."""

from collections.abc import Callable
from typing import TextIO

from ingest.wording.words import size, span

_BAR = 24
_EVERY = 0.1


class Progress:
    """Told the bytes done so far; draws at most ten times a second."""

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
    left = f", {span((total - done) / rate)} left" if rate and done < total else ""
    return f"{bar} {share:4.0%}  {size(done)} of {size(total)}, {size(int(rate))}/s{left}"
